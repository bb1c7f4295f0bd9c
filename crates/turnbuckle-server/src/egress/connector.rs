//! Connections to what may be called: the name is resolved, the connection made
//! and TLS agreed on within one bound of time.

use std::error::Error;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::Service;

use super::resolver::GuardedResolver;
use super::{EgressError, EgressPolicy};

#[derive(Debug, Clone)]
pub(super) struct Connector {
    https: HttpsConnector<HttpConnector<GuardedResolver>>,
    timeout: Duration,
}

impl Connector {
    pub fn new(policy: Arc<EgressPolicy>, timeout: Duration) -> Self {
        let mut http = HttpConnector::new_with_resolver(GuardedResolver { policy });
        // TLS is agreed on above it.
        http.enforce_http(false);
        http.set_nodelay(true);
        let provider = rustls::crypto::ring::default_provider();
        let builder = HttpsConnectorBuilder::new().with_provider_and_native_roots(provider.clone());
        let builder = match builder {
            Ok(with_roots) => with_roots,
            Err(error) => {
                // A container without root certificates can still call http URLs.
                tracing::warn!(%error, "no root certificates found, https calls will fail");
                let config = ClientConfig::builder_with_provider(Arc::new(provider))
                    .with_safe_default_protocol_versions()
                    .expect("ring serves every version of TLS that rustls does")
                    .with_root_certificates(RootCertStore::empty())
                    .with_no_client_auth();
                HttpsConnectorBuilder::new().with_tls_config(config)
            }
        };
        Self { https: builder.https_or_http().enable_http1().wrap_connector(http), timeout }
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<TokioIo<TcpStream>>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.https.poll_ready(context)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, limit) = (self.https.call(uri), self.timeout);
        Box::pin(async move {
            let after_ms = limit.as_millis();
            timeout(limit, connecting)
                .await
                .unwrap_or_else(|_| Err(EgressError::Timeout { after_ms }.into()))
        })
    }
}
