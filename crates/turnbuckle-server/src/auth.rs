//! Who calls, and what they may do.
//!
//! A caller is an API key set (Basic auth, `publishable:secret`), or somebody who signed in
//! to the console and has a role ([`crate::sign_in`]). A handler
//! says what it needs by the extractor in its signature: [`CanRead`],
//! [`CanWrite`], [`CanInvoke`], [`CanManage`] or [`CanOperate`]. Where a route has a
//! `{connection}` in its path, a key that is bound to one connection may pass
//! if it is that one; everywhere else it may not.
//!
//! | scope | may |
//! |---|---|
//! | `all` | read, write, follow and manage its workspace |
//! | `read` | read: whatever changes nothing |
//! | `ingest` | write records and invoke create, update and delete events; is answered ids, no data |
//! | `connection:<id>` | everything on that connection, nothing else |
//! | `operator` | manage workspaces |

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::extract::{ConnectInfo, FromRequestParts, RawPathParams};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use turnbuckle_core::id::{KeyId, UnixMs, WorkspaceId};
use turnbuckle_store::api_key::ApiKey;
use turnbuckle_store::user::{Role, User};

use crate::app::App;
use crate::config::Config;
use crate::egress::Cidr;
use crate::problem::{ApiError, Problem};
use crate::sign_in::{CONSOLE_HEADER, session_hash, session_token};

/// An authenticated caller.
#[derive(Debug, Clone)]
pub struct Caller {
    pub workspace: WorkspaceId,
    pub who: Who,
    /// The connection that the route names.
    connection: Option<String>,
}

/// Who calls: a key that may be used from where it is used, or somebody who signed in.
#[derive(Debug, Clone)]
pub enum Who {
    Key(Arc<ApiKey>),
    User(Arc<User>),
}

impl Who {
    /// Of the key set or the user.
    pub fn id(&self) -> String {
        match self {
            Self::Key(key) => key.id.to_string(),
            Self::User(user) => user.id.to_string(),
        }
    }

    pub fn workspace(&self) -> WorkspaceId {
        match self {
            Self::Key(key) => key.workspace,
            Self::User(user) => user.workspace,
        }
    }

    fn may(&self, access: Access, connection: Option<&str>) -> bool {
        match self {
            Self::Key(key) => key.scopes.iter().any(|scope| allows(scope, access, connection)),
            Self::User(user) => is_for(user.role, access),
        }
    }
}

impl Caller {
    /// Whether it may read where it calls. One that may only write is told which record it
    /// wrote, not what is in it.
    pub fn may_read(&self) -> bool {
        self.may(Access::Read)
    }

    /// Whether it may manage the whole workspace, not only the connection where it calls.
    pub fn may_manage_workspace(&self) -> bool {
        self.who.may(Access::Manage, None)
    }

    pub fn is_operator(&self) -> bool {
        self.may(Access::Operate)
    }

    fn may(&self, access: Access) -> bool {
        self.who.may(access, self.connection.as_deref())
    }

    fn authorized(self, app: &App, access: Access) -> Result<Self, ApiError> {
        if !self.may(access) {
            return Err(self.refusal());
        }
        self.note_use(app);
        Ok(self)
    }

    fn note_use(&self, app: &App) {
        if let Who::Key(key) = &self.who {
            app.key_uses.note(key.id, app.now());
        }
    }

    fn refusal(&self) -> ApiError {
        let detail = match &self.who {
            Who::Key(key) => {
                format!("this key has the scopes {:?}, which do not allow this", key.scopes)
            }
            Who::User(user) => format!("the role of `{}` does not allow this", user.name),
        };
        ApiError::new(Problem::Forbidden, detail)
    }
}

/// What a handler needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
    Manage,
    /// Key sets and users.
    Administer,
    Operate,
}

/// May read.
pub struct CanRead(pub Caller);
/// May write records.
pub struct CanWrite(pub Caller);
/// May read what is listed of the connection that the query names, or of all of them.
pub struct CanReadOf(pub Caller);
/// May read or write records. Which of both an invocation needs is known once
/// its event is.
pub struct CanInvoke(Caller);
/// May change what the workspace has configured and follows.
pub struct CanManage(pub Caller);
/// May say who may do what in the workspace.
pub struct CanAdminister(pub Caller);
/// May manage workspaces.
pub struct CanOperate(pub Caller);

impl FromRequestParts<App> for CanRead {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        authorize(parts, app, Access::Read).await.map(Self)
    }
}

impl FromRequestParts<App> for CanReadOf {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let mut caller = identify(parts, app).await?;
        caller.connection = connection_in_query(parts);
        caller.authorized(app, Access::Read).map(Self)
    }
}

impl FromRequestParts<App> for CanWrite {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        authorize(parts, app, Access::Write).await.map(Self)
    }
}

