//! Resolves host names to the addresses that may be called.

use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;

use futures_util::future::BoxFuture;
use hyper_util::client::legacy::connect::dns::Name;
use tower::Service;

use super::{EgressError, EgressPolicy};

/// What it returns is what the client connects to.
#[derive(Debug, Clone)]
pub(super) struct GuardedResolver {
    pub policy: Arc<EgressPolicy>,
}

impl GuardedResolver {
    async fn addresses(policy: &EgressPolicy, host: &str) -> Result<Vec<SocketAddr>, EgressError> {
        // The client puts the URL's port in place of 0.
        let found = tokio::net::lookup_host((host, 0))
            .await
            .map_err(|_| EgressError::Unresolved { host: host.to_owned() })?;
        policy.admit(host, found)
    }
}

impl Service<Name> for GuardedResolver {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = EgressError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let policy = self.policy.clone();
        Box::pin(async move { Ok(Self::addresses(&policy, name.as_str()).await?.into_iter()) })
    }
}
