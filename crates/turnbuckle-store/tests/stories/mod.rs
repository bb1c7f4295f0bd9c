//! What every engine must do, one file per noun. A story takes an empty store
//! and the clock that the store looks at; it does not know the engine.

pub mod api_key;
pub mod authorization;
pub mod belonging;
pub mod bin;
pub mod change;
pub mod coalescing;
pub mod connection;
pub mod context;
pub mod crm;
pub mod delivery;
pub mod endpoint;
pub mod entity;
pub mod event_call;
pub mod function;
pub mod idempotency;
pub mod inbound;
pub mod line;
pub mod link;
pub mod maintenance;
pub mod property;
pub mod record;
pub mod reopening;
pub mod replay;
pub mod resending;
pub mod search;
pub mod source;
pub mod statistics;
pub mod subscription;
pub mod transfer;
pub mod user;
pub mod workspace;

use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::task::Poll;

use turnbuckle_core::id::{Minter, Stamp, UnixMs, WorkspaceId};
use turnbuckle_store::clock::Clock;
use turnbuckle_store::page::{Page, PageRequest};

pub const SECOND: UnixMs = 1_000;
pub const MINUTE: UnixMs = 60 * SECOND;
pub const HOUR: UnixMs = 60 * MINUTE;
pub const DAY: UnixMs = 24 * HOUR;

/// Bytes of intake that may wait in the stores that stories get.
pub const INTAKE_BYTES_MAX: usize = 1 << 20;

/// Two workspaces that know nothing of each other.
pub const ACME: WorkspaceId = WorkspaceId(1);
pub const OTHER: WorkspaceId = WorkspaceId(2);

/// A clock that a story moves, with dice that fall the same way every time.
pub struct TestClock {
    now: AtomicI64,
    rolls: AtomicU64,
    minter: Minter,
}

impl TestClock {
    pub fn new() -> Self {
        Self {
            now: AtomicI64::new(1_750_000_000_000),
            rolls: AtomicU64::new(0),
            minter: Minter::default(),
        }
    }

    pub fn advance(&self, by: UnixMs) {
        self.now.fetch_add(by, Ordering::SeqCst);
    }

    /// An id for something that the story makes now.
    pub fn mint(&self) -> Stamp {
        self.minter.mint(self.now(), self.random())
    }
}

impl Clock for TestClock {
    fn now(&self) -> UnixMs {
        self.now.load(Ordering::SeqCst)
    }

    fn random(&self) -> u64 {
        // Multiplying by an odd number gives every roll another value.
        self.rolls.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    }
}

/// The id with the same place in time as `stamp` that was never given out.
pub fn neighbour(stamp: Stamp) -> Stamp {
    Stamp::from_row(stamp.row_key(), stamp.tail() ^ 1)
}

/// Reads a listing to its end, `limit` rows at a time.
macro_rules! read_all {
    ($limit:expr, |$page:ident| $read:expr) => {{
        let mut items = Vec::new();
        let mut after = None;
        loop {
            let $page = $crate::stories::page($limit, after);
            let read = $read.await.unwrap();
            assert!(read.items.len() <= $limit);
            items.extend(read.items);
            after = read.next;
            if after.is_none() {
                break items;
            }
        }
    }};
}
pub(crate) use read_all;

/// Awaits all at once; the answers are in the order of the futures.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut pending: Vec<_> = futures.into_iter().map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        for (future, output) in pending.iter_mut().filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(ready) = future.as_mut().poll(context) {
                *output = Some(ready);
            }
        }
        match pending.iter().all(|(_, output)| output.is_some()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    })
    .await;
    pending.into_iter().filter_map(|(_, output)| output).collect()
}

pub fn page(limit: usize, after: Option<i64>) -> PageRequest {
    PageRequest { limit, after }
}

pub fn is_last<T>(page: &Page<T>) -> bool {
    page.next.is_none()
}