impl FromRequestParts<App> for CanInvoke {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = identify(parts, app).await?;
        if !caller.may(Access::Read) && !caller.may(Access::Write) {
            return Err(caller.refusal());
        }
        caller.note_use(app);
        Ok(Self(caller))
    }
}

impl CanInvoke {
    /// Of the workspace that is invoked in; says nothing of what the caller may do there.
    pub fn workspace(&self) -> WorkspaceId {
        self.0.workspace
    }

    /// # Errors
    /// 403 unless the caller may read.
    pub fn to_read(self) -> Result<Caller, ApiError> {
        self.given(Access::Read, "this key may not read records")
    }

    /// # Errors
    /// 403 unless the caller may write records.
    pub fn to_write(self) -> Result<Caller, ApiError> {
        self.given(Access::Write, "this key may not write records")
    }

    fn given(self, access: Access, detail: &str) -> Result<Caller, ApiError> {
        if self.0.may(access) { Ok(self.0) } else { Err(ApiError::new(Problem::Forbidden, detail)) }
    }
}

impl FromRequestParts<App> for CanManage {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        authorize(parts, app, Access::Manage).await.map(Self)
    }
}

impl FromRequestParts<App> for CanAdminister {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        authorize(parts, app, Access::Administer).await.map(Self)
    }
}

impl FromRequestParts<App> for CanOperate {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        authorize(parts, app, Access::Operate).await.map(Self)
    }
}

async fn authorize(parts: &mut Parts, app: &App, access: Access) -> Result<Caller, ApiError> {
    identify(parts, app).await?.authorized(app, access)
}

async fn identify(parts: &mut Parts, app: &App) -> Result<Caller, ApiError> {
    let who = authenticate(parts, app).await?;
    let connection = connection_in_path(parts, app).await;
    Ok(Caller { workspace: who.workspace(), who, connection })
}

/// Who calls: whoever's key set the request carries, else whoever's session.
///
/// # Errors
/// [`Problem::Unauthorized`] or [`Problem::Forbidden`].
pub async fn authenticate(parts: &Parts, app: &App) -> Result<Who, ApiError> {
    if !parts.headers.contains_key(AUTHORIZATION)
        && let Some(user) = signed_in(parts, app).await?
    {
        return Ok(Who::User(user));
    }
    authenticate_key(parts, app).await.map(Who::Key)
}

/// The user whose session a request carries.
///
/// # Errors
/// [`Problem::Forbidden`] of one that would change something and may be another page's.
async fn signed_in(parts: &Parts, app: &App) -> Result<Option<Arc<User>>, ApiError> {
    let Some(token) = session_token(&parts.headers) else { return Ok(None) };
    let Some(user) = app.store.session_user(&session_hash(token), app.now()).await? else {
        return Ok(None);
    };
    if !parts.method.is_safe() && !parts.headers.contains_key(CONSOLE_HEADER) {
        let detail = "a session changes something only with the header `x-turnbuckle-console`";
        return Err(ApiError::new(Problem::Forbidden, detail));
    }
    Ok(Some(Arc::new(user)))
}

/// Somebody who has signed in.
pub struct SignedIn(pub Arc<User>);

impl FromRequestParts<App> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let found = signed_in(parts, app).await?;
        let refused = || ApiError::new(Problem::Unauthorized, "nobody is signed in");
        found.map(Self).ok_or_else(refused)
    }
}

/// Where a request comes from, if that is known.
pub struct Address(pub Option<IpAddr>);

impl FromRequestParts<App> for Address {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(peer(parts).map(|peer| client_address(&parts.headers, peer, &app.config))))
    }
}

/// The key set that a request carries, if it may be used from where it comes.
async fn authenticate_key(parts: &Parts, app: &App) -> Result<Arc<ApiKey>, ApiError> {
    let key = find_key(&parts.headers, app).await?;
    if !key.addresses.is_empty() {
        let address = peer(parts).map(|peer| client_address(&parts.headers, peer, &app.config));
        if !address.is_some_and(|address| admits(&key.addresses, address)) {
            let detail = "this key may not be used from this address";
            return Err(ApiError::new(Problem::Forbidden, detail));
        }
    }
    Ok(key)
}

async fn find_key(headers: &HeaderMap, app: &App) -> Result<Arc<ApiKey>, ApiError> {
    let unauthorized = |detail: &str| ApiError::new(Problem::Unauthorized, detail);
    let (publishable, secret) = basic(headers).ok_or_else(|| {
        unauthorized("send Basic auth with the publishable key as user and the secret as password")
    })?;
    let key = app.catalog.api_key(&publishable).await?;
    let given: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
    // Compared also when there is no such key, so that both take the same time.
    let known = key.as_ref().map_or([0; 32], |key| key.secret_hash);
    let is_right: bool = given.ct_eq(&known).into();
    key.filter(|_| is_right).ok_or_else(|| unauthorized("no such key, or the secret is wrong"))
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (publishable, secret) = decoded.split_once(':')?;
    Some((publishable.to_owned(), secret.to_owned()))
}

