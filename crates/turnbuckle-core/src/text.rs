//! Texts that people give: names and labels, and addresses of the web.

use std::ops::RangeInclusive;

use url::Url;

/// Checks a name or a label: one line of so many characters, not all blank.
///
/// # Errors
/// What it must be, to follow the name of the member.
pub fn check_line(text: &str, chars: RangeInclusive<usize>) -> Result<(), String> {
    let fits = chars.contains(&text.chars().count());
    let is_blank = !text.is_empty() && text.trim().is_empty();
    if fits && !is_blank && !text.contains(char::is_control) {
        return Ok(());
    }
    let (min, max) = chars.into_inner();
    let count = if min == 0 { format!("at most {max}") } else { format!("{min} to {max}") };
    Err(format!("must be one line of {count} characters, not all blank"))
}

/// Reads a whole URL of `http` or `https`, without a user name or password.
///
/// # Errors
/// What it must be, to follow the name of the member.
pub fn web_url(text: &str) -> Result<Url, String> {
    // The parser would drop these without a word.
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("must be a URL without spaces".to_owned());
    }
    // It also takes `http:host` and `http:///host` for `http://host`.
    let scheme = text.split_once("://").filter(|(scheme, rest)| {
        ["http", "https"].iter().any(|it| it.eq_ignore_ascii_case(scheme))
            && !rest.starts_with(['/', '\\'])
    });
    if scheme.is_none() {
        return Err("must be a whole URL, `http://…` or `https://…`".to_owned());
    }
    let url = Url::parse(text).map_err(|error| format!("must be a URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password".to_owned());
    }
    if url.port() == Some(0) {
        return Err("must not name port 0".to_owned());
    }
    Ok(url)
}

/// The origin of web pages as browsers send it: `https://example.com`. `None` of what has a path,
/// a query or a user name, which would be dropped without a word.
pub fn web_origin(text: &str) -> Option<String> {
    let url = web_url(text).ok()?;
    let origin = url.origin().ascii_serialization();
    (url.as_str() == format!("{origin}/")).then_some(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_something_to_read() {
        for good in ["a", " a ", "Größe 12 – „neu“", "日本"] {
            assert_eq!(check_line(good, 1..=20), Ok(()), "{good:?}");
        }
        assert_eq!(check_line("", 0..=20), Ok(()));
        for bad in ["", " ", "\u{a0}", "a\nb", "a\0", "\t", "\u{85}", &"x".repeat(21)] {
            assert!(check_line(bad, 1..=20).is_err(), "{bad:?}");
        }
        assert!(check_line("  ", 0..=20).is_err());
    }

    #[test]
    fn a_web_url_is_whole() {
        for good in
            ["http://a", "HTTPS://a.example:8443/p?q=1#f", "http://[::1]:80/", "https://ä.de"]
        {
            assert!(web_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "a",
            "//a",
            "http:a",
            "http:/a",
            "http:///a",
            "http://\\a",
            "http://",
            "https://?q",
            "ftp://a",
            "javascript://a",
            "http://a b",
            "http://a\r\nb",
            " http://a",
            "http://u@a",
            "http://u:p@a",
            "http://:p@a",
            "http://a:0",
            "http://a:65536",
        ] {
            assert!(web_url(bad).is_err(), "{bad:?}");
        }
    }
}