/// Hands the list of all stories to a macro that runs them on one engine.
#[macro_export]
macro_rules! for_each_story {
    ($run:ident) => {
        $run! {
            belonging {
                a_deleted_connection_takes_everything_along
                what_is_of_a_deleted_connection_is_not_acted_on
                what_is_bound_to_a_connection_goes_with_it
                records_of_one_id_stand_in_a_line_per_connection
            }
            workspace {
                a_slug_names_one_workspace
                workspaces_are_listed_oldest_first
                a_setting_belongs_to_one_workspace
                an_origin_leads_to_its_workspaces
                a_setting_is_replaced_where_it_is_as_it_was_read
                an_endpoint_comes_with_the_setting_that_names_it
                whatever_is_configured_moves_the_version_of_its_workspace
            }
            api_key {
                a_key_is_found_by_its_publishable_name
                a_publishable_name_is_taken_once
                a_revoked_key_is_unknown
                last_use_never_goes_back
            }
            context {
                putting_again_replaces_and_keeps_the_time
                contexts_are_listed_newest_first_page_by_page
                a_context_is_deleted_once
                a_context_takes_its_connections_along
            }
            source {
                a_source_is_found_by_id_and_by_key
                an_id_of_another_tail_or_workspace_finds_nothing
                a_key_ends_at_its_time
                an_ended_key_cannot_be_brought_back
                a_key_hash_is_taken_once
                an_update_compares_the_version
                sources_are_listed_newest_first_page_by_page
                a_deleted_source_takes_its_keys_along
            }
            endpoint {
                an_endpoint_is_read_back_as_created
                an_update_keeps_the_status
                an_update_compares_the_version
                a_status_comes_with_its_reason
                an_id_of_another_tail_or_workspace_finds_nothing
                endpoints_are_listed_newest_first_page_by_page
                last_success_never_goes_back
                a_deleted_endpoint_is_unknown
            }
            authorization {
                an_authorization_is_found_by_what_it_is_about
                an_authorization_moves_on_once
                a_failed_authorization_says_why
                a_connection_is_authorised_again
            }
            bin {
                a_bin_shows_its_requests_newest_first
                the_oldest_requests_make_room
                the_newest_request_stays_however_large
                an_expired_bin_is_unknown
                a_bin_name_is_taken_once
                a_deleted_bin_takes_its_requests_along
            }
            idempotency {
                the_first_claims_and_repeats_get_its_answer
                a_key_means_one_request
                a_released_claim_can_be_claimed_again
                an_answer_is_final
                a_dead_claim_is_taken_over
                an_answer_is_kept_for_a_day
                one_of_many_callers_is_the_first
            }
            record {
                a_created_record_is_read_back
                records_are_answered_in_the_order_asked
                a_connection_and_an_entity_must_be_there
                what_is_required_must_be_there
                a_lookup_takes_an_id_or_a_display_value
                a_lookup_that_finds_nothing_refuses_or_warns
                a_given_id_is_kept_and_taken_once
                numbers_count_from_one_and_are_never_reused
                an_update_raises_the_version
                what_changes_nothing_is_no_change
                a_version_is_compared
                a_delete_is_final_and_a_change
                an_upsert_updates_the_record_with_the_same_values
                an_upsert_that_finds_nothing_creates
                an_upsert_that_finds_several_is_refused
                a_lookup_that_finds_several_refuses_or_takes_the_earliest
                long_texts_are_told_apart
                a_default_fills_and_never_overwrites
                a_unique_value_is_taken_once
                upserts_of_one_key_at_once_make_one_record
                of_creates_of_one_unique_value_one_wins
                loading_tells_nobody
            }
            inbound {
                an_event_is_read_back_as_received
                new_events_are_handed_out_once_in_order
                only_new_events_are_handed_out
                finishing_writes_records_changes_and_the_outcome
                an_item_that_fails_undoes_the_others
                an_event_that_fails_leaves_the_others
                finishing_again_updates_the_same_record
                an_item_that_becomes_another_entity_is_noted_as_that
                as_new_writes_another_record
                a_replay_goes_on_with_its_events
                a_success_after_a_failure_forgets_the_failure
                events_of_one_batch_see_each_other
                a_trial_leaves_nothing
                a_repeat_is_recognised_for_its_time
                any_key_recognises_a_repeat_and_brings_the_stronger_ones_along
                of_repeats_at_once_one_is_stored
                the_log_is_filtered_and_paged
                what_does_not_fit_the_queue_is_refused
                a_long_queue_is_handed_out_whole
                an_event_outlives_its_source
            }
            change {
                a_change_holds_the_record_before_and_after
                the_feed_is_in_the_order_of_the_commits
                only_matched_changes_are_in_the_feed
                the_feed_is_filtered
                a_long_backlog_is_matched_whole
                changes_of_a_deleted_connection_hold_nothing_up
                a_deferred_change_waits_for_each_object
                what_was_matched_with_another_mapping_is_not_stored
                what_need_not_wait_is_not_deferred
            }
            subscription {
                a_wish_is_stored_once
                subscriptions_are_listed_newest_first
                a_key_finds_its_subscriptions
                a_mapping_must_be_the_one_that_the_keys_are_of
                few_enough_subscriptions_share_a_key
                keys_are_rebuilt_in_slices
                a_newer_mapping_begins_the_rebuilding_again
                a_deleted_connection_takes_its_subscriptions_along
            }
            delivery {
                a_message_is_due_at_once
                a_success_ends_a_delivery
                every_attempt_stays_in_the_log
                a_failure_is_tried_again_at_its_time
                a_message_alone_stands_in_no_line
                what_an_endpoint_cannot_take_is_held
                a_deleted_endpoint_ends_what_waits_for_it
                the_log_is_filtered_and_paged
                due_deliveries_come_longest_overdue_first
            }
            coalescing {
                messages_of_one_record_wait_for_each_other
                what_waits_is_merged
                a_failed_head_gives_way_to_a_newer_message
                a_failed_head_that_is_due_gives_way_to_nobody
                what_is_handed_out_has_not_given_way
                without_coalescing_nothing_is_merged
            }
            line {
                lines_keep_order_and_lose_nothing
            }
            resending {
                what_ended_can_be_resent
                resending_what_is_pending_cuts_the_wait_short
                a_range_is_recovered
                recovering_the_latest_leaves_alone_what_is_on_its_way
                recovering_the_latest_may_be_interrupted
            }
            connection {
                a_connection_starts_with_its_records
                putting_again_keeps_records_and_mapping
                whatever_changes_match_keys_makes_their_objects_wait
                a_connection_belongs_to_one_workspace
                every_write_compares_the_version
                connections_are_listed_newest_first
                a_connection_that_cannot_start_leaves_nothing
            }
            entity {
                a_schema_is_read_back_as_put
                an_entity_of_its_own_takes_records_at_once
                a_column_added_now_is_there_now
                a_column_becomes_unique_where_its_values_are
                a_column_keeps_its_type
                keys_started_by_a_mapping_are_filled
            }
            event_call {
                an_event_that_waits_for_a_call_is_not_new
                sources_wait_for_calls_apart
                a_call_ends_with_its_event
                a_call_is_not_begun_twice
            }
            link {
                a_draft_is_saved_over_the_one_that_was_read
                a_finish_saves_all_and_ends_the_draft
                a_draft_belongs_to_its_connection
            }
            statistics {
                counts_of_a_step_add_up
                counts_are_added_once
            }
            user {
                a_name_is_one_user_s_everywhere
                a_session_lasts_its_time
                another_password_ends_the_sessions
                a_user_belongs_to_one_workspace
            }
            function {
                a_function_is_saved_in_versions
                any_version_can_be_published
                a_key_opens_its_function_or_all
                a_key_is_followed_by_another
                a_function_belongs_to_one_workspace
                a_put_compares_the_version
                a_deleted_function_takes_versions_and_keys_along
                functions_are_listed_newest_first
                calls_are_listed_newest_first_and_by_how_they_ended
                calls_of_a_deleted_function_are_erased
            }
            search {
                a_search_finds_what_the_filter_matches
                a_walk_leads_to_other_records
                keys_follow_every_write
                keys_are_filled_while_writes_go_on
                a_long_search_goes_on_where_it_stopped
                pages_neither_repeat_nor_skip_while_records_come_and_go
            }
            replay {
                a_run_is_read_back_with_its_progress
                only_open_runs_are_taken_up
                a_run_belongs_to_one_workspace
            }
            transfer {
                a_slice_is_bounded_in_rows_and_bytes
            }
            maintenance {
                a_note_is_of_whoever_claims_it_first
                a_healthy_store_says_so
                what_has_ended_is_dropped
                a_closed_store_writes_nothing
            }
        }
    };
}

/// The same of the stories that open the store themselves.
#[macro_export]
macro_rules! for_each_reopening {
    ($run:ident) => {
        $run! {
            records_and_numbers_go_on
            what_was_new_is_handed_out_again
            a_call_that_had_begun_was_cut_off
            what_was_not_matched_is_matched
            what_was_due_is_due
            keys_and_waiting_objects_go_on
        }
    };
}

/// The same of the stories that open two stores, from one of which all goes to the other.
#[macro_export]
macro_rules! for_each_transfer {
    ($run:ident) => {
        $run! {
            everything_arrives
            what_was_pending_goes_on
            messages_go_on
            records_are_found_and_numbers_go_on
            an_export_goes_on_where_it_was_cut
            an_import_goes_on_where_it_was_cut
            what_cannot_be_imported_is_refused
            a_file_that_is_not_as_exported_is_never_written
            a_store_that_differs_is_found
        }
    };
}
