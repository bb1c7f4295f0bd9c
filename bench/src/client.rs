//! One keep-alive HTTP/1.1 connection, driven by the task that uses it.
//!
//! No pool and no task beside: the generator must cost as little as it can,
//! since it shares its cores with what it measures.

use std::net::SocketAddr;
use std::pin::pin;

use anyhow::Context;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Sends requests, one after the other.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
}

pub struct Answer {
    pub status: StatusCode,
    pub body: Bytes,
}

impl Client {
    /// Sends and reads the whole answer. The URI is a path; `host` must be set.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body })
    }
}

/// Runs `work` with a connection to `address`.
///
/// # Errors
/// Those of `work`; if the connection cannot be made or breaks.
pub async fn connected<T, W>(
    address: SocketAddr,
    work: impl FnOnce(Client) -> W,
) -> anyhow::Result<T>
where
    W: Future<Output = anyhow::Result<T>>,
{
    let stream = TcpStream::connect(address).await.context("cannot connect")?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let mut connection = pin!(connection);
    let mut work = pin!(work(Client { sender }));
    tokio::select! {
        done = &mut work => done,
        closed = &mut connection => {
            closed.context("the connection broke")?;
            // Closed in good order: the last answer may still be on its way to `work`.
            work.await
        }
    }
}
