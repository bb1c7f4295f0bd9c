//! `turnbuckle verify`: whether a stored request is its sender's, and why not.
//!
//! Nothing is sent anywhere: the request comes from a file or from options. With
//! `--explain` signatures are printed that would be believed, so the output is for
//! those who know the secret.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::{Value, json};
use turnbuckle_core::id::UnixMs;
use turnbuckle_core::invalid::Invalid;
use turnbuckle_core::verify::{
    Comparison, Explanation, Post, SENDER_NAMES, Scheme, explain, sender,
};
use turnbuckle_server::clock::SystemClock;
use turnbuckle_store::clock::Clock as _;

use super::output::Output;

#[derive(Args)]
pub struct Arguments {
    /// The request as it came: headers, an empty line, the body. A request line may stand first.
    request: Option<PathBuf>,
    /// A known sender, e.g. github.
    #[arg(long, required_unless_present = "scheme", conflicts_with = "scheme")]
    sender: Option<String>,
    /// A file with the scheme of another sender, as a source declares it.
    #[arg(long, value_name = "FILE")]
    scheme: Option<PathBuf>,
    /// The sender's secret; may be given several times.
    #[arg(long, required_unless_present = "secret_file")]
    secret: Vec<String>,
    /// A file with a secret on each line, which no list of processes shows.
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// A header, `name: value`; may be given several times, beside or instead of a file.
    #[arg(long)]
    header: Vec<String>,
    /// A file with the body alone, byte for byte.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The URL that the sender called; otherwise `https://` with `Host` and the request line.
    #[arg(long)]
    url: Option<String>,
    /// The method; otherwise that of the request line, or POST.
    #[arg(long)]
    method: Option<String>,
    /// When it came, e.g. 2026-01-31T09:30:00Z; otherwise now.
    #[arg(long, value_name = "TIME")]
    at: Option<jiff::Timestamp>,
    /// Show what was signed, where signatures differ and the usual causes.
    #[arg(long)]
    explain: bool,
}

/// A request in pieces.
#[derive(Default)]
struct Stored {
    method: Option<String>,
    target: Option<String>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

pub fn run(arguments: &Arguments, output: Output) -> anyhow::Result<()> {
    let scheme = arguments.scheme()?;
    let secrets = arguments.secrets()?;
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let stored = arguments.stored()?;
    let url = arguments.url(&stored);
    let headers: Vec<(&str, &[u8])> =
        stored.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    let method = arguments.method.as_deref().or(stored.method.as_deref()).unwrap_or("POST");
    let post = Post { method, url: &url, headers: &headers, body: &stored.body };
    let now: UnixMs = match arguments.at {
        Some(at) => at.as_millisecond(),
        None => SystemClock.now(),
    };
    let found = explain(&scheme, &secrets, &post, now).map_err(|(index, must)| {
        anyhow::anyhow!("secret {}: a secret of this sender {must}", index + 1)
    })?;
    match arguments.explain {
        true => output.answer(&to_json(&found), || to_text(&found))?,
        false if found.outcome.is_ok() => {
            output.answer(&json!({"verified": true}), || "verified".to_owned())?;
        }
        false => {}
    }
    match found.outcome {
        Ok(()) => Ok(()),
        Err(refusal) => bail!("it does not verify: {refusal}"),
    }
}

impl Arguments {
    fn scheme(&self) -> anyhow::Result<Scheme> {
        if let Some(name) = &self.sender {
            return sender(name).with_context(|| {
                format!("`{name}` is not a known sender; known are {}", SENDER_NAMES.join(", "))
            });
        }
        let path = self.scheme.as_deref().context("name a sender or a scheme")?;
        let document = serde_json::from_slice(&read(path)?)
            .with_context(|| format!("{} is not JSON", path.display()))?;
        Scheme::parse(&document).map_err(|invalids| {
            let details: Vec<_> = invalids.iter().map(Invalid::to_string).collect();
            anyhow::anyhow!("{}: {}", path.display(), details.join("; "))
        })
    }

    fn secrets(&self) -> anyhow::Result<Vec<String>> {
        let mut secrets = self.secret.clone();
        if let Some(path) = &self.secret_file {
            let text = String::from_utf8(read(path)?).context("the secrets are not text")?;
            secrets.extend(text.lines().filter(|line| !line.is_empty()).map(str::to_owned));
        }
        Ok(secrets)
    }

    fn stored(&self) -> anyhow::Result<Stored> {
        let mut stored = match &self.request {
            Some(path) => parse(&read(path)?).with_context(|| path.display().to_string())?,
            None => Stored::default(),
        };
        for header in &self.header {
            stored.headers.push(parse_header(header.as_bytes())?);
        }
        if let Some(path) = &self.body {
            stored.body = read(path)?;
        }
        Ok(stored)
    }

