//! Walks along lookups: reading the records that others point to.
//!
//! All records that a step leads to are read at once, and none is read twice.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use turnbuckle_core::entity::ColumnPath;
use turnbuckle_core::record::{Record, Related};
use uuid::Uuid;

use crate::rules::reads::RecordReads;
use crate::rules::schema::ConnectionSchema;

/// Where paths lead from the records of one entity; where several begin alike,
/// they are walked together.
pub struct Walks<'a> {
    /// A step comes behind the one that it goes on from.
    steps: Vec<Step<'a>>,
}

struct Step<'a> {
    walk: &'a [String],
    /// The step that it goes on from; the first of a walk starts at the records themselves.
    from: Option<usize>,
    column: &'a str,
    target: &'a str,
    target_no: i64,
}

impl<'a> Walks<'a> {
    /// The walks of `paths`. One that the schema does not have ends where it still has it.
    pub fn along(
        connection: &'a ConnectionSchema,
        entity: &'a str,
        paths: impl IntoIterator<Item = &'a ColumnPath>,
    ) -> Self {
        let walks = paths.into_iter().map(|path| path.walks.as_slice());
        // A walk sorts behind the ones that it goes on from.
        let walks: BTreeSet<&[String]> =
            walks.flat_map(|walk| (1..=walk.len()).map(|length| &walk[..length])).collect();
        let mut steps: Vec<Step<'a>> = Vec::with_capacity(walks.len());
        for walk in walks {
            steps.extend(Step::next(connection, entity, walk, &steps));
        }
        Self { steps }
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Adds to `related` what the walks lead to from `records`.
    pub async fn fetch<R: RecordReads>(
        &self,
        reads: &R,
        records: &[&Record],
        related: &mut Related,
    ) -> Result<(), R::Failure> {
        let mut reached: Vec<Vec<Arc<Record>>> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let ids = match step.from {
                None => step.ids(records.iter().copied()),
                Some(from) => step.ids(reached[from].iter().map(Arc::as_ref)),
            };
            let mut next = Vec::with_capacity(ids.len());
            let mut missing = Vec::new();
            for id in ids {
                match related.get(step.target, id) {
                    Some(known) => next.push(known.clone()),
                    None => missing.extend(Uuid::try_parse(id)),
                }
            }
            if !missing.is_empty() {
                for found in reads.by_ids(step.target_no, &missing).await? {
                    let found = Arc::new(found.record);
                    related.insert(step.target, found.clone());
                    next.push(found);
                }
            }
            reached.push(next);
        }
        Ok(())
    }
}

impl<'a> Step<'a> {
    /// The last step of a walk, behind the steps before it.
    fn next(
        connection: &'a ConnectionSchema,
        entity: &'a str,
        walk: &'a [String],
        steps: &[Self],
    ) -> Option<Self> {
        let (last, before) = walk.split_last()?;
        let from = match before {
            [] => None,
            before => Some(steps.iter().position(|step| step.walk == before)?),
        };
        let entity = from.map_or(entity, |from| steps[from].target);
        let column = connection.schema.entity(entity)?.walk(last)?;
        let target = column.lookup.as_deref()?;
        let target_no = connection.entities.get(target)?.no;
        Some(Self { walk, from, column: &column.name, target, target_no })
    }

    /// Ids that the records hold in the lookup, each once.
    fn ids<'r>(&self, records: impl Iterator<Item = &'r Record>) -> HashSet<&'r str> {
        records.filter_map(|record| record.data.get(self.column)?.as_str()).collect()
    }
}
