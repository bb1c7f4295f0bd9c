//! OAuth 2.0 as a client: where an end user is sent, and what a code is worth.
//!
//! The authorization code grant (RFC 6749 section 4.1), always with a proof key (RFC 7636):
//! providers that know none ignore it. Token endpoints are called by the guarded client, like
//! every address that is not ours. What a token endpoint answers is kept word for word: providers
//! say more in it than the standard names.
//!
//! Absent on purpose: whose wish it is ([`crate::authorizations`]), and fresh tokens for old ones,
//! which come with whoever calls a provider.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use indexmap::IndexMap;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use turnbuckle_connectors::auth::{ClientAuth, OAuth2, fill};
use turnbuckle_store::authorization::AuthorizationError;
use url::Url;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::egress::{CallBounds, GuardedClient};
use crate::secret::SecretText;

const BOUNDS: CallBounds =
    CallBounds { timeout: Duration::from_secs(15), body_bytes_max: 256 * 1024 };

/// What an end user typed, by the names of the fields.
pub type Typed = IndexMap<String, String>;

/// The app, as the provider knows it.
#[derive(Debug, Clone)]
pub struct Client {
    pub id: String,
    pub secret: SecretText,
}

/// One end user's way to the provider and back.
#[derive(Debug, Clone, Copy)]
pub struct Trip<'a> {
    pub provider: &'static OAuth2,
    pub client: &'a Client,
    /// Where the provider sends the browser; registered there.
    pub redirect_uri: &'a str,
    /// Proves to the token endpoint that it is us who asked.
    pub verifier: &'a str,
    pub typed: &'a Typed,
}

impl Trip<'_> {
    /// Where the end user consents; `None` while something that it needs was not typed.
    pub fn authorize_url(&self, state: &str) -> Option<Url> {
        let mut url = self.url(self.provider.authorize_url)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier));
        let mut query = url.query_pairs_mut();
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.client.id)
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("state", state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        if !self.provider.scopes.is_empty() {
            query.append_pair("scope", &self.provider.scopes.join(" "));
        }
        query.extend_pairs(self.provider.parameters);
        drop(query);
        Some(url)
    }

    /// Exchanges a code for tokens: what the token endpoint answered.
    ///
    /// # Errors
    /// In its own words where it has any.
    pub async fn exchange(
        &self,
        egress: &GuardedClient,
        code: &str,
    ) -> Result<Map<String, Value>, AuthorizationError> {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect_uri),
            ("code_verifier", self.verifier),
        ];
        let (is_success, body) = self.post(egress, self.provider.token_url, &form).await?;
        let answer: Option<Map<String, Value>> = serde_json::from_slice(&body).ok();
        let said = |name: &str| answer.as_ref()?.get(name)?.as_str();
        match (said("error"), said("access_token")) {
            (None, Some(_)) if is_success => Ok(answer.unwrap_or_default()),
            (Some(code), _) => {
                let message = said("error_description").unwrap_or("The CRM gave no tokens.");
                Err(AuthorizationError { code: code.to_owned(), message: message.to_owned() })
            }
            _ => Err(AuthorizationError {
                code: "server_error".to_owned(),
                message: "The CRM gave no tokens, and did not say why.".to_owned(),
            }),
        }
    }

    /// Takes tokens back (RFC 7009), at providers that do so: the one that is good for longest.
    ///
    /// # Errors
    /// If the provider cannot be reached, or refuses.
    pub async fn revoke(
        &self,
        egress: &GuardedClient,
        answer: &Map<String, Value>,
    ) -> Result<(), AuthorizationError> {
        let Some(url) = self.provider.revoke_url else { return Ok(()) };
        let named = ["refresh_token", "access_token"].into_iter();
        let Some((kind, token)) =
            named.filter_map(|it| Some((it, answer.get(it)?.as_str()?))).next()
        else {
            return Ok(());
        };
        let form = [("token", token), ("token_type_hint", kind)];
        match self.post(egress, url, &form).await? {
            (true, _) => Ok(()),
            (false, _) => Err(unavailable("the provider refused to take the token back")),
        }
    }

    /// Posts a form as the client; answers whether that succeeded, and the body.
    async fn post(
        &self,
        egress: &GuardedClient,
        url: &str,
        form: &[(&str, &str)],
    ) -> Result<(bool, Bytes), AuthorizationError> {
        let url = self.url(url).ok_or_else(|| unavailable("the address is not complete"))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, kind);
        let Client { id, secret } = self.client;
        let named: &[(&str, &str)] = match self.provider.client_auth {
            ClientAuth::Basic => {
                headers.insert(AUTHORIZATION, basic(self.client));
                &[]
            }
            ClientAuth::Form => &[("client_id", id), ("client_secret", secret.reveal())],
        };
        let body = Serializer::new(String::new()).extend_pairs(form).extend_pairs(named).finish();
        let body = Bytes::from(body);
        match egress.call(Method::POST, &url, headers, body, BOUNDS).await {
            Ok(answer) => Ok((answer.status.is_success(), answer.body)),
            Err(error) => Err(unavailable(&error.to_string())),
        }
    }

    fn url(&self, url: &str) -> Option<Url> {
        Url::parse(&fill(url, |name| self.typed.get(name).cloned())?).ok()
    }
}

fn unavailable(reason: &str) -> AuthorizationError {
    AuthorizationError {
        code: "temporarily_unavailable".to_owned(),
        message: format!("The CRM could not be reached: {reason}."),
    }
}

/// Id and secret are form-encoded first (RFC 6749 section 2.3.1).
fn basic(client: &Client) -> HeaderValue {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encode(&client.id), encode(client.secret.reveal()));
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
        .expect("base64 is a header value");
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROVIDER: OAuth2 = OAuth2 {
        authorize_url: "https://{shop}.crm.example/authorize?audience=api",
        token_url: "https://{shop}.crm.example/token",
        revoke_url: None,
        scopes: &["records", "offline"],
        parameters: &[("prompt", "consent")],
        client_auth: ClientAuth::Basic,
        prompt: None,
    };

    fn client() -> Client {
        Client { id: "id:1".to_owned(), secret: SecretText::new("a b") }
    }

    fn url_for(typed: &[(&str, &str)]) -> Option<Url> {
        let typed = typed.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let trip = Trip {
            provider: &PROVIDER,
            client: &client(),
            redirect_uri: "https://hub.example/back",
            // Of RFC 7636, appendix B.
            verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
            typed: &typed.collect(),
        };
        trip.authorize_url("xyz")
    }

    #[test]
    fn the_end_user_is_sent_to_consent() {
        let expected = "https://acme.crm.example/authorize?audience=api&response_type=code\
            &client_id=id%3A1&redirect_uri=https%3A%2F%2Fhub.example%2Fback&state=xyz\
            &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM\
            &code_challenge_method=S256&scope=records+offline&prompt=consent";
        assert_eq!(url_for(&[("shop", "acme")]).unwrap().as_str(), expected);
        assert_eq!(url_for(&[]), None);
        assert_eq!(url_for(&[("shop", "evil.example/")]), None);
    }

    #[test]
    fn a_client_names_itself_as_the_standard_says() {
        let expected = format!("Basic {}", STANDARD.encode("id%3A1:a+b"));
        assert_eq!(basic(&client()), expected);
    }
}
