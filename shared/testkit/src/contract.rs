//! What every adapter of the persistent ports must do, whether it is Postgres or memory.
//!
//! A case is an async function over a [`World`]; [`every_case!`](crate::every_case) names them all, so that each adapter
//! makes its own test of each.

#![expect(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "a contract that is broken says so")]
#![expect(clippy::missing_panics_doc, missing_docs, reason = "the name of a case is the sentence it holds to")]

pub mod adoption;
pub mod boards;
pub mod breakers;
pub mod budgets;
pub mod demands;
pub mod due;
pub mod inbox;
pub mod leases;
pub mod retention;
pub mod saves;
pub mod slots;
mod stage;

use std::time::Duration;
use weir_catalog::Project;
use weir_flow::ports::{Entries, Inbox, Keeping, Leases, Publishing, Receipts, Runs};
use weir_policy::time::Timestamp;

/// A persistent tier to hold to the contract, as each Worker sees it.
pub trait World {
    /// What `read` may call.
    type Read: Entries;
    /// What `receive` may call.
    type Receive: Receipts;
    /// What `refresh` may call.
    type Refresh: Entries + Leases + Publishing + Inbox + Keeping + Runs;

    /// As `read` sees it.
    fn read(&self) -> &Self::Read;
    /// As `receive` sees it.
    fn receive(&self) -> &Self::Receive;
    /// As `refresh` sees it.
    fn refresh(&self) -> &Self::Refresh;
    /// A project's name that nobody else uses; another one for every number.
    fn project(&self, number: u8) -> String;
    /// Now, by the persistent tier's clock.
    fn now(&self) -> Timestamp;
    /// Lets time pass, or makes all that is kept older by as much: instants taken before mean nothing after.
    #[expect(async_fn_in_trait, reason = "worlds are used by one thread")]
    async fn advance(&self, span: Duration);
}

/// The project that most cases adopt: one upstream `api` with budget enough, one resource `thing`.
pub fn declared(name: String) -> Project {
    stage::declared(name, vec![stage::window(10_000, stage::MINUTE)], 0)
}

