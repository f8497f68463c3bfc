//! Requests, and their bytes.

/// Host header of every request.
pub const HOST: &str = "shop.example";
/// User-Agent header of every request.
pub const USER_AGENT: &str = "picket-scenario/1";

/// A request body and its framing (RFC 9112 section 6).
#[derive(Clone, Debug)]
pub enum Body {
    /// No body, no framing header.
    None,
    /// `Content-Length`.
    Length(Vec<u8>),
    /// `Transfer-Encoding: chunked`, in chunks of this many bytes.
    Chunked(Vec<u8>, usize),
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: &'static str,
    /// Path: carries the mark that makes the request one of its kind.
    pub path: String,
    /// Query, without the question mark.
    pub query: Option<String>,
    /// Header fields besides Host, User-Agent and the framing of the body.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Body,
    /// HTTP minor version.
    pub minor: u8,
}

impl Request {
    /// A request without query and body.
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: None, headers: Vec::new(), body: Body::None, minor: 1 }
    }

    /// With a query.
    #[must_use]
    pub fn query(mut self, query: impl Into<String>) -> Self {
        self.query = Some(query.into());
        self
    }

    /// With a header field.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// As HTTP/1.0.
    #[must_use]
    pub fn http10(mut self) -> Self {
        self.minor = 0;
        self
    }

    /// Path and query as in the request line.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The head's bytes, with the empty line.
    pub fn encode_head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.{}\r\nHost: {HOST}\r\n", self.method, self.target(), self.minor);
        if !self.headers.iter().any(|(name, _)| *name == "User-Agent") {
            head.push_str(&format!("User-Agent: {USER_AGENT}\r\n"));
        }
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        match &self.body {
            Body::None => {}
            Body::Length(body) => head.push_str(&format!("Content-Length: {}\r\n", body.len())),
            Body::Chunked(..) => head.push_str("Transfer-Encoding: chunked\r\n"),
        }
        head.push_str("\r\n");
        head.into_bytes()
    }

    /// The body's bytes as framed.
    pub fn encode_body(&self) -> Vec<u8> {
        match &self.body {
            Body::None => Vec::new(),
            Body::Length(body) => body.clone(),
            Body::Chunked(body, size) => {
                let mut out = Vec::with_capacity(body.len() + 64);
                for chunk in body.chunks((*size).max(1)) {
                    out.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    out.extend_from_slice(chunk);
                    out.extend_from_slice(b"\r\n");
                }
                out.extend_from_slice(b"0\r\n\r\n");
                out
            }
        }
    }

    /// All bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.encode_head();
        bytes.extend(self.encode_body());
        bytes
    }
}
