//! Faults of the store, of clients and of the platform, and those of providers that are about more
//! than one answer. Tests of their own play them, which the lines name.

/// A line of the README's table, and the tests that show it.
pub(super) struct Elsewhere {
    /// Its numbers in the matrix of faults: S for the store, C for clients, P for the platform, U for
    /// providers.
    pub(super) number: &'static str,
    pub(super) fault: &'static str,
    /// What Tollgate does, what the client sees, and what is charged.
    pub(super) outcome: [&'static str; 3],
    /// Nothing where only AWS could play it.
    pub(super) tests: &'static [&'static str],
}

const NOTHING: &str = "nothing";
const HOLD: &str = "its hold";
const USAGE: &str = "its usage";

pub(super) const PROVIDER: [Elsewhere; 2] = [
    Elsewhere {
        number: "U21",
        fault: "a whole answer without usage, or with one that is early or cannot be",
        outcome: ["passes it on", "the answer", HOLD],
        tests: &["nothing_but_evidence_refunds", "a_usage_of_nothing_is_no_evidence"],
    },
    Elsewhere {
        number: "U23, U24",
        fault: "every target of the plan fails",
        outcome: [
            "has asked each once, 5 at most",
            "the most useful reason, `error.attempts`, the least `retry-after`",
            "the holds of those that may have begun",
        ],
        tests: &[
            "the_most_useful_reason_is_told",
            "the_least_wait_is_told_when_all_are_limited",
            "in_order_without_weights_and_without_repetition",
            "after_each_failure_somebody_is_next_or_nobody",
        ],
    },
];

pub(super) const STORE: [Elsewhere; 8] = [
    Elsewhere {
        number: "S1, S12, S13",
        fault: "not there, cannot be read or cannot be written: network, table, rights, credentials",
        outcome: [
            "refuses, and the log says what to do",
            "503 `store_unavailable`, `store_not_set_up`, `store_forbidden`, `config_unavailable`",
            NOTHING,
        ],
        tests: &[
            "a_store_that_does_not_answer_is_reported",
            "a_table_that_cannot_be_read_is_reported",
            "a_table_that_goes_away_later_is_reported_too",
            "every_fault_between_the_gateway_and_dynamodb_has_its_outcome",
            "missing_credentials_are_reported",
        ],
    },
    Elsewhere {
        number: "S2, S3",
        fault: "slow, or its reply to the admission is lost",
        outcome: [
            "asks once more, then refuses",
            "503 `store_unavailable`",
            "the hold, if it was taken",
        ],
        tests: &[
            "a_table_that_says_nothing_is_unavailable_before_the_client_gives_up",
            "a_request_whose_reply_was_lost_is_recognised_by_its_lease",
            "a_store_that_dies_opens_no_limit",
            "only_what_may_happen_twice_is_tried_twice",
        ],
    },
    Elsewhere {
        number: "S4",
        fault: "a limit has no room",
        outcome: ["refuses", "429 `rate_limit_exceeded`, `insufficient_quota`", NOTHING],
        tests: &["what_never_fits_is_refused", "the_requests_of_a_minute_are_counted"],
    },
    Elsewhere {
        number: "S4",
        fault: "a limit has no room for a second hold",
        outcome: ["asks no other target", "why the first one failed", HOLD],
        tests: &["a_second_attempt_needs_room_for_a_second_hold"],
    },
    Elsewhere {
        number: "S5",
        fault: "more writes than a key's item takes",
        outcome: ["asks once more, then refuses", "429 `store_throttled`", NOTHING],
        tests: &[
            "a_table_that_goes_away_later_is_reported_too",
            "a_caller_who_insists_costs_nothing_for_ten_seconds",
        ],
    },
    Elsewhere {
        number: "S6",
        fault: "the settlement fails, or its reply is lost",
        outcome: ["logs what is unsettled", "the answer", HOLD],
        tests: &[
            "every_fault_of_the_store_has_its_outcome",
            "a_defect_of_the_store_does_not_cost_the_client_its_answer",
            "only_what_may_happen_twice_is_tried_twice",
        ],
    },
    Elsewhere {
        number: "S7",
        fault: "a document or a key's item that makes no sense",
        outcome: [
            "goes on with the last good document; refuses that key",
            "503 `config_unavailable` at the start, `store_corrupt`",
            NOTHING,
        ],
        tests: &[
            "every_fault_of_the_store_has_its_outcome",
            "a_row_that_makes_no_sense_is_corrupt",
            "a_row_without_a_policy_is_corrupt_and_admits_nobody",
            "reading_survives_what_writing_refuses",
            "a_table_that_holds_nothing_is_reported",
        ],
    },
    Elsewhere {
        number: "S8",
        fault: "a target without its provider or its credential",
        outcome: ["passes it over", "503 `no_target` if none is left", NOTHING],
        tests: &[
            "a_provider_without_its_credential_is_passed_over",
            "what_is_wrong_is_left_out_alone",
        ],
    },
];