/// Hands all cases, as `module::case`, to a macro: `every_case!(test_each)`.
#[macro_export]
macro_rules! every_case {
    ($each:ident) => {
        $each! {
            adoption::a_project_that_was_never_adopted_is_named_so,
            adoption::adopting_twice_says_nothing_twice,
            adoption::a_key_that_exists_unasked_is_due_at_once,
            adoption::an_adopted_change_reaches_what_is_kept,
            adoption::a_retired_resource_is_not_due_any_more,
            leases::a_missing_key_is_leased_with_nothing_held,
            leases::a_kept_key_is_leased_with_what_is_held,
            leases::a_fresh_entry_needs_no_call,
            leases::a_key_is_held_until_its_lease_ends,
            leases::forty_wishes_at_once_lease_a_missing_key_once,
            leases::forty_wishes_at_once_lease_a_kept_key_once,
            leases::what_is_absent_is_not_asked_for_before_its_time,
            leases::what_failed_is_not_asked_for_before_its_time,
            leases::a_full_resource_makes_no_new_entry,
            leases::a_first_wish_passes_and_a_second_leases,
            leases::forty_first_wishes_at_once_pass_once,
            budgets::a_client_has_the_whole_budget_and_no_more,
            budgets::a_tick_leaves_the_reserve_to_clients,
            budgets::every_window_counts,
            budgets::whoever_waits_as_told_is_granted_a_call,
            budgets::only_calls_are_counted,
            budgets::a_changed_budget_goes_on_counting,
            due::a_tick_leases_what_is_due_once,
            due::two_ticks_at_once_share_the_work,
            due::a_lease_that_ran_out_is_due_again,
            due::a_tick_takes_no_more_than_it_wants,
            due::what_is_due_longest_comes_first,
            due::what_failed_waits_although_it_is_due,
            due::each_tenant_gets_its_own,
            saves::the_first_answer_makes_a_version,
            saves::another_meaning_is_the_next_version,
            saves::the_same_meaning_is_only_verified,
            saves::validators_sent_anew_are_kept,
            saves::a_body_is_kept_byte_for_byte,
            saves::a_stale_saver_saves_nothing,
            saves::a_lease_is_good_for_one_save,
            saves::two_savers_of_one_lease_save_once,
            saves::an_older_answer_saves_nothing_and_ends_the_lease,
            saves::a_confirmation_of_nothing_saves_nothing,
            saves::a_batch_is_answered_in_order,
            saves::overlapping_batches_in_opposite_order_both_end,
            saves::a_bad_answer_changes_nothing_for_readers,
            saves::an_absence_changes_nothing_for_readers,
            saves::a_save_makes_no_entry,
            saves::nobody_saves_what_belongs_to_another_project,
            saves::a_success_forgets_the_failures,
            breakers::five_failures_in_a_row_open_it,
            breakers::after_the_pause_one_failure_opens_it_for_longer,
            breakers::an_answer_counts_from_zero,
            breakers::an_answer_within_a_batch_counts_from_zero,
            breakers::an_upstream_that_asks_for_a_pause_gets_it,
            boards::what_has_no_news_is_not_built,
            boards::a_version_is_news,
            boards::one_builds_at_a_time,
            boards::a_lost_board_is_built_again_once,
            boards::a_board_never_put_is_built_again,
            boards::small_gains_add_up,
            boards::a_large_gain_is_news,
            boards::news_during_a_put_stays_news,
            boards::demand_is_news,
            boards::what_nobody_wants_leaves_after_a_day,
            boards::an_open_breaker_is_on_it,
            boards::a_shard_has_its_own_keys,
            boards::rows_are_sorted_for_the_reader,
            slots::a_new_version_is_owed_until_it_is_put,
            slots::an_older_slot_does_not_pay_for_a_newer,
            slots::a_lost_slot_is_owed_again,
            slots::no_more_is_owed_than_asked_for,
            demands::demand_wakes_what_nobody_wanted,
            demands::demand_never_shrinks,
            demands::a_shorter_demand_wakes_a_key_and_leaves_it_the_longer,
            demands::demand_for_what_is_not_kept_is_nothing,
            demands::a_wish_that_needs_no_call_is_demand,
            inbox::a_delivery_is_recorded_once,
            inbox::forty_copies_at_once_are_one_delivery,
            inbox::another_hook_or_project_has_its_own_deliveries,
            inbox::deliveries_wait_oldest_first_until_they_are_done,
            inbox::a_delivery_makes_known_keys_due_before_all_others,
            inbox::a_delivery_ends_the_backing_off,
            inbox::what_was_made_due_during_a_call_stays_due,
            inbox::refused_deliveries_are_only_counted,
            inbox::a_run_is_recorded,
            retention::a_version_goes_once_it_was_replaced_longer_ago_than_its_history,
            retention::the_current_version_never_goes,
            retention::each_resource_has_its_own_history,
            retention::the_longest_history_there_is_keeps_everything,
            retention::an_observation_goes_with_the_version_it_was_replaced_with,
            retention::an_observation_replaced_lately_stays,
            retention::a_sweep_removes_no_more_than_its_limit,
            retention::two_sweeps_at_once_remove_nothing_twice,
            retention::adopting_a_change_does_not_forget_the_sweep,
            retention::what_was_never_answered_goes_after_a_week,
            retention::what_is_wanted_or_scheduled_stays_unanswered,
            retention::records_go_after_a_month_and_changes_after_three,
            retention::a_first_wish_goes_after_a_day,
            retention::a_sweep_leaves_other_projects_alone,
        }
    };
}

#[cfg(test)]
mod tests {
    /// A case that no adapter runs holds nobody to anything.
    #[test]
    fn every_case_is_named() {
        let list = include_str!("contract.rs");
        let sources = [
            ("adoption", include_str!("contract/adoption.rs")),
            ("boards", include_str!("contract/boards.rs")),
            ("breakers", include_str!("contract/breakers.rs")),
            ("budgets", include_str!("contract/budgets.rs")),
            ("demands", include_str!("contract/demands.rs")),
            ("due", include_str!("contract/due.rs")),
            ("inbox", include_str!("contract/inbox.rs")),
            ("leases", include_str!("contract/leases.rs")),
            ("retention", include_str!("contract/retention.rs")),
            ("saves", include_str!("contract/saves.rs")),
            ("slots", include_str!("contract/slots.rs")),
        ];
        for (module, source) in sources {
            for case in source.lines().filter_map(|line| line.strip_prefix("pub async fn ")) {
                let name = case.split(['<', '(']).next().unwrap_or_default();
                assert!(list.contains(&format!("{module}::{name},")), "{module}::{name} is not in `every_case!`");
            }
        }
    }
}
