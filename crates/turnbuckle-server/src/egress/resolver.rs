//! Resolves host names to the addresses that may be called.

use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{EgressError, EgressPolicy};

/// What it returns is what the client connects to.
pub(super) struct GuardedResolver {
    pub policy: Arc<EgressPolicy>,
}

impl GuardedResolver {
    async fn addresses(policy: &EgressPolicy, host: &str) -> Result<Addrs, EgressError> {
        // The client puts the URL's port in place of 0.
        let found = tokio::net::lookup_host((host, 0))
            .await
            .map_err(|_| EgressError::Unresolved { host: host.to_owned() })?;
        Ok(Box::new(policy.admit(host, found)?.into_iter()))
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.policy.clone();
        Box::pin(async move { Ok(Self::addresses(&policy, name.as_str()).await?) })
    }
}
