//! Responses, and where they end.

use anyhow::{Context, Result, bail};

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Header fields, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, without framing.
    pub body: Vec<u8>,
}

/// How the end of a body is found (RFC 9112 section 6.3).
#[derive(Debug, PartialEq, Eq)]
pub enum Framing {
    /// After so many bytes.
    Length(u64),
    /// After the last chunk.
    Chunked,
    /// With the connection.
    UntilClose,
}

impl Response {
    /// From the bytes of a head.
    pub fn parse(head: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(head).context("the response head is not UTF-8")?;
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let mut words = first.split(' ');
        let (Some("HTTP/1.1" | "HTTP/1.0"), Some(status)) = (words.next(), words.next()) else {
            bail!("a status line was expected, not {first:?}");
        };
        let status = status.parse().with_context(|| format!("status in {first:?}"))?;
        let headers = lines
            .filter(|l| !l.is_empty())
            .map(|line| {
                let (name, value) = line.split_once(':').with_context(|| format!("header line {line:?}"))?;
                Ok((name.to_ascii_lowercase(), value.trim().to_owned()))
            })
            .collect::<Result<_>>()?;
        Ok(Self { status, headers, body: Vec::new() })
    }

    /// Value of a header field; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Where the body ends, for the answer to a request with this method.
    pub fn framing(&self, method: &str) -> Result<Framing> {
        if method == "HEAD" || self.status < 200 || matches!(self.status, 204 | 304) {
            return Ok(Framing::Length(0));
        }
        if self.header("transfer-encoding").is_some_and(|v| v.eq_ignore_ascii_case("chunked")) {
            return Ok(Framing::Chunked);
        }
        match self.header("content-length") {
            Some(length) => {
                Ok(Framing::Length(length.parse().with_context(|| format!("length {length:?}"))?))
            }
            None => Ok(Framing::UntilClose),
        }
    }
}
