//! One POST: a connection of its own, no redirects, a bounded answer.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{
        AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, RETRY_AFTER, USER_AGENT,
    },
};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    error::{Failure, Then},
    letter::one_line,
    secret::Secret,
    tls::{Trust, tcp},
    url::Url,
};
use crate::limits;

/// Characters of an answer that an error quotes.
const QUOTED: usize = 200;
/// The longest a receiver may keep us waiting.
const LONGEST: Duration = Duration::from_secs(3600);

/// A receiver that is reached over HTTP.
pub(super) struct Http {
    pub url: Url,
    /// For `https`.
    pub trust: Option<Trust>,
    /// Header fields of one's own.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// What came back.
pub(super) struct Answer {
    pub status: StatusCode,
    pub retry_after: Option<Duration>,
    /// Its beginning.
    pub body: Vec<u8>,
}

impl Http {
    /// A receiver.
    ///
    /// # Errors
    /// A value can't stand in a header field.
    pub fn new(
        url: Url,
        trust: Option<Trust>,
        headers: &[(String, String)],
        token: Option<&Secret>,
    ) -> Result<Self, String> {
        let mut own = Vec::new();
        for (name, value) in headers {
            let field =
                HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::try_from(value.as_str()).ok());
            own.push(field.ok_or_else(|| format!("`{name}` can't be sent as a header field"))?);
        }
        if let Some(token) = token {
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
                .map_err(|_| "the token can't be sent in a header field".to_owned())?;
            value.set_sensitive(true);
            own.push((AUTHORIZATION, value));
        }
        Ok(Self { url, trust, headers: own })
    }

    /// Sends a body. What the receiver makes of it is in the answer.
    pub async fn post(
        &self,
        content_type: &'static str,
        fields: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        let mut request = Request::post(self.url.path.as_str())
            .header(HOST, self.url.authority.as_str())
            .header(USER_AGENT, concat!("picket/", env!("CARGO_PKG_VERSION")))
            .header(CONNECTION, "close")
            .header(CONTENT_TYPE, content_type);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for (name, value) in fields {
            request = request.header(*name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| Failure::never(format!("can't be sent over HTTP: {error}")))?;
        let stream = tcp(&self.url.at).await?;
        match &self.trust {
            Some(trust) => exchange(trust.connect(&self.url.at, stream).await?, request, &self.url).await,
            None => exchange(stream, request, &self.url).await,
        }
    }
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>, url: &Url) -> Result<Answer, Failure>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| Failure::again(format!("{url}: no answer: {error}"));
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(failed)?;
        Ok(read(response).await)
    };
    tokio::pin!(exchange);
    tokio::pin!(connection);
    // The connection works only while it is asked; it is over when the answer is there, or it is.
    tokio::select! {
        answer = &mut exchange => answer,
        _ = &mut connection => exchange.await,
    }
}

async fn read(response: Response<Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let retry_after = head.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|value| self::retry_after(value, Timestamp::now()));
    // A body that is cut off or too long takes nothing back of the status.
    let mut body = Limited::new(body, limits::NOTIFY_ANSWER);
    let mut read = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            read.extend_from_slice(&data);
        }
    }
    Answer { status: head.status, retry_after, body: read }
}

/// `Retry-After`: seconds, or a date (RFC 9110 section 10.2.3).
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = match value.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
            Duration::try_from(date.duration_since(now)).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST))
}

impl Answer {
    /// Whether it was taken; what that means otherwise.
    pub fn judge(&self, url: &Url) -> Result<String, Failure> {
        let status = self.status;
        if status.is_success() {
            return Ok(format!("{url} answered {status}"));
        }
        let quoted: String = one_line(&String::from_utf8_lossy(&self.body)).chars().take(QUOTED).collect();
        let mut why = format!("{url} answered {status}");
        if status.is_redirection() {
            why.push_str("; redirects are not followed: configure the address it leads to");
        } else if !quoted.is_empty() {
            why = format!("{why}: {quoted}");
        }
        let refused = status.is_client_error()
            && !matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
        let then = if refused { Then::Never } else { Then::Again(self.retry_after) };
        Err(Failure { why, then })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_come_back() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        let vectors = [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("99999999", Some(3600)),
            ("soon", None),
            ("-1", None),
            ("", None),
        ];
        for (text, expected) in vectors {
            assert_eq!(retry_after(text, now), expected.map(Duration::from_secs), "{text}");
        }
        assert_eq!(vectors.len(), 8);
    }

    #[test]
    fn what_an_answer_means() {
        let url = Url::parse("https://hooks.example.org/secret").unwrap();
        let never = Some(Then::Never);
        let again = Some(Then::Again(None));
        let vectors = [
            (200, None),
            (204, None),
            (301, again),
            (307, again),
            (400, never),
            (401, never),
            (404, never),
            (408, again),
            (410, never),
            (413, never),
            (429, again),
            (500, again),
            (501, again),
            (503, again),
        ];
        for (status, expected) in vectors {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = Answer { status, retry_after: None, body: b"no\r\nway".to_vec() };
            let judged = answer.judge(&url);
            assert_eq!(judged.as_ref().err().map(|failure| failure.then), expected, "{status}");
            let said = judged.unwrap_or_else(|failure| failure.why);
            assert!(!said.contains("secret"), "{said}");
        }
        assert_eq!(vectors.len(), 14);
        let wait = Some(Duration::from_secs(7));
        let answer = Answer { status: StatusCode::TOO_MANY_REQUESTS, retry_after: wait, body: Vec::new() };
        assert_eq!(answer.judge(&url).unwrap_err().then, Then::Again(wait));
    }
}
