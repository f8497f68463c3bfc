//! Variables: what of a transaction a rule can look at. Those of SecLang, and the addresses of the In-App WAF.
//!
//! Source of SecLang's names and meanings: ModSecurity's reference manual, section Variables.

macro_rules! variables {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $kind:ident, $from:literal;)*) => {
        /// A variable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Variable {
            $($(#[$doc])* $variant,)*
        }

        impl Variable {
            /// All of them, in the order of their numbers.
            pub const ALL: [Self; [$(Self::$variant),*].len()] = [$(Self::$variant),*];

            /// The name in rules, in capitals.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it is.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$variant => Kind::$kind,)* }
            }

            /// The first phase in which it has its value.
            #[must_use]
            pub const fn phase(self) -> u8 {
                match self { $(Self::$variant => $from,)* }
            }
        }
    };
}

/// What a variable is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One value of the transaction.
    Scalar,
    /// Names with values, of the transaction.
    Collection,
    /// The names of a collection.
    Names,
    /// Names with values that rules write.
    Written,
    /// What the last match left behind, and ids that rules gave.
    Matched,
    /// Documents asked by path: `XML:/*`.
    Document,
    /// Values or names at an address of the In-App WAF; SecLang does not know it.
    Address,
}

variables! {
    // The request line.
    /// `GET`.
    RequestMethod = "REQUEST_METHOD", Scalar, 1;
    /// Path and query as sent, without scheme and host.
    RequestUri = "REQUEST_URI", Scalar, 1;
    /// The target as sent, with scheme and host if they were.
    RequestUriRaw = "REQUEST_URI_RAW", Scalar, 1;
    /// The path as sent, without the query.
    RequestFilename = "REQUEST_FILENAME", Scalar, 1;
    /// What follows the last slash of the path.
    RequestBasename = "REQUEST_BASENAME", Scalar, 1;
    /// The query as sent, without the question mark.
    QueryString = "QUERY_STRING", Scalar, 1;
    /// `HTTP/1.1`.
    RequestProtocol = "REQUEST_PROTOCOL", Scalar, 1;
    /// The whole line, without its end.
    RequestLine = "REQUEST_LINE", Scalar, 1;
    /// Always empty: no request is mapped to a file here.
    PathInfo = "PATH_INFO", Scalar, 1;
    // Headers and cookies.
    /// Header fields.
    RequestHeaders = "REQUEST_HEADERS", Collection, 1;
    /// Names of header fields.
    RequestHeadersNames = "REQUEST_HEADERS_NAMES", Names, 1;
    /// Cookies.
    RequestCookies = "REQUEST_COOKIES", Collection, 1;
    /// Names of cookies.
    RequestCookiesNames = "REQUEST_COOKIES_NAMES", Names, 1;
    // Arguments. Those of the query are there from phase 1, those of the body from phase 2.
    /// Parameters of query and body.
    Args = "ARGS", Collection, 1;
    /// Their names.
    ArgsNames = "ARGS_NAMES", Names, 1;
    /// Parameters of the query.
    ArgsGet = "ARGS_GET", Collection, 1;
    /// Their names.
    ArgsGetNames = "ARGS_GET_NAMES", Names, 1;
    /// Parameters of the body.
    ArgsPost = "ARGS_POST", Collection, 2;
    /// Their names.
    ArgsPostNames = "ARGS_POST_NAMES", Names, 2;
    /// Bytes of all parameters, names and values.
    ArgsCombinedSize = "ARGS_COMBINED_SIZE", Scalar, 2;
    // The body.
    /// The body, when it is form data or was asked for.
    RequestBody = "REQUEST_BODY", Scalar, 2;
    /// Its length.
    RequestBodyLength = "REQUEST_BODY_LENGTH", Scalar, 2;
    /// `URLENCODED`, `MULTIPART`, `JSON`, `XML` or empty.
    ReqbodyProcessor = "REQBODY_PROCESSOR", Scalar, 1;
    /// 1: the body is not what its processor expects.
    ReqbodyError = "REQBODY_ERROR", Scalar, 2;
    /// Why.
    ReqbodyErrorMsg = "REQBODY_ERROR_MSG", Scalar, 2;
    /// The same as `REQBODY_ERROR`.
    ReqbodyProcessorError = "REQBODY_PROCESSOR_ERROR", Scalar, 2;
    /// The same as `REQBODY_ERROR_MSG`.
    ReqbodyProcessorErrorMsg = "REQBODY_PROCESSOR_ERROR_MSG", Scalar, 2;
    /// 1: a percent sign without two hexadecimal digits in the body.
    UrlencodedError = "URLENCODED_ERROR", Scalar, 2;
    /// 1: the request body was longer than is judged.
    InboundDataError = "INBOUND_DATA_ERROR", Scalar, 2;
    /// Request line, header and body.
    FullRequest = "FULL_REQUEST", Scalar, 2;
    /// Its length.
    FullRequestLength = "FULL_REQUEST_LENGTH", Scalar, 2;
    // Multipart.
    /// File names of the parts that are files, by part name.
    Files = "FILES", Collection, 2;
    /// Names of the parts that are files.
    FilesNames = "FILES_NAMES", Names, 2;
    /// Sizes of the files, by part name.
    FilesSizes = "FILES_SIZES", Collection, 2;
    /// Bytes of all files.
    FilesCombinedSize = "FILES_COMBINED_SIZE", Scalar, 2;
    /// Content of the files, by part name.
    FilesTmpContent = "FILES_TMP_CONTENT", Collection, 2;
    /// Always empty: no file is written.
    FilesTmpnames = "FILES_TMPNAMES", Collection, 2;
    /// File names of all parts that have one.
    MultipartFilename = "MULTIPART_FILENAME", Collection, 2;
    /// Names of all parts that have one.
    MultipartName = "MULTIPART_NAME", Collection, 2;
    /// Header lines of the parts, by part name.
    MultipartPartHeaders = "MULTIPART_PART_HEADERS", Collection, 2;
    /// 1: one of the errors below.
    MultipartStrictError = "MULTIPART_STRICT_ERROR", Scalar, 2;
    /// 1: a line that looks like a boundary and is none.
    MultipartUnmatchedBoundary = "MULTIPART_UNMATCHED_BOUNDARY", Scalar, 2;
    /// 1: the boundary is quoted.
    MultipartBoundaryQuoted = "MULTIPART_BOUNDARY_QUOTED", Scalar, 2;
    /// 1: white space around the boundary.
    MultipartBoundaryWhitespace = "MULTIPART_BOUNDARY_WHITESPACE", Scalar, 2;
    /// 1: bytes before the first boundary.
    MultipartDataBefore = "MULTIPART_DATA_BEFORE", Scalar, 2;
    /// 1: bytes behind the last boundary.
    MultipartDataAfter = "MULTIPART_DATA_AFTER", Scalar, 2;
    /// 1: a header line that is folded.
    MultipartHeaderFolding = "MULTIPART_HEADER_FOLDING", Scalar, 2;
    /// 1: a line that ends in CRLF.
    MultipartCrlfLine = "MULTIPART_CRLF_LINE", Scalar, 2;
    /// 1: a line that ends in LF alone.
    MultipartLfLine = "MULTIPART_LF_LINE", Scalar, 2;
    /// 1: lines of both kinds.
    MultipartCrlfLfLines = "MULTIPART_CRLF_LF_LINES", Scalar, 2;
    /// 1: a semicolon is missing.
    MultipartMissingSemicolon = "MULTIPART_SEMICOLON_MISSING", Scalar, 2;
    /// 1: quotation marks that do not belong there.
    MultipartInvalidQuoting = "MULTIPART_INVALID_QUOTING", Scalar, 2;
    /// 1: a part that is not allowed there.
    MultipartInvalidPart = "MULTIPART_INVALID_PART", Scalar, 2;
    /// 1: folding with a byte that is not allowed.
    MultipartInvalidHeaderFolding = "MULTIPART_INVALID_HEADER_FOLDING", Scalar, 2;
    /// 1: more files than are taken.
    MultipartFileLimitExceeded = "MULTIPART_FILE_LIMIT_EXCEEDED", Scalar, 2;
    // XML.
    /// Text (`XML:/*`) and attributes (`XML://@*`) of an XML body.
    Xml = "XML", Document, 2;
    // Who.
    /// The client's address.
    RemoteAddr = "REMOTE_ADDR", Scalar, 1;
    /// The same: no name is looked up.
    RemoteHost = "REMOTE_HOST", Scalar, 1;
    /// The client's port.
    RemotePort = "REMOTE_PORT", Scalar, 1;
    /// User of Basic authentication.
    RemoteUser = "REMOTE_USER", Scalar, 1;
    /// `Basic`, `Digest`, …
    AuthType = "AUTH_TYPE", Scalar, 1;
    /// The service's address.
    ServerAddr = "SERVER_ADDR", Scalar, 1;
    /// The service's port.
    ServerPort = "SERVER_PORT", Scalar, 1;
    /// The host asked for.
    ServerName = "SERVER_NAME", Scalar, 1;
    // The response.
    /// `404`.
    ResponseStatus = "RESPONSE_STATUS", Scalar, 3;
    /// `HTTP/1.1`.
    ResponseProtocol = "RESPONSE_PROTOCOL", Scalar, 3;
    /// `HTTP/1.1 404 Not Found`.
    StatusLine = "STATUS_LINE", Scalar, 3;
    /// Header fields.
    ResponseHeaders = "RESPONSE_HEADERS", Collection, 3;
    /// Names of header fields.
    ResponseHeadersNames = "RESPONSE_HEADERS_NAMES", Names, 3;
    /// Media type.
    ResponseContentType = "RESPONSE_CONTENT_TYPE", Scalar, 3;
    /// Length of the body.
    ResponseContentLength = "RESPONSE_CONTENT_LENGTH", Scalar, 3;
    /// The body.
    ResponseBody = "RESPONSE_BODY", Scalar, 4;
    /// 1: the response body was longer than is judged.
    OutboundDataError = "OUTBOUND_DATA_ERROR", Scalar, 4;
    // When.
    /// Seconds since 1970.
    TimeEpoch = "TIME_EPOCH", Scalar, 1;
    /// `17:45:32`.
    Time = "TIME", Scalar, 1;
    /// 1 to 31.
    TimeDay = "TIME_DAY", Scalar, 1;
    /// 0 to 23.
    TimeHour = "TIME_HOUR", Scalar, 1;
    /// 0 to 59.
    TimeMin = "TIME_MIN", Scalar, 1;
    /// 0 (January) to 11.
    TimeMon = "TIME_MON", Scalar, 1;
    /// 0 to 59.
    TimeSec = "TIME_SEC", Scalar, 1;
    /// 0 (Sunday) to 6.
    TimeWday = "TIME_WDAY", Scalar, 1;
    /// `2026`.
    TimeYear = "TIME_YEAR", Scalar, 1;
    /// Milliseconds since the transaction began.
    Duration = "DURATION", Scalar, 1;
    /// An id of the transaction.
    UniqueId = "UNIQUE_ID", Scalar, 1;
    // What rules write.
    /// The transaction's own.
    Tx = "TX", Written, 1;
    /// Kept per address, while the agent runs.
    Ip = "IP", Written, 1;
    /// Kept for all.
    Global = "GLOBAL", Written, 1;
    /// Kept per session.
    Session = "SESSION", Written, 1;
    /// Kept per user.
    User = "USER", Written, 1;
    /// Kept per resource.
    Resource = "RESOURCE", Written, 1;
    /// Environment variables: those that rules set.
    Env = "ENV", Written, 1;
    /// Set by `setsid`.
    SessionId = "SESSIONID", Matched, 1;
    /// Set by `setuid`.
    UserId = "USERID", Matched, 1;
    /// `SecWebAppId`.
    WebAppId = "WEBAPPID", Matched, 1;
    /// Where an address is: empty without a database.
    Geo = "GEO", Written, 1;
    // What the last match left.
    /// The value that matched last.
    MatchedVar = "MATCHED_VAR", Matched, 1;
    /// Its variable's name.
    MatchedVarName = "MATCHED_VAR_NAME", Matched, 1;
    /// All values that matched in the current chain's last rule.
    MatchedVars = "MATCHED_VARS", Matched, 1;
    /// Their variables' names.
    MatchedVarsNames = "MATCHED_VARS_NAMES", Matched, 1;
    /// id, severity, msg, … of the current rule.
    Rule = "RULE", Matched, 1;
    /// The highest severity (lowest number) of the rules that matched; 255: none.
    HighestSeverity = "HIGHEST_SEVERITY", Matched, 1;
    /// Version of the engine.
    ModsecBuild = "MODSEC_BUILD", Scalar, 1;
    // Addresses of the In-App WAF: see `inapp::address`.
    /// The method.
    AtMethod = "server.request.method", Address, 1;
    /// The target.
    AtUriRaw = "server.request.uri.raw", Address, 1;
    /// The path, decoded.
    AtPath = "server.request.path", Address, 1;
    /// Segments of the path.
    AtPathParams = "server.request.path_params", Address, 1;
    /// The query as sent.
    AtQueryRaw = "server.request.query.raw", Address, 1;
    /// Parameters of the query.
    AtQuery = "server.request.query", Address, 1;
    /// Names there.
    AtQueryNames = "server.request.query (names)", Address, 1;
    /// Header fields.
    AtHeaders = "server.request.headers", Address, 1;
    /// Names there.
    AtHeadersNames = "server.request.headers (names)", Address, 1;
    /// Header fields but for Cookie.
    AtHeadersNoCookies = "server.request.headers.no_cookies", Address, 1;
    /// Names there.
    AtHeadersNoCookiesNames = "server.request.headers.no_cookies (names)", Address, 1;
    /// Cookies.
    AtCookies = "server.request.cookies", Address, 1;
    /// Names there.
    AtCookiesNames = "server.request.cookies (names)", Address, 1;
    /// Trailer fields.
    AtTrailers = "server.request.trailers", Address, 2;
    /// Names there.
    AtTrailersNames = "server.request.trailers (names)", Address, 2;
    /// The body, taken apart.
    AtBody = "server.request.body", Address, 2;
    /// Names there.
    AtBodyNames = "server.request.body (names)", Address, 2;
    /// The body as one text.
    AtBodyRaw = "server.request.body.raw", Address, 2;
    /// Names of files.
    AtFilenames = "server.request.body.filenames", Address, 2;
    /// Content of files.
    AtFilesContent = "server.request.body.files_content", Address, 2;
    /// Names of the fields of files.
    AtFilesFieldNames = "server.request.body.files_field_names", Address, 2;
    /// Bytes of all files.
    AtCombinedFileSize = "server.request.body.combined_file_size", Address, 2;
    /// The client.
    AtClientIp = "http.client_ip", Address, 1;
    /// The peer.
    AtPeerIp = "server.request.client_ip", Address, 1;
    /// The version of TLS.
    AtTlsVersion = "picket.tls.version", Address, 1;
    /// The cipher suite.
    AtTlsCipher = "picket.tls.cipher", Address, 1;
    /// The host name of the client's hello.
    AtTlsSni = "picket.tls.sni", Address, 1;
    /// The protocol of ALPN.
    AtTlsAlpn = "picket.tls.alpn", Address, 1;
    /// The client's fingerprint JA4.
    AtTlsJa4 = "picket.tls.ja4", Address, 1;
    /// The token of the Authorization field, taken apart.
    AtJwt = "server.request.jwt", Address, 1;
    /// Names there.
    AtJwtNames = "server.request.jwt (names)", Address, 1;
    /// What is asked for, as a fingerprint.
    AtFingerprintEndpoint = "_dd.appsec.fp.http.endpoint", Address, 2;
    /// The client's header, as a fingerprint.
    AtFingerprintHeader = "_dd.appsec.fp.http.header", Address, 1;
    /// The proxies' header fields, as a fingerprint.
    AtFingerprintNetwork = "_dd.appsec.fp.http.network", Address, 1;
    /// The session, as a fingerprint.
    AtFingerprintSession = "_dd.appsec.fp.session", Address, 1;
    /// The status of the response.
    AtResponseStatus = "server.response.status", Address, 3;
    /// Header fields of the response.
    AtResponseHeaders = "server.response.headers", Address, 3;
    /// Names there.
    AtResponseHeadersNames = "server.response.headers (names)", Address, 3;
    /// Header fields of the response but for Set-Cookie.
    AtResponseHeadersNoCookies = "server.response.headers.no_cookies", Address, 3;
    /// Names there.
    AtResponseHeadersNoCookiesNames = "server.response.headers.no_cookies (names)", Address, 3;
    /// The body of the response, taken apart.
    AtResponseBody = "server.response.body", Address, 4;
    /// Names there.
    AtResponseBodyNames = "server.response.body (names)", Address, 4;
    /// The body of the response as one text.
    AtResponseBodyRaw = "server.response.body.raw", Address, 4;
}

impl Variable {
    /// The variable of SecLang with this name, whatever its case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let other = match () {
            () if name.eq_ignore_ascii_case("MULTIPART_MISSING_SEMICOLON") => "MULTIPART_SEMICOLON_MISSING",
            // Coraza's name beside XML.
            () if name.eq_ignore_ascii_case("REQUEST_XML") => "XML",
            () => name,
        };
        let mut known = Self::ALL.into_iter().filter(|variable| variable.kind() != Kind::Address);
        known.find(|variable| variable.name().eq_ignore_ascii_case(other))
    }
}
