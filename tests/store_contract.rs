//! The contract of the store: one set of cases, run on the store in memory and, where
//! `TOLLGATE_TEST_DYNAMODB` names one, on a table in DynamoDB. A case that holds in one of them
//! only is a defect.

mod admission;
mod aliases;
pub(crate) mod desk;
mod documents;
mod dynamo_calls;
mod dynamo_memory;
mod faults;
mod health;
mod in_flight;
mod limits;
mod modes;
mod races;
mod relay;
mod rows;
mod settlement;
mod shards;
mod signed;
mod standing;
mod teams;
pub(crate) mod words;

use desk::Desk;

/// Makes two tests of every case: one for each store.
macro_rules! contract {
    ($($cases:ident { $($case:ident,)+ })+) => {
        mod in_memory {
            $($(
                #[tokio::test]
                async fn $case() {
                    super::$cases::$case(super::Desk::in_memory()).await;
                }
            )+)+
        }

        mod in_dynamodb {
            $($(
                #[tokio::test]
                async fn $case() {
                    if let Some(desk) = super::Desk::in_dynamodb().await {
                        super::$cases::$case(desk).await;
                    }
                }
            )+)+
        }
    };
}

contract! {
    admission {
        an_unknown_key_and_a_wrong_secret_are_the_same,
        a_revoked_key_is_refused,
        the_caller_is_what_the_policy_says,
        every_limit_is_taken_from_at_once,
        a_refusal_takes_nothing_from_any_limit,
        the_last_of_a_limit_can_be_had_and_no_more,
        a_refusal_says_which_limit_and_when_it_renews,
        amounts_beyond_all_limits_are_refused,
        what_is_not_limited_is_not_refused,
        a_forbidden_alias_is_said_before_any_limit,
        nothing_is_had_by_anybody_with_a_good_key,
        asking_for_nothing_leaves_no_counter,
        what_nobody_can_bound_needs_a_key_without_that_limit,
        a_new_window_is_whole_and_the_old_one_stays,
        a_hold_says_what_is_left_of_what,
    }
    settlement {
        what_was_not_used_is_given_back,
        evidence_decides_what_is_given_back,
        a_window_that_has_ended_gets_its_own_back,
        a_counter_that_has_vanished_gets_nothing_and_the_others_theirs,
        more_than_the_bound_is_a_debt,
        only_stale_counters_are_removed,
        a_settlement_that_is_written_twice_is_given_back_twice,
        a_key_that_has_vanished_is_not_brought_back,
    }
    limits {
        every_limit_is_taken_from_refuses_and_renews,
        a_key_may_have_every_limit_at_once,
        input_and_output_are_settled_each_for_itself,
    }
    modes {
        a_hard_limit_holds_the_bound,
        an_estimate_holds_what_is_likely_and_goes_into_debt,
        an_estimate_of_nothing_is_counted_at_the_end,
        a_shadow_counts_and_refuses_nothing,
        a_shadow_survives_absurd_amounts,
        modes_can_be_mixed_on_one_key,
        what_nobody_can_bound_is_refused_but_by_a_shadow,
        a_shadow_of_requests_in_flight_refuses_nothing,
    }
    aliases {
        only_the_requests_that_a_limit_is_about_take_from_it,
        overlapping_limits_all_bind,
        days_and_months_begin_where_the_key_lives,
        a_day_is_as_long_as_the_clocks_make_it,
    }
    teams {
        both_fit_or_neither_is_touched,
        a_settlement_gives_back_to_both,
        a_key_without_limits_has_its_teams,
        a_revoked_team_admits_nobody,
        a_team_that_does_not_exist_admits_nobody,
        a_forbidden_alias_costs_the_team_nothing,
    }
    shards {
        all_of_a_limit_can_be_had_and_no_more,
        a_request_must_fit_one_shard,
        a_refusal_shows_the_shard_that_came_closest,
        a_settlement_goes_to_the_shard_that_it_was_taken_from,
        a_key_and_its_team_may_be_spread_differently,
    }
    in_flight {
        so_many_at_once_and_no_more,
        an_expired_lease_is_swept_and_blocks_nobody,
        a_crowd_that_died_is_forgotten,
        a_lease_weakens_no_other_limit,
        a_further_attempt_takes_another_place,
        places_are_spread_over_shards,
    }
    standing {
        every_stage_of_a_request_is_shown,
        what_was_lost_is_held_until_the_window_ends,
        looking_takes_nothing_and_shows_the_policy,
        only_the_holder_of_a_good_key_is_shown_anything,
    }
    races {
        of_120_at_once_50_get_in,
        a_tighter_second_limit_costs_the_first_nothing,
        every_hold_of_a_race_can_be_settled,
        keys_of_a_team_race_for_its_limit,
        a_race_for_places_in_flight,
    }
    documents {
        before_the_first_push_there_is_no_document,
        a_pushed_document_comes_with_its_version,
    }
    health {
        a_target_is_set_aside_for_everybody,
        it_is_only_ever_set_aside_for_longer,
        one_of_all_who_ask_gets_to_probe,
        a_probe_that_succeeds_brings_it_back,
        a_probe_that_fails_extends_it,
        nobody_needs_a_probe_for_what_was_never_set_aside,
    }
}
