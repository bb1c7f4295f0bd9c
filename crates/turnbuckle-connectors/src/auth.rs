//! How an end user authorises us at a provider.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthScheme {
    /// There is nobody to ask: the records are ours.
    None,
    /// The end user types what opens their account, such as an API key.
    Fields(&'static Prompt),
    /// OAuth 2.0 with an authorization code (RFC 6749 section 4.1) and PKCE (RFC 7636): the end
    /// user consents at the provider, which sends their browser back to us.
    OAuth2(&'static OAuth2),
}

/// What the end user types, and what they are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prompt {
    pub fields: &'static [Field],
    /// Where the end user finds it.
    pub instructions: Option<&'static str>,
}

/// One thing that the end user types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Field {
    /// Name of the member that it is handed over in.
    pub name: &'static str,
    pub label: &'static str,
    /// Shown behind it: `.zendesk.example`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<&'static str>,
    /// Whether it is not to be seen while it is typed.
    pub secret: bool,
}

/// An authorization server. The URLs may name what the end user typed, as `{name}`: it stands
/// there when it is one label of a host name ([`is_host_label`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OAuth2 {
    pub authorize_url: &'static str,
    pub token_url: &'static str,
    /// Where a token is taken back (RFC 7009), at providers that have it.
    pub revoke_url: Option<&'static str>,
    pub scopes: &'static [&'static str],
    /// Further members of the authorization request, such as `access_type`.
    pub parameters: &'static [(&'static str, &'static str)],
    /// How we name ourselves to the token endpoint.
    pub client_auth: ClientAuth,
    /// What must be known before the end user can be sent there: which host is theirs.
    pub prompt: Option<&'static Prompt>,
}

/// How a client authenticates at a token endpoint (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    Basic,
    /// `client_id` and `client_secret` in the form.
    Form,
}

impl AuthScheme {
    /// What the end user types first, if anything.
    pub fn prompt(self) -> Option<&'static Prompt> {
        match self {
            Self::None => None,
            Self::Fields(prompt) => Some(prompt),
            Self::OAuth2(it) => it.prompt,
        }
    }
}

/// By its name: `none`, `fields` or `oauth2`.
impl Serialize for AuthScheme {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::None => "none",
            Self::Fields(_) => "fields",
            Self::OAuth2(_) => "oauth2",
        })
    }
}

/// Puts what the end user typed into a URL; `None` if it names something that was not typed, or
/// that is not one label of a host name and could lead elsewhere.
pub fn fill(url: &str, typed: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut filled = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        filled.push_str(before);
        filled.push_str(&typed(name).filter(|it| is_host_label(it))?);
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// Whether a text is one label of a host name: letters, digits and hyphens, at most 63.
pub fn is_host_label(text: &str) -> bool {
    let is_part = |it: u8| it.is_ascii_alphanumeric() || it == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_stands_in_a_url_and_leads_nowhere_else() {
        let url = "https://{shop}.crm.example/token";
        let typed =
            |text: &'static str| move |name: &str| (name == "shop").then(|| text.to_owned());
        assert_eq!(fill(url, typed("acme")).unwrap(), "https://acme.crm.example/token");
        assert_eq!(fill("https://crm.example", typed("acme")).unwrap(), "https://crm.example");
        for odd in ["", "evil.example/", "a.b", "a@b", "a:1", "a/b", "a?b", "a#b", "ä", "a\nb"] {
            assert_eq!(fill(url, typed(odd)), None, "{odd}");
        }
        assert_eq!(fill("https://{other}.crm.example", typed("acme")), None);
        assert_eq!(fill("https://{shop", typed("acme")), None);
    }
}
