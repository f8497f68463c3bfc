//! Bodies of requests: bounded in size and time.

use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;

use super::{Shared, answer::blocking};
use crate::{
    api::{ApiError, Code},
    limits::API_BODY,
};

/// Bytes over the limit that are read and thrown away: with something unread a connection is reset, and the answer that
/// says why lost with it.
const PASSED_OVER: usize = 1024 * 1024;

/// A body of at most `MOST` bytes.
pub(super) struct Sent<const MOST: usize = API_BODY>(pub Bytes);

impl<const MOST: usize> FromRequest<Shared> for Sent<MOST> {
    type Rejection = ApiError;

    async fn from_request(request: Request, api: &Shared) -> Result<Self, ApiError> {
        let too_large =
            || ApiError::new(Code::TooLarge, "the body is too large").hint(format!("at most {MOST} bytes"));
        let mut body = request.into_body();
        let reading = async {
            let mut bytes = BytesMut::new();
            let mut read = 0;
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame?.into_data() else { continue };
                read += data.len();
                if read <= MOST {
                    bytes.extend_from_slice(&data);
                } else if read > MOST + PASSED_OVER {
                    break;
                }
            }
            Ok::<_, axum::Error>((read, bytes.freeze()))
        };
        match tokio::time::timeout(api.patience, reading).await {
            Ok(Ok((read, bytes))) if read <= MOST => Ok(Self(bytes)),
            Ok(Ok(_)) => Err(too_large()),
            Ok(Err(error)) => Err(ApiError::new(Code::BadRequest, format!("the body breaks off: {error}"))),
            Err(_) => Err(ApiError::new(
                Code::BadRequest,
                format!("the body did not come within {:?}", api.patience),
            )),
        }
    }
}

impl<const MOST: usize> Sent<MOST> {
    /// What it says.
    pub fn json<T: DeserializeOwned>(&self, expected: &str) -> Result<T, ApiError> {
        read(&self.0, expected)
    }

    /// What it says, where that may be long: read on a thread that may block.
    pub async fn long_json<T: DeserializeOwned + Send + 'static>(
        self,
        expected: &'static str,
    ) -> Result<T, ApiError> {
        blocking(move || read(&self.0, expected)).await
    }
}

fn read<T: DeserializeOwned>(body: &[u8], expected: &str) -> Result<T, ApiError> {
    // A list would be taken for an object's members in their order.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(ApiError::new(Code::BadRequest, "body: expected an object, found a list")
            .hint(format!("expected {expected}")));
    }
    serde_json::from_slice(body).map_err(|error| {
        ApiError::new(Code::BadRequest, format!("body: {}", super::short(&error.to_string())))
            .hint(format!("expected {expected}"))
    })
}
