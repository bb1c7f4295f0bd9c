//! The address under which a caller reaches this server.
//!
//! It stands in URLs that we show. `public_url` wins; without it the address is
//! the request's own: its `Host`, or what a trusted proxy says the caller
//! asked for. From anyone else `X-Forwarded-*` is ignored, so that nobody can
//! make us show an address of theirs to somebody else.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::HeaderMap;
use http::header::HOST;
use http::request::Parts;
use http::uri::Authority;

use crate::app::App;
use crate::config::Config;

/// Scheme and host without a slash at the end: a path can follow.
pub struct BaseUrl(pub String);

impl FromRequestParts<App> for BaseUrl {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map(|ConnectInfo(peer)| peer.ip());
        Ok(Self(base_url(&app.config, &parts.headers, peer)))
    }
}

/// The address that a request with these headers was sent to; `peer` sent it.
pub fn base_url(config: &Config, headers: &HeaderMap, peer: Option<IpAddr>) -> String {
    if let Some(url) = &config.public_url {
        return url.clone();
    }
    let is_trusted =
        peer.is_some_and(|peer| config.trusted_proxies.iter().any(|it| it.contains(peer)));
    let forwarded = |name: &str| headers.get(name).filter(|_| is_trusted).and_then(first);
    let scheme = match forwarded("x-forwarded-proto") {
        Some("https") => "https",
        _ => "http",
    };
    let host = forwarded("x-forwarded-host").or_else(|| headers.get(HOST).and_then(first));
    // What is not a host would end up in pages and documents as it is.
    match host.and_then(|host| host.parse::<Authority>().ok()) {
        Some(host) if !host.as_str().contains('@') => format!("{scheme}://{host}"),
        _ => format!("{scheme}://{}", config.listen),
    }
}

/// The first of the values that proxies put one behind the other.
fn first(value: &http::HeaderValue) -> Option<&str> {
    value.to_str().ok()?.split(',').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn config(variables: &[(&str, &str)]) -> Config {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = variables.iter().map(owned).collect();
        Config::load(&Sources { environment, ..Sources::default() }).unwrap()
    }

    #[track_caller]
    fn check(config: &Config, peer: &str, headers: &[(&'static str, &str)], expect: &str) {
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
        let found = base_url(config, &headers.collect(), Some(peer.parse().unwrap()));
        assert_eq!(found, expect);
    }

    #[test]
    fn the_request_names_its_host() {
        let config = config(&[]);
        check(&config, "192.0.2.1", &[("host", "hub.example")], "http://hub.example");
        check(&config, "192.0.2.1", &[("host", "[::1]:8080")], "http://[::1]:8080");
        check(&config, "192.0.2.1", &[], "http://127.0.0.1:8080");
        for odd in ["a b", "a/b", "user@hub.example", "\"><script>"] {
            check(&config, "192.0.2.1", &[("host", odd)], "http://127.0.0.1:8080");
        }
    }

    #[test]
    fn the_public_url_wins() {
        let config = config(&[("TURNBUCKLE_PUBLIC_URL", "https://hub.example/")]);
        check(&config, "192.0.2.1", &[("host", "other.example")], "https://hub.example");
    }

    #[test]
    fn only_a_trusted_proxy_may_say_what_was_asked_for() {
        let config = config(&[("TURNBUCKLE_TRUSTED_PROXIES", "10.0.0.0/8")]);
        let headers = [
            ("host", "inner:8080"),
            ("x-forwarded-proto", "https, http"),
            ("x-forwarded-host", "hub.example, inner"),
        ];
        check(&config, "10.1.2.3", &headers, "https://hub.example");
        check(&config, "192.0.2.1", &headers, "http://inner:8080");
    }
}