pub(super) const CLIENT: [Elsewhere; 3] = [
    Elsewhere {
        number: "C1",
        fault: "goes away (of which Lambda tells the function nothing)",
        outcome: [
            "locally lets the provider go; on Lambda runs to the end",
            "",
            "its usage if it ends whole, or its hold",
        ],
        tests: &[
            "a_provider_that_goes_on_talking_is_let_go",
            "a_provider_that_is_silent_is_let_go",
            "a_client_that_leaves_before_any_answer_is_recorded_too",
            "nothing_but_evidence_refunds",
        ],
    },
    Elsewhere {
        number: "C2",
        fault: "reads slowly",
        outcome: ["reads as slowly from the provider; that is no silence", "the answer", USAGE],
        tests: &[
            "a_client_that_reads_slowly_makes_nobody_silent",
            "time_that_the_client_takes_is_not_the_providers",
        ],
    },
    Elsewhere {
        number: "C3, C6",
        fault: "a body that is too large, too deep, no JSON or says things twice; no such path",
        outcome: [
            "refuses before anything is taken",
            "400 `invalid_body`, `invalid_value`, 413 `body_too_large`, 404 `unknown_url`, …",
            NOTHING,
        ],
        tests: &[
            "bodies_are_checked_before_they_are_read",
            "a_body_that_cannot_be_read_says_where",
            "a_field_that_is_wrong_is_named",
            "paths_are_taken_as_users_write_them",
            "another_method_is_a_405_that_names_the_right_one",
        ],
    },
];