    fn url(&self, stored: &Stored) -> String {
        if let Some(url) = &self.url {
            return url.clone();
        }
        let target = stored.target.as_deref().unwrap_or("/");
        if target.contains("://") {
            return target.to_owned();
        }
        let host = stored.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
        let host = host.map(|(_, value)| String::from_utf8_lossy(value).into_owned());
        format!("https://{}{target}", host.unwrap_or_default())
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Splits a request into its pieces; its body is what stands behind the first empty line.
fn parse(request: &[u8]) -> anyhow::Result<Stored> {
    let mut stored = Stored::default();
    let mut rest = request;
    let mut is_first = true;
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = rest[..end].trim_ascii_end();
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() {
            stored.body = rest.to_vec();
            break;
        }
        let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
        match words.as_slice() {
            [method, target, version] if is_first && version.starts_with(b"HTTP/") => {
                stored.method = Some(String::from_utf8_lossy(method).into_owned());
                stored.target = Some(String::from_utf8_lossy(target).into_owned());
            }
            _ => stored.headers.push(parse_header(line)?),
        }
        is_first = false;
    }
    Ok(stored)
}

fn parse_header(line: &[u8]) -> anyhow::Result<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':').filter(|at| 0 < *at);
    let colon = colon.with_context(|| {
        format!("`{}` is not a header: write `name: value`", String::from_utf8_lossy(line))
    })?;
    let name = String::from_utf8_lossy(&line[..colon]).trim().to_owned();
    Ok((name, line[colon + 1..].trim_ascii().to_vec()))
}

fn to_json(found: &Explanation) -> Value {
    let comparison = |it: &Comparison| {
        json!({
            "secret": it.secret_index + 1, "received": it.received, "expected": it.expected,
            "differs_at": it.differs_at,
        })
    };
    json!({
        "verified": found.outcome.is_ok(),
        "reason": found.outcome.as_ref().err().map(ToString::to_string),
        "signed": found.signed.as_deref().map(String::from_utf8_lossy),
        "comparisons": found.comparisons.iter().map(comparison).collect::<Vec<_>>(),
        "causes": found.causes,
    })
}

fn to_text(found: &Explanation) -> String {
    let mut lines = Vec::new();
    match &found.outcome {
        Ok(()) => lines.push("verified".to_owned()),
        Err(refusal) => lines.push(format!("refused: {refusal}")),
    }
    if let Some(signed) = &found.signed {
        lines.push(format!("signed, {} bytes: {}", signed.len(), shown(signed)));
    }
    for comparison in &found.comparisons {
        let Comparison { secret_index, received, expected, differs_at } = comparison;
        lines.push(format!("secret {}", secret_index + 1));
        lines.push(format!("  received:  {received}"));
        match (expected, differs_at) {
            (None, _) => lines.push("  a public key tells only whether it matches".to_owned()),
            (Some(expected), None) => lines.push(format!("  should be: {expected}")),
            (Some(expected), Some(at)) => {
                lines.push(format!("  should be: {expected}"));
                lines.push(format!("  {:at$}           ^ byte {at} differs", ""));
            }
        }
    }
    if !found.causes.is_empty() {
        lines.push("likely causes".to_owned());
        lines.extend(found.causes.iter().map(|cause| format!("- {cause}")));
    }
    lines.join("\n")
}

/// Bytes for reading: text as it is, with escapes for what a terminal would not show.
fn shown(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) => text.escape_debug().to_string().replace("\\\"", "\"").replace("\\'", "'"),
        Err(_) => bytes.escape_ascii().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_request_is_split_at_its_first_empty_line() {
        let stored = parse(b"POST /a?b HTTP/1.1\r\nHost: h\r\nx:  y \r\n\r\n{\r\n\r\n}\n").unwrap();
        assert_eq!(
            (stored.method.as_deref(), stored.target.as_deref()),
            (Some("POST"), Some("/a?b"))
        );
        assert_eq!(stored.headers[1], ("x".to_owned(), b"y".to_vec()));
        assert_eq!(stored.body, b"{\r\n\r\n}\n");
        let bare = parse(b"x-a: POST / HTTP/1.1\n\nbody").unwrap();
        assert_eq!((bare.headers.len(), bare.body.as_slice()), (1, b"body".as_slice()));
        assert_eq!(parse(b"").unwrap().body, b"");
        assert!(
            parse(b"{\"a\":1}").is_ok_and(|it| it.headers.len() == 1) && parse(b"body").is_err()
        );
    }
}
