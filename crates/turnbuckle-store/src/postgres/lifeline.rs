//! Cuts the connections to a server that hangs.
//!
//! A server that goes away says so, or its machine does. One that hangs, as a process that
//! is stopped, does not: its machine takes what is sent, and whoever waits for an answer
//! waits for ever. Who acts: the task that says once a second that this process is there
//! ([`crate::postgres::processes`]). When it gets no answer it cuts all connections, its
//! own included. Calls that are under way fail as if the server had gone, and the next
//! ones connect anew.

use std::pin::Pin;

use deadpool_postgres::Connect;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};

use crate::postgres::tls::Tls;

/// What the connections of a pool hang on.
#[derive(Clone, Default)]
pub struct Lifeline(watch::Sender<()>);

impl Lifeline {
    /// Ends the connections that were made until now.
    pub fn cut(&self) {
        self.0.send_replace(());
    }
}

/// Makes connections that hang on a lifeline.
pub struct Connecting {
    pub tls: Tls,
    pub lifeline: Lifeline,
}

type Connected = Result<(Client, JoinHandle<()>), Error>;

impl Connect for Connecting {
    fn connect(&self, settings: &Config) -> Pin<Box<dyn Future<Output = Connected> + Send + '_>> {
        let (settings, tls) = (settings.clone(), self.tls.clone());
        let mut cut = self.lifeline.0.subscribe();
        Box::pin(async move {
            let (client, connection) = settings.connect(tls).await?;
            let driving = async move {
                tokio::select! {
                    ended = connection => if let Err(error) = ended {
                        tracing::debug!(%error, "a connection to the database broke");
                    },
                    _ = cut.changed() => {}
                }
            };
            #[expect(clippy::disallowed_methods, reason = "it ends with its client, or is cut")]
            let driver = tokio::spawn(driving);
            Ok((client, driver))
        })
    }
}