/// Whether a scope allows this access, on `connection` where the route has one.
fn allows(scope: &str, access: Access, connection: Option<&str>) -> bool {
    match scope {
        "all" => access != Access::Operate,
        "read" => access == Access::Read,
        "ingest" => access == Access::Write,
        "operator" => access == Access::Operate,
        _ => {
            !matches!(access, Access::Administer | Access::Operate)
                && connection.is_some()
                && connection_of_scope(scope) == connection
        }
    }
}

/// Whether users of a role have this access.
fn is_for(role: Role, access: Access) -> bool {
    match role {
        Role::Admin => access != Access::Operate,
        Role::Editor => !matches!(access, Access::Administer | Access::Operate),
        Role::Viewer => access == Access::Read,
    }
}

/// The connection that a scope is bound to.
pub fn connection_of_scope(scope: &str) -> Option<&str> {
    scope.strip_prefix("connection:").filter(|id| !id.is_empty())
}

/// Whether a scope is one that a key may have.
pub fn is_scope(scope: &str) -> bool {
    matches!(scope, "all" | "read" | "ingest" | "operator") || connection_of_scope(scope).is_some()
}

async fn connection_in_path(parts: &mut Parts, app: &App) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, app).await.ok()?;
    params.iter().find(|(name, _)| *name == "connection").map(|(_, value)| value.to_owned())
}

fn connection_in_query(parts: &Parts) -> Option<String> {
    let mut pairs = url::form_urlencoded::parse(parts.uri.query()?.as_bytes());
    pairs.find(|(name, _)| name == "connection").map(|(_, value)| value.into_owned())
}

fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip())
}

fn admits(addresses: &[String], address: IpAddr) -> bool {
    addresses.iter().filter_map(|text| text.parse::<Cidr>().ok()).any(|it| it.contains(address))
}

/// The address that a request came from, as far as trusted proxies tell: the
/// last one in `X-Forwarded-For` that is not itself a trusted proxy.
pub fn client_address(headers: &HeaderMap, peer: IpAddr, config: &Config) -> IpAddr {
    let is_trusted =
        |address: IpAddr| config.trusted_proxies.iter().any(|proxy| proxy.contains(address));
    if !is_trusted(peer) {
        return peer;
    }
    let forwarded = headers.get_all("x-forwarded-for").iter().filter_map(|it| it.to_str().ok());
    let mut hops: Vec<IpAddr> =
        forwarded.flat_map(|it| it.split(',')).filter_map(|it| it.trim().parse().ok()).collect();
    while let Some(hop) = hops.pop() {
        if !is_trusted(hop) || hops.is_empty() {
            return hop;
        }
    }
    peer
}

/// When keys were last used, written down now and then.
#[derive(Default)]
pub struct KeyUses(Mutex<HashMap<KeyId, UnixMs>>);

impl KeyUses {
    fn note(&self, key: KeyId, at: UnixMs) {
        self.0.lock().expect("no code panics holding the map").insert(key, at);
    }

    /// What was noted since the last call.
    pub fn take(&self) -> Vec<(KeyId, UnixMs)> {
        self.0.lock().expect("no code panics holding the map").drain().collect()
    }
}

/// Whether the caller may see keys that stand in URLs: who may manage them.
pub struct ShowsKeys(pub bool);

impl FromRequestParts<App> for ShowsKeys {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(CanManage::from_request_parts(parts, app).await.is_ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_allows_what_its_name_says() {
        use Access::{Administer, Manage, Operate, Read, Write};
        let check = |scope, connection, expect: [bool; 5]| {
            let got =
                [Read, Write, Manage, Administer, Operate].map(|it| allows(scope, it, connection));
            assert_eq!(got, expect, "{scope} on {connection:?}");
        };
        check("all", None, [true, true, true, true, false]);
        check("read", Some("a"), [true, false, false, false, false]);
        check("ingest", Some("a"), [false, true, false, false, false]);
        check("operator", None, [false, false, false, false, true]);
        check("connection:a", Some("a"), [true, true, true, false, false]);
        check("connection:a", Some("b"), [false; 5]);
        check("connection:a", None, [false; 5]);
        check("connection:", None, [false; 5]);
        check("nonsense", Some("nonsense"), [false; 5]);
        let of = |role| [Read, Write, Manage, Administer, Operate].map(|it| is_for(role, it));
        assert_eq!(of(Role::Admin), [true, true, true, true, false]);
        assert_eq!(of(Role::Editor), [true, true, true, false, false]);
        assert_eq!(of(Role::Viewer), [true, false, false, false, false]);
    }
}
