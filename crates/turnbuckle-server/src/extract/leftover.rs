//! Takes in what is left of a body that was answered before its end.
//!
//! An answer to a request whose body is still on its way would close the
//! connection under the sender, and most senders then report a broken pipe and
//! never look at the answer. So the rest is read and dropped first: up to
//! [`LEFTOVER_BYTES_MAX`], for as long as a body may take to arrive.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header::EXPECT;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::time::timeout;

use super::BodyBounds;

/// What is beyond it is not worth the line it comes over.
const LEFTOVER_BYTES_MAX: usize = 64 << 20;

/// A body of no more than this is in the buffers of the system when its head is read.
const BUFFERED_BYTES: u64 = 16 << 10;

/// Middleware of all routes.
pub async fn take_in_leftover(
    State(bounds): State<BodyBounds>,
    request: Request,
    next: Next,
) -> Response {
    let is_buffered = request.body().size_hint().upper().is_some_and(|it| it <= BUFFERED_BYTES);
    // Who waits for `100 Continue` sends nothing until it is asked for.
    if is_buffered || request.headers().contains_key(EXPECT) {
        return next.run(request).await;
    }
    let leftover = Leftover::default();
    let request = request.map(|body| Body::new(Lent { body: Some(body), back: leftover.clone() }));
    let response = next.run(request).await;
    let is_late = response.status() == StatusCode::REQUEST_TIMEOUT;
    if let Some(body) = leftover.take()
        && !is_late
    {
        // Whether it ended, broke off or took too long: the answer is the same.
        let _ = timeout(bounds.timeout, drop_frames(body)).await;
    }
    response
}

async fn drop_frames(mut body: Body) {
    let mut dropped = 0;
    while let Some(Ok(frame)) = body.frame().await {
        dropped += frame.data_ref().map_or(0, Bytes::len);
        if LEFTOVER_BYTES_MAX < dropped {
            break;
        }
    }
}

/// Where a body is put back that was not read to its end.
#[derive(Clone, Default)]
struct Leftover(Arc<Mutex<Option<Body>>>);

impl Leftover {
    fn take(&self) -> Option<Body> {
        self.0.lock().expect("no code panics holding it").take()
    }

    fn put(&self, body: Body) {
        *self.0.lock().expect("no code panics holding it") = Some(body);
    }
}

/// A body that goes back when it is dropped.
struct Lent {
    /// `None` only while it is dropped.
    body: Option<Body>,
    back: Leftover,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            self.back.put(body);
        }
    }
}