pub(super) const PLATFORM: [Elsewhere; 9] = [
    Elsewhere {
        number: "P1",
        fault: "an environment or a local document with mistakes",
        outcome: ["does not start, and names every one", "", ""],
        tests: &[
            "every_wrong_variable_is_named_at_once",
            "a_variable_that_is_wrong_is_named_with_what_was_expected",
            "a_mistake_in_the_document_is_shown_with_its_place_and_the_nearest_name",
        ],
    },
    Elsewhere {
        number: "P2",
        fault: "too little time at the beginning",
        outcome: ["does not begin", "503 `deadline_too_short`", NOTHING],
        tests: &["what_cannot_end_in_time_does_not_begin", "impossible_deadlines_are_unknown"],
    },
    Elsewhere {
        number: "P2",
        fault: "the time is up",
        outcome: [
            "ends it 2 s before the function's deadline",
            "504 `upstream_timeout`, or an error event of that code",
            HOLD,
        ],
        tests: &["what_has_begun_ends_in_time"],
    },
    Elsewhere {
        number: "P3, U4",
        fault: "frozen, while connections to providers died",
        outcome: [
            "replaces them: no attempt has failed, nothing is sent twice",
            "the answer",
            USAGE,
        ],
        tests: &[
            "a_connection_that_died_while_nobody_looked_is_replaced",
            "what_was_written_to_a_dying_connection_is_not_sent_again",
        ],
    },
    Elsewhere {
        number: "P4, P8",
        fault: "frozen after the last byte",
        outcome: ["has settled before it; no answer is empty", "the answer", USAGE],
        tests: &[
            "an_answer_does_not_end_before_it_is_settled",
            "every_request_has_one_record_before_its_answer_ends",
            "every_example_event_does_what_its_name_says",
        ],
    },
    Elsewhere {
        number: "P5, P6",
        fault: "a defect of the gateway, also in the middle of a stream",
        outcome: ["catches it", "500 `internal_error`, or an error event of that code", HOLD],
        tests: &[
            "usage_before_a_panic_refunds_nothing",
            "every_stream_has_an_explicit_end",
            "every_fault_of_the_store_has_its_outcome",
        ],
    },
    Elsewhere {
        number: "P7",
        fault: "the Runtime API hangs up (as when Lambda gives an environment up)",
        outcome: ["logs that the answer was not taken, and asks for the next event", "", HOLD],
        tests: &[
            "a_function_outlives_a_runtime_api_that_hangs_up",
            "a_connection_that_the_platform_closes_does_not_end_the_function",
        ],
    },
    Elsewhere {
        number: "P10",
        fault: "a body that is made to take memory; an event that is none",
        outcome: ["reads no more of it than it needs", "400, 413", NOTHING],
        tests: &[
            "odd_events_are_answered",
            "bodies_are_checked_before_they_are_read",
            "a_body_that_is_made_to_hurt_does_not",
        ],
    },
    Elsewhere {
        number: "P9",
        fault: "more requests than its concurrency allows",
        outcome: ["hears nothing of them", "Lambda's own 429 or 502, in no SDK's shape", NOTHING],
        tests: &[],
    },
];

/// What the README tells elsewhere, or need not tell.
pub(super) const UNTOLD: [Elsewhere; 7] = [
    Elsewhere {
        number: "S9, S10",
        fault: "a revoked key in a warm environment; a row past its time",
        outcome: [
            "asks the table at every request; compares times itself",
            "403 `key_revoked`",
            NOTHING,
        ],
        tests: &[
            "a_key_that_is_made_is_admitted_until_it_is_revoked",
            "a_team_binds_its_keys_until_it_is_revoked",
            "no_place_is_given_away_twice",
        ],
    },
    Elsewhere {
        number: "S11",
        fault: "a table that is replicated to other Regions",
        outcome: ["counts in the table of its own Region only", "the answer", "in each Region"],
        tests: &[],
    },
    Elsewhere {
        number: "C4",
        fault: "tries again by itself",
        outcome: [
            "takes each for a request; says when no other try helps",
            "`retry-after`, `x-should-retry: false`",
            "each",
        ],
        tests: &["waiting_helps_or_not", "the_least_wait_is_told_when_all_are_limited"],
    },
    Elsewhere {
        number: "C5",
        fault: "does not ask for usage",
        outcome: ["asks for it, and keeps it to itself", "the answer without it", USAGE],
        tests: &["the_usage_chunk_is_for_those_who_asked"],
    },
    Elsewhere {
        number: "P11, P12, P13",
        fault: "many keys, requests at once, or a window's end in one environment",
        outcome: [
            "shares nothing; settles into the window that it was taken from",
            "the answer",
            USAGE,
        ],
        tests: &[
            "four_streams_overlap_where_four_may",
            "every_fault_of_a_provider_has_its_outcome",
            "only_the_key_that_was_refused_hears_of_it",
            "no_limit_is_overspent_when_a_minute_ends",
        ],
    },
    Elsewhere {
        number: "P14",
        fault: "texts that would break or flood the log",
        outcome: ["one line a request, each text capped, in JSON", "", ""],
        tests: &[
            "messages_are_short_and_of_one_line",
            "every_request_has_one_record_before_its_answer_ends",
        ],
    },
    Elsewhere {
        number: "P15",
        fault: "a URL that wants AWS's signature in `authorization`",
        outcome: ["takes the key from `x-api-key` or `api-key`", "", ""],
        tests: &["keys_are_found_where_sdks_put_them", "a_key_is_found_where_clients_put_it"],
    },
];
