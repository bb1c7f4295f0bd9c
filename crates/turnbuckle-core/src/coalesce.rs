//! What becomes of a row that still waits when its record changes again.
//!
//! The actors: the *head* of a record's line at an endpoint (due or leased) and
//! the one row that may wait behind it. A change that finds a row waiting is
//! merged into it, so a hot record costs a slow receiver one message, with the
//! newest data, and not one per change.
//!
//! Guarantees, for every row of changes however they are merged (a property
//! test holds them):
//!
//! - A row that was attempted is never rewritten. It ends as *superseded* and
//!   another row, with a `webhook-id` of its own, says what it would have said.
//! - The last message about a record says whether the record is there.
//! - A create is only dropped with its delete while the receiver cannot have
//!   heard of the record: neither from this row nor from one it took the place
//!   of. That is why a row remembers [`Standing::is_known`].
//! - Merging makes no type of change that was not among the merged ones, so an
//!   endpoint that wants no updates gets none.
//!
//! A leased row is never merged into, since its request may be on its way: the
//! change waits behind it. Absent on purpose: data and bodies. The caller puts
//! the newest data into what is left, and the columns united by [`unite`].

use serde_json::{Map, Value as Json};

use crate::change::ChangeType;

/// A row that is to be sent, as far as merging cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub change_type: ChangeType,
    /// This very row was sent at least once, with whatever outcome.
    pub is_attempted: bool,
    /// The receiver may have heard of the record before this row: it is no
    /// create, or it took the place of a row that was attempted or no create.
    pub is_known: bool,
}

/// What two become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// They cancel each other: the row is removed and nothing is sent.
    Nothing,
    /// The row is rewritten and keeps its `webhook-id`, which nobody has seen.
    Rewritten(Standing),
    /// The row ends as superseded; a row with a new `webhook-id` takes its place.
    Superseded(Standing),
}

impl Standing {
    /// A row for a change that found nothing to merge with.
    pub fn new(change_type: ChangeType) -> Self {
        Self { change_type, is_attempted: false, is_known: change_type != ChangeType::Create }
    }

    /// Merges a newer change into this row, which must not be leased.
    ///
    /// | row, newer → | create | update | delete                          |
    /// |--------------|--------|--------|---------------------------------|
    /// | create       | create | create | nothing, or delete where known  |
    /// | update       | create | update | delete                          |
    /// | delete       | create | update | delete                          |
    ///
    /// In the built-in CRM nothing follows a delete. Elsewhere a record can be
    /// undeleted, and an update after a delete means that we missed just that;
    /// the receiver then hears of a record that it may or may not still have.
    pub fn merge(self, newer: ChangeType) -> Merged {
        use ChangeType::{Create, Delete, Update};

        let is_known = self.is_attempted || self.is_known;
        let change_type = match (self.change_type, newer) {
            (Create, Delete) if !is_known => return Merged::Nothing,
            (Create, Update) => Create,
            (_, newer) => newer,
        };
        let merged = Self { change_type, is_attempted: false, is_known };
        if self.is_attempted { Merged::Superseded(merged) } else { Merged::Rewritten(merged) }
    }

    /// What is sent in place of this head after an attempt that is to be
    /// retried, given the row `waiting` behind it: that row with the standing
    /// returned here, while the head ends as superseded. The lane's back-off
    /// stays as it is.
    pub fn give_way_to(self, waiting: Self) -> Self {
        match (Self { is_attempted: true, ..self }).merge(waiting.change_type) {
            Merged::Superseded(merged) | Merged::Rewritten(merged) => merged,
            // An attempted row is known, so nothing cancels it.
            Merged::Nothing => waiting,
        }
    }
}

/// Columns that a message tells to have changed, in order, with what each was
/// before: null where that is not known.
pub type Changed = Map<String, Json>;

