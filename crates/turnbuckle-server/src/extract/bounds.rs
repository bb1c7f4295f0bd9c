//! Reads bodies within their bounds.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::FromRef;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::app::App;
use crate::problem::{ApiError, Problem};

/// How large a body may be, and how long it may take to arrive.
#[derive(Debug, Clone, Copy)]
pub struct BodyBounds {
    pub bytes_max: usize,
    pub timeout: Duration,
}

impl FromRef<App> for BodyBounds {
    fn from_ref(app: &App) -> Self {
        let bytes_max = app.config.intake.body_bytes_max;
        Self { bytes_max, timeout: app.config.http.body_timeout }
    }
}

impl BodyBounds {
    /// The same for a body that may be no larger than this either.
    pub fn at_most(self, bytes_max: usize) -> Self {
        Self { bytes_max: self.bytes_max.min(bytes_max), ..self }
    }

    /// Reads a whole body. One that says it is too large is refused unread; then
    /// a sender that waits for `100 Continue` does not send it either.
    ///
    /// # Errors
    /// [`Problem::PayloadTooLarge`], [`Problem::RequestTimeout`], or
    /// [`Problem::InvalidRequest`] if its sender broke it off.
    pub async fn read(self, body: Body) -> Result<Bytes, ApiError> {
        if body.size_hint().lower() > self.bytes_max as u64 {
            return Err(self.too_large());
        }
        // A body that has arrived with its head is read without setting a timer.
        match timeout(self.timeout, Limited::new(body, self.bytes_max).collect()).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(self.too_large()),
            // Nobody but the sender can be at fault.
            Ok(Err(error)) => {
                let detail = format!("the body could not be read: {error}");
                Err(ApiError::new(Problem::InvalidRequest, detail))
            }
            Err(_) => {
                let ms = self.timeout.as_millis();
                let detail = format!("the body was not here {ms} ms after the head; send it anew");
                Err(ApiError::new(Problem::RequestTimeout, detail))
            }
        }
    }

    fn too_large(self) -> ApiError {
        let detail = format!("a body has at most {} bytes here", self.bytes_max);
        ApiError::new(Problem::PayloadTooLarge, detail)
    }
}
