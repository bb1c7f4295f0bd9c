//! What differs between two versions of a function.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize as _, Serialize};
use similar::TextDiff;
use turnbuckle_core::function::FunctionCode;
use turnbuckle_store::StoreError;
use turnbuckle_store::error::Noun;
use turnbuckle_store::function::Function;
use utoipa::ToSchema;

use super::find;
use crate::app::App;
use crate::auth::CanRead;
use crate::extract::PathParams;
use crate::problem::{ApiError, Problem, ProblemBody};

/// How long the shortest difference is looked for; after that, one that is not the shortest.
const SEARCH_TIME: Duration = Duration::from_millis(200);
/// Lines that stay the same, shown around those that do not.
const LINES_AROUND: usize = 3;

/// What differs between two versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct VersionDiffView {
    #[schema(example = 1)]
    from: i64,
    #[schema(example = 2)]
    to: i64,
    /// A unified diff of the scripts; empty if they are the same.
    #[schema(
        example = "--- version 1\n+++ version 2\n@@ -1 +1 @@\n-handler = () => 1\n+handler = () => 2\n"
    )]
    source: String,
    /// Null if they are the same.
    #[schema(required)]
    arguments: Option<ArgumentsDiff>,
}

/// The declared arguments of two versions.
#[derive(Debug, Serialize, ToSchema)]
pub struct ArgumentsDiff {
    from: Vec<String>,
    to: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub struct VersionDiffAnswer {
    diff: VersionDiffView,
}

/// Shows what differs between two versions of a function.
#[utoipa::path(
    get, path = "/api/v1/functions/{function}/versions/{version}/diff/{to}", tag = "functions",
    params(
        ("function" = String, Path, description = "Name of the function."),
        ("version" = i64, Path, description = "Number of the version to begin with."),
        ("to" = i64, Path, description = "Number of the version to arrive at."),
    ),
    responses(
        (status = 200, body = VersionDiffAnswer),
        (status = "4XX", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub async fn diff_function_versions(
    CanRead(caller): CanRead,
    State(app): State<App>,
    PathParams((name, from, to)): PathParams<(String, i64, i64)>,
) -> Result<Json<VersionDiffAnswer>, ApiError> {
    let function = find(&app, caller.workspace, &name).await?;
    let (old, new) = (read(&app, &function, from).await?, read(&app, &function, to).await?);
    let comparing = tokio::task::spawn_blocking(move || compare((from, old), (to, new)));
    let diff = comparing.await.map_err(|error| ApiError::caused_by(Problem::Internal, error))?;
    Ok(Json(VersionDiffAnswer { diff }))
}

async fn read(app: &App, function: &Function, number: i64) -> Result<FunctionCode, ApiError> {
    let found = app.store.function_version(function.workspace, function.id, number).await?;
    let missing = || StoreError::not_found(Noun::FunctionVersion, number);
    FunctionCode::deserialize(&found.ok_or_else(missing)?.code)
        .map_err(|error| ApiError::caused_by(Problem::Internal, error))
}

fn compare((from, old): (i64, FunctionCode), (to, new): (i64, FunctionCode)) -> VersionDiffView {
    let lines = TextDiff::configure().timeout(SEARCH_TIME).diff_lines(&old.source, &new.source);
    let mut source = lines.unified_diff();
    source
        .context_radius(LINES_AROUND)
        .header(&format!("version {from}"), &format!("version {to}"));
    let has_changed = old.arguments != new.arguments;
    VersionDiffView {
        from,
        to,
        source: source.to_string(),
        arguments: has_changed.then_some(ArgumentsDiff { from: old.arguments, to: new.arguments }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(old: (&str, &[&str]), new: (&str, &[&str])) -> VersionDiffView {
        let code = |(source, arguments): (&str, &[&str])| FunctionCode {
            source: source.to_owned(),
            arguments: arguments.iter().map(|name| (*name).to_owned()).collect(),
        };
        compare((1, code(old)), (2, code(new)))
    }

    #[test]
    fn only_what_differs_is_shown() {
        let diff = compared(("a\nb\n", &["id"]), ("a\nc\n", &["id"]));
        assert_eq!(diff.source, "--- version 1\n+++ version 2\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        assert!(diff.arguments.is_none());
        let diff = compared(("a", &["id"]), ("a", &[]));
        assert_eq!(diff.source, "");
        assert_eq!(diff.arguments.unwrap().from, ["id"]);
    }

    #[test]
    fn long_scripts_are_compared_in_a_short_time() {
        let script = |seed: u64| {
            let mut state = seed;
            let mut line = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                format!("{}\n", state >> 60)
            };
            (0..80_000).map(|_| line()).collect::<String>()
        };
        let started = std::time::Instant::now();
        let diff = compared((&script(1), &[]), (&script(2), &[]));
        assert!(!diff.source.is_empty());
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    }
}
