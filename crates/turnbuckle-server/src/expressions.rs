//! Evaluates the expressions of mappings and sources, and reads them before they are saved.
//!
//! They run in the sandbox ([`turnbuckle_functions::Expressions`]) on what is put
//! together here: the columns of a record, the payload of an event, or a webhook.
//! What throws has no value: a field is null then, a column of a webhook is left out
//! with a warning, an event of the app is refused. The evaluator is made when it is
//! first needed: a hub without expressions pays nothing for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};
use tokio::sync::OnceCell;
use turnbuckle_core::entity::Entity;
use turnbuckle_core::expression::{Computed, NAMES_OF_PAYLOAD, Placed};
use turnbuckle_core::id::{ConnectionNo, WorkspaceId};
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::mapping::EventAction;
use turnbuckle_core::record::Record;
use turnbuckle_core::source::EventScopes;
use turnbuckle_functions::{Evaluated, ExpressionSet, Expressions, Stopped, Thrown};
use turnbuckle_store::StoreError;

use crate::app::App;
use crate::catalog::{LiveConnection, LiveObject, LiveSource};
use crate::logging::{Failing, log_failure};
use crate::problem::ApiError;

/// Most bytes that the expressions of a document have together.
const TOGETHER_BYTES_MAX: usize = 256 << 10;

/// The evaluator of this process.
pub struct Evaluator {
    /// Where the compiled engine is kept.
    folder: PathBuf,
    made: OnceCell<Expressions>,
}

impl Evaluator {
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), made: OnceCell::new() }
    }

    /// Makes it if one was needed before this start: it would be soon, and what an upgrade has
    /// to compile anew takes seconds, in which no event would be processed.
    ///
    /// # Errors
    /// [`StoreError::Defect`] if this machine cannot run scripts.
    pub async fn prepare(&self) -> Result<(), StoreError> {
        if Expressions::was_opened(&self.folder) {
            self.get().await?;
        }
        Ok(())
    }

    /// # Errors
    /// [`StoreError::Defect`] if this machine cannot run scripts.
    async fn get(&self) -> Result<&Expressions, StoreError> {
        let open = || async {
            let folder = self.folder.clone();
            let opening = tokio::task::spawn_blocking(move || Expressions::open(&folder));
            match opening.await {
                Ok(opened) => opened.map_err(defect),
                Err(error) => Err(defect(error)),
            }
        };
        self.made.get_or_try_init(open).await
    }
}

fn defect(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Defect { action: "evaluate expressions", source: error.into() }
}

/// Expressions as the evaluator takes them, and where each stands in its document.
pub struct PlacedSet {
    set: ExpressionSet,
    paths: Vec<String>,
}

impl PlacedSet {
    /// `None` if there are none. Those of two connections never share an instance.
    pub fn of(
        (workspace, connection): (WorkspaceId, ConnectionNo),
        names: &[&str],
        placed: &[Placed],
    ) -> Option<Arc<Self>> {
        let sources: Vec<String> = placed.iter().map(|it| it.expression.to_string()).collect();
        let owner = format!("{workspace}/{}", connection.0);
        let paths = || placed.iter().map(|it| it.path.clone()).collect();
        (!placed.is_empty()).then(|| {
            Arc::new(Self { set: ExpressionSet::new(&owner, names, sources), paths: paths() })
        })
    }

    fn path(&self, stopped: &Stopped) -> Option<&str> {
        stopped.at.and_then(|at| self.paths.get(at)).map(String::as_str)
    }

    /// What each came to, or why nothing is known of it.
    fn computed(&self, evaluated: Result<Vec<Evaluated>, Stopped>) -> Vec<Computed> {
        let stopped = match evaluated {
            Ok(values) => return values.into_iter().map(computed).collect(),
            Err(stopped) => stopped,
        };
        let (at, reason) = (self.path(&stopped), &stopped.thrown.message);
        let of_path = |path: &String| match at {
            Some(at) if at != path => Err(format!("the expression at {at} was stopped: {reason}")),
            _ => Err(sentence(&stopped.thrown)),
        };
        self.paths.iter().map(of_path).collect()
    }
}

/// Reads expressions that are to be saved; answers what is wrong, by its place.
///
/// # Errors
/// If this machine cannot run scripts.
pub async fn check(
    app: &App,
    connection: &LiveConnection,
    names: &[&str],
    placed: &[Placed],
) -> Result<Vec<Invalid>, ApiError> {
    let mut bytes = 0;
    for Placed { path, expression } in placed {
        bytes += expression.as_str().len();
        if TOGETHER_BYTES_MAX < bytes {
            let detail =
                format!("all expressions together are at most {TOGETHER_BYTES_MAX} bytes long");
            return Ok(vec![Invalid::new(path, detail)]);
        }
    }
    let Some(set) = PlacedSet::of(connection.owner(), names, placed) else { return Ok(Vec::new()) };
    let read = app.evaluator.get().await?.check(&set.set).await;
    let wrong = placed.iter().zip(read);
    Ok(wrong
        .filter_map(|(placed, thrown)| Some(Invalid::new(&placed.path, sentence(&thrown?))))
        .collect())
}

