//! The page that a browser sees of a bin.
//!
//! Everything on it came from strangers: every value is escaped, and the page
//! may load and run nothing, which its policy says to the browser as well. Its
//! address is a secret, so it tells no other site where it was seen.

use std::fmt::Write;

use axum::response::{Html, IntoResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use sha2::{Digest, Sha256};
use turnbuckle_store::bin::Bin;

use super::{BinRequestView, BinRequestsAnswer};
use crate::api::inbound_events::BodyEncoding;
use crate::api::time::rfc3339;

/// Bytes of a body that the page shows; the API shows all.
const SHOWN_BYTES_MAX: usize = 65_536;

const REFRESH_SECONDS: u32 = 5;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#8882;--dim:#888}\
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1.5rem 1rem}\
h1{font-size:1.3rem;margin:0}\
p,dt{color:var(--dim);margin:.25rem 0}\
article{border:1px solid var(--line);border-radius:.5rem;margin:1rem 0;overflow:hidden}\
header{display:flex;gap:1rem;flex-wrap:wrap;background:var(--soft);padding:.5rem .75rem}\
time{color:var(--dim);margin-left:auto}\
code,pre,dl{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}\
pre{white-space:pre-wrap;margin:0;padding:.75rem}\
details{border-top:1px solid var(--line);padding:.35rem .75rem}\
summary{cursor:pointer;color:var(--dim)}\
dl{display:grid;grid-template-columns:minmax(8rem,max-content) 1fr;gap:0 1rem;margin:.5rem 0}\
dt,dd{margin:0}\
";

/// The page with the headers that keep it harmless.
pub fn page(bin: &Bin, found: &BinRequestsAnswer) -> impl IntoResponse {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let headers: [(HeaderName, String); 4] = [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (REFERRER_POLICY, "no-referrer".to_owned()),
        (CACHE_CONTROL, "no-store".to_owned()),
    ];
    let mut html = String::new();
    write_page(&mut html, bin, found).expect("writing to a string cannot fail");
    (headers, Html(html))
}

fn write_page(
    html: &mut String,
    bin: &Bin,
    found: &BinRequestsAnswer,
) -> Result<(), std::fmt::Error> {
    let name = Escaped(&bin.name);
    let title = if bin.label.is_empty() { "Bin" } else { bin.label.as_str() };
    let title = Escaped(title);
    let expires_at = rfc3339(bin.expires_at);
    write!(
        html,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"refresh\" content=\"{REFRESH_SECONDS}\">\
         <title>{title}</title><style>{STYLE}</style></head><body>\
         <h1>{title}</h1><p>What was sent to <code>/bin/{name}</code>, newest first. \
         Kept until {expires_at}; this page looks again every {REFRESH_SECONDS} s.</p>"
    )?;
    if found.requests.is_empty() {
        write!(
            html,
            "<p>Nothing yet. Make this address the URL of an endpoint, or post to it:</p>\
             <pre>curl -d '{{\"hello\":\"bin\"}}' …/bin/{name}</pre>"
        )?;
    }
    for request in &found.requests {
        write_request(html, request)?;
    }
    if found.page.has_more {
        write!(html, "<p>Older ones are kept too; ask for this address as JSON.</p>")?;
    }
    write!(html, "</body></html>")
}

fn write_request(html: &mut String, request: &BinRequestView) -> Result<(), std::fmt::Error> {
    let BinRequestView { number, at, method, query, body_bytes, .. } = request;
    let (method, query) = (Escaped(method), Escaped(query));
    write!(html, "<article><header><strong>{method}</strong>")?;
    if !request.query.is_empty() {
        write!(html, "<code>?{query}</code>")?;
    }
    write!(
        html,
        "<span>{body_bytes} bytes</span><time datetime=\"{at}\">#{number} · {at}</time></header>"
    )?;
    if !request.body.is_empty() {
        let end = request.body.floor_char_boundary(SHOWN_BYTES_MAX);
        let (shown, rest) = request.body.split_at(end);
        let note = match (request.body_encoding, rest.is_empty()) {
            (BodyEncoding::Text, true) => "",
            (BodyEncoding::Base64, true) => "\n(in Base64)",
            (BodyEncoding::Text, false) => "\n(cut)",
            (BodyEncoding::Base64, false) => "\n(in Base64, cut)",
        };
        write!(html, "<pre>{}{note}</pre>", Escaped(shown))?;
    }
    let count = request.headers.len();
    write!(html, "<details><summary>{count} headers</summary><dl>")?;
    for (name, value) in &request.headers {
        write!(html, "<dt>{}</dt><dd>{}</dd>", Escaped(name), Escaped(value))?;
    }
    write!(html, "</dl></details></article>")
}

/// Text that means nothing to a browser but itself, in elements and in
/// attributes within double quotes.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                character => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(
            Escaped("<script a=\"b\" c='d'>&amp;ü").to_string(),
            "&lt;script a=&quot;b&quot; c=&#39;d&#39;&gt;&amp;amp;ü"
        );
    }
}