/// Adds the columns of a newer change to those of the row. What a column was
/// before the row's first change is what the receiver knows it to be.
pub fn unite(changed: &mut Changed, newer: &Changed) {
    for (column, before) in newer {
        if !changed.contains_key(column) {
            changed.insert(column.clone(), before.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use ChangeType::{Create, Delete, Update};
    use proptest::prelude::*;

    use super::*;

    /// Checks one field of the table for a row never attempted, one that took
    /// the place of an attempted row, and one that was attempted itself.
    #[track_caller]
    fn check(row: ChangeType, newer: ChangeType, expect: Option<ChangeType>, if_known: ChangeType) {
        let fresh = Standing::new(row);
        let merged =
            |change_type, is_known| Standing { change_type, is_attempted: false, is_known };
        assert_eq!(
            fresh.merge(newer),
            expect.map_or(Merged::Nothing, |it| Merged::Rewritten(merged(it, fresh.is_known)))
        );
        assert_eq!(
            Standing { is_known: true, ..fresh }.merge(newer),
            Merged::Rewritten(merged(if_known, true))
        );
        let attempted = Standing { is_attempted: true, ..fresh };
        assert_eq!(attempted.merge(newer), Merged::Superseded(merged(if_known, true)));
        assert_eq!(fresh.give_way_to(Standing::new(newer)), merged(if_known, true));
    }

    #[test]
    fn a_create_stays_one_until_the_record_is_deleted() {
        check(Create, Create, Some(Create), Create);
        check(Create, Update, Some(Create), Create);
    }

    #[test]
    fn create_and_delete_are_nothing_if_never_attempted_and_else_a_delete() {
        check(Create, Delete, None, Delete);
    }

    #[test]
    fn updates_unite_and_a_delete_replaces_them() {
        check(Update, Update, Some(Update), Update);
        check(Update, Delete, Some(Delete), Delete);
        check(Delete, Delete, Some(Delete), Delete);
    }

    #[test]
    fn what_comes_back_is_told_as_it_came() {
        check(Update, Create, Some(Create), Create);
        check(Delete, Create, Some(Create), Create);
        check(Delete, Update, Some(Update), Update);
    }

    #[test]
    fn a_delete_survives_an_undelete_and_another_delete() {
        let Merged::Rewritten(back) = Standing::new(Delete).merge(Create) else { panic!() };
        assert!(matches!(back.merge(Delete), Merged::Rewritten(it) if it.change_type == Delete));
    }

    #[test]
    fn columns_unite_as_they_were_at_first() {
        let changed = |columns: &[(&str, i64)]| -> Changed {
            columns.iter().map(|(name, before)| ((*name).to_owned(), Json::from(*before))).collect()
        };
        let mut united = changed(&[("Amount", 1), ("Title", 2)]);
        unite(&mut united, &changed(&[("StageId", 3), ("Amount", 4)]));
        assert_eq!(united, changed(&[("Amount", 1), ("Title", 2), ("StageId", 3)]));
        assert_eq!(united.keys().collect::<Vec<_>>(), ["Amount", "Title", "StageId"]);
    }

    /// One thing that happens at an endpoint.
    #[derive(Debug, Clone, Copy)]
    enum Step {
        /// The record is created where it is not there, else updated.
        Write,
        Delete,
        /// The head is sent; the receiver may take it, and we may learn of it.
        Attempt {
            is_taken: bool,
            is_answered: bool,
        },
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            Just(Step::Write),
            Just(Step::Delete),
            any::<(bool, bool)>().prop_map(|(is_taken, is_answered)| Step::Attempt {
                is_taken,
                is_answered: is_taken && is_answered
            }),
        ]
    }

    proptest! {
        /// Plays changes and attempts on one row, then lets it arrive.
        #[test]
        fn the_receiver_ends_up_with_what_is_there(
            starts_there: bool,
            steps in prop::collection::vec(any_step(), 0..12),
        ) {
            let (mut is_there, mut receiver_has) = (starts_there, starts_there);
            let mut head: Option<Standing> = None;
            for step in steps {
                let change_type = match step {
                    Step::Attempt { is_taken, is_answered } => {
                        if let Some(row) = &mut head {
                            row.is_attempted = true;
                            if is_taken {
                                receiver_has = row.change_type != Delete;
                            }
                            if is_answered {
                                head = None;
                            }
                        }
                        continue;
                    }
                    Step::Write if is_there => Update,
                    Step::Write => Create,
                    Step::Delete if is_there => Delete,
                    Step::Delete => continue,
                };
                is_there = change_type != Delete;
                head = match head {
                    None => Some(Standing::new(change_type)),
                    Some(row) => match row.merge(change_type) {
                        Merged::Nothing => None,
                        Merged::Rewritten(row) | Merged::Superseded(row) => Some(row),
                    },
                };
            }
            if let Some(row) = head {
                receiver_has = row.change_type != Delete;
            }
            prop_assert_eq!(receiver_has, is_there);
        }
    }
}