/// What was thrown, and where in the expression.
fn sentence(thrown: &Thrown) -> String {
    match (thrown.line, thrown.column) {
        (Some(line), Some(column)) => format!("{thrown} (line {line}, column {column})"),
        _ => thrown.to_string(),
    }
}

fn computed(evaluated: Evaluated) -> Computed {
    evaluated.map_err(|thrown| sentence(&thrown))
}

/// A record as scripts know it: its columns, and `id`.
pub fn record_object(entity: &Entity, record: &Record) -> Json {
    let columns = entity.columns.iter().filter(|column| column.readable).map(|column| {
        (column.name.clone(), record.value(&column.name, column.column_type).into_stored())
    });
    let mut object: Map<String, Json> = columns.collect();
    object.insert("id".to_owned(), json!(record.id));
    Json::Object(object)
}

/// What the expressions of fields come to over each of `records`, in their order.
///
/// # Errors
/// If this machine cannot run scripts.
pub async fn of_records(
    app: &App,
    set: Option<&Arc<PlacedSet>>,
    entity: &Entity,
    records: &[&Record],
) -> Result<Vec<Vec<Computed>>, StoreError> {
    let Some(set) = set else { return Ok(vec![Vec::new(); records.len()]) };
    let scopes: Vec<Json> =
        records.iter().map(|record| json!({ "record": record_object(entity, record) })).collect();
    let evaluated = app.evaluator.get().await?.evaluate(&set.set, &scopes).await;
    Ok(evaluated.into_iter().map(|of_record| set.computed(of_record)).collect())
}

/// The same of an object's fields as they are rendered: what has no value is null, and
/// the log says why.
///
/// # Errors
/// As [`of_records`].
pub async fn of_fields(
    app: &App,
    live: &LiveConnection,
    object: &LiveObject,
    records: &[&Record],
) -> Result<Vec<Vec<Json>>, StoreError> {
    let Some(entity) = live.schema.entity(&object.mapping.entity) else {
        return Ok(vec![Vec::new(); records.len()]);
    };
    let computed = of_records(app, object.expressions.as_ref(), entity, records).await?;
    let value = |(placed, value): (&Placed, Computed)| match value {
        Ok(value) => value.unwrap_or_default(),
        Err(_) => {
            // Its reason may repeat what is in the record, so the preview alone tells it.
            log_failure!(
                app.log_quota.take(Failing::Expressions(live.row.no), app.now()),
                workspace_id = %live.row.workspace, connection_id = live.row.id,
                object = object.slug, field = placed.path, "an expression has no value"
            );
            Json::Null
        }
    };
    let placed = object.compiled.expressions();
    Ok(computed.into_iter().map(|values| placed.iter().zip(values).map(value).collect()).collect())
}

/// What the expressions of what an event writes come to over its payload.
///
/// # Errors
/// If this machine cannot run scripts.
pub async fn of_action(
    app: &App,
    live: &LiveConnection,
    action: &EventAction,
    payload: &Map<String, Json>,
) -> Result<Vec<Computed>, StoreError> {
    let Some(set) = PlacedSet::of(live.owner(), NAMES_OF_PAYLOAD, &action.expressions()) else {
        return Ok(Vec::new());
    };
    let scopes = vec![json!({ "payload": payload })];
    let evaluated = app.evaluator.get().await?.evaluate(&set.set, &scopes).await;
    Ok(evaluated.into_iter().flat_map(|of_payload| set.computed(of_payload)).collect())
}

/// What the expressions of a source come to for each item of a webhook; or why nothing is
/// known of them, because one did more than it may.
///
/// # Errors
/// If this machine cannot run scripts.
pub async fn of_event(
    app: &App,
    source: &LiveSource,
    scopes: Option<EventScopes>,
) -> Result<Result<Vec<Vec<Computed>>, String>, StoreError> {
    let (Some(set), Some(EventScopes { shared, items })) = (&source.expressions, scopes) else {
        return Ok(Ok(Vec::new()));
    };
    let evaluator = app.evaluator.get().await?;
    let evaluated = evaluator.evaluate_items(&set.set, &shared, &items).await;
    let of_item = |values: Vec<Evaluated>| values.into_iter().map(computed).collect();
    Ok(evaluated.map(|items| items.into_iter().map(of_item).collect()).map_err(|stopped| {
        let place = match set.path(&stopped) {
            Some(path) => format!("the expression at /mapping{path}"),
            None => "an expression of the source".to_owned(),
        };
        let reason = stopped.thrown.message;
        format!("{place} was stopped: {reason}; a function of the source may do more")
    }))
}
