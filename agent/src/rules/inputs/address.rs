//! Which part of a request an input means.

/// A part of a request. Names are Datadog's where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// The method, as sent.
    Method,
    /// The request target, as sent: not decoded, with the query.
    UriRaw,
    /// The path, percent-decoded once, without the query. (Picket's own address.)
    Path,
    /// The segments of the path, percent-decoded once: an agent outside the service knows no routes,
    /// so every segment counts as a parameter.
    PathParams,
    /// All of the query, as sent: not decoded. (Picket's own address.)
    QueryRaw,
    /// The parameters of the query, decoded once.
    Query,
    /// The header fields except Cookie; names in small letters.
    Headers,
    /// The cookies, as sent.
    Cookies,
    /// The body by its content type: form fields, JSON values, fields and part headers of multipart;
    /// all of it as one text when it is something else or malformed.
    Body,
    /// All of the body as one text.
    BodyRaw,
    /// Names of files in a multipart body.
    Filenames,
    /// Content of files in a multipart body.
    FilesContent,
    /// The client's address, behind trusted proxies too.
    ClientIp,
}

impl Address {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::Method,
        Self::UriRaw,
        Self::Path,
        Self::PathParams,
        Self::QueryRaw,
        Self::Query,
        Self::Headers,
        Self::Cookies,
        Self::Body,
        Self::BodyRaw,
        Self::Filenames,
        Self::FilesContent,
        Self::ClientIp,
    ];

    /// The name in rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Method => "server.request.method",
            Self::UriRaw => "server.request.uri.raw",
            Self::Path => "server.request.path",
            Self::PathParams => "server.request.path_params",
            Self::QueryRaw => "server.request.query.raw",
            Self::Query => "server.request.query",
            Self::Headers => "server.request.headers.no_cookies",
            Self::Cookies => "server.request.cookies",
            Self::Body => "server.request.body",
            Self::BodyRaw => "server.request.body.raw",
            Self::Filenames => "server.request.body.filenames",
            Self::FilesContent => "server.request.body.files_content",
            Self::ClientIp => "http.client_ip",
        }
    }

    /// The address with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|address| address.name() == name)
    }

    /// The first part of a location in events.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::UriRaw => "uri",
            Self::Path | Self::PathParams => "path",
            Self::QueryRaw | Self::Query => "query",
            Self::Headers => "headers",
            Self::Cookies => "cookies",
            Self::Body | Self::BodyRaw => "body",
            Self::Filenames | Self::FilesContent => "files",
            Self::ClientIp => "client_ip",
        }
    }
}
