//! What every engine must do, one file per noun. A story takes an empty store
//! and the clock that the store looks at; it does not know the engine.

pub mod api_key;
pub mod bin;
pub mod context;
pub mod crm;
pub mod endpoint;
pub mod idempotency;
pub mod maintenance;
pub mod property;
pub mod record;
pub mod replay;
pub mod search;
pub mod source;
pub mod workspace;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use turnbuckle_core::id::{Minter, Stamp, UnixMs, WorkspaceId};
use turnbuckle_store::clock::Clock;
use turnbuckle_store::page::{Page, PageRequest};

pub const SECOND: UnixMs = 1_000;
pub const MINUTE: UnixMs = 60 * SECOND;
pub const HOUR: UnixMs = 60 * MINUTE;
pub const DAY: UnixMs = 24 * HOUR;

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
            workspace {
                a_slug_names_one_workspace
                workspaces_are_listed_oldest_first
                a_setting_belongs_to_one_workspace
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
                long_texts_are_told_apart
                a_default_fills_and_never_overwrites
                a_unique_value_is_taken_once
                upserts_of_one_key_at_once_make_one_record
                of_creates_of_one_unique_value_one_wins
                loading_tells_nobody
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
            maintenance {
                a_note_is_what_was_put_last
                a_healthy_store_says_so
                what_has_ended_is_dropped
                a_closed_store_writes_nothing
            }
        }
    };
}
