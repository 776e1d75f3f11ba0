//! The contract of the store: one set of cases, run on the store in memory and, where
//! `TOLLGATE_TEST_DYNAMODB` names one, on a table in DynamoDB. A case that holds in one of them
//! only is a defect.

mod admission;
mod desk;
mod documents;
mod faults;
mod races;
mod rows;
mod settlement;

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
        nothing_is_had_by_anybody_with_a_good_key,
        asking_for_nothing_leaves_no_counter,
        what_nobody_can_bound_needs_a_key_without_that_limit,
        a_new_window_is_whole_and_the_old_one_stays,
        a_hold_says_what_is_left_of_what,
    }
    settlement {
        what_was_not_used_is_given_back,
        evidence_decides_what_is_given_back,
        a_window_that_has_ended_gets_nothing,
        a_settlement_happens_as_a_whole_or_not_at_all,
        more_than_the_bound_is_a_debt,
        only_stale_counters_are_removed,
        a_settlement_that_is_written_twice_is_given_back_twice,
        a_key_that_has_vanished_is_not_brought_back,
    }
    races {
        of_120_at_once_50_get_in,
        a_tighter_second_limit_costs_the_first_nothing,
        every_hold_of_a_race_can_be_settled,
    }
    documents {
        before_the_first_push_there_is_no_document,
        a_pushed_document_comes_with_its_version,
    }
}
