//! Addresses: what of a transaction an input means.
//!
//! Names are those of libddwaf's rules files and of the tracers that feed it (dd-trace-java's
//! `KnownAddresses`, dd-trace-dotnet's `AddressesConstants`, the rules file of the `ddtrace` wheel); two
//! are Picket's own: `server.request.path` and `server.request.query.raw`. So are those of the connection's TLS,
//! which no tracer sees: `picket.tls.…`.

use std::{fmt, sync::Arc};

/// Whether an agent outside the service's process can have what an address means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It is on the wire, or the engine's host says it.
    Seen,
    /// A processor of the rule set makes it from what is seen.
    Made,
    /// It needs who the user is; nothing tells that yet.
    Later,
    /// Only code inside the service's process has it; why.
    InProcess(&'static str),
}

const OUTGOING: &str =
    "what the service asks of others stands in its own process; its connections out are not read";
const FILES: &str = "which file the service opens is known inside its process";
const DATABASE: &str = "statements to a database are known to the service's database driver";
const COMMANDS: &str = "which command the service runs is known inside its process";
const GRAPHQL: &str = "a resolver's arguments are known to the GraphQL server that resolves them";
const GRPC: &str = "a gRPC message needs the service's own message definitions to be read";
const BUSINESS: &str = "the application itself says what it means";

macro_rules! addresses {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $sight:expr;)*) => {
        /// A part of a transaction with a name that libddwaf's users know.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Known {
            $($(#[$doc])* $variant,)*
        }

        impl Known {
            /// All of them.
            pub const ALL: [Self; [$(Self::$variant),*].len()] = [$(Self::$variant),*];

            /// The name in rules.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Whether it can be had.
            #[must_use]
            pub const fn sight(self) -> Sight {
                match self { $(Self::$variant => $sight,)* }
            }
        }
    };
}

addresses! {
    /// The method, as sent.
    Method = "server.request.method", Sight::Seen;
    /// The request target, as sent: path and query.
    UriRaw = "server.request.uri.raw", Sight::Seen;
    /// The path, percent-decoded once. Picket's own.
    Path = "server.request.path", Sight::Seen;
    /// The parameters of the route; outside the service no route is known, so every segment of the path.
    PathParams = "server.request.path_params", Sight::Seen;
    /// The parameters of the query: names with lists of values.
    Query = "server.request.query", Sight::Seen;
    /// The query as sent. Picket's own.
    QueryRaw = "server.request.query.raw", Sight::Seen;
    /// All header fields.
    Headers = "server.request.headers", Sight::Seen;
    /// The header fields but for Cookie.
    HeadersNoCookies = "server.request.headers.no_cookies", Sight::Seen;
    /// The cookies.
    Cookies = "server.request.cookies", Sight::Seen;
    /// The trailer fields of a chunked body.
    Trailers = "server.request.trailers", Sight::Seen;
    /// The body by its content type.
    Body = "server.request.body", Sight::Seen;
    /// The body as one text.
    BodyRaw = "server.request.body.raw", Sight::Seen;
    /// Names of the files in a multipart body.
    Filenames = "server.request.body.filenames", Sight::Seen;
    /// Contents of the files in a multipart body.
    FilesContent = "server.request.body.files_content", Sight::Seen;
    /// Names of the fields that have files in a multipart body.
    FilesFieldNames = "server.request.body.files_field_names", Sight::Seen;
    /// Bytes of all files in a multipart body, a number.
    CombinedFileSize = "server.request.body.combined_file_size", Sight::Seen;
    /// The client's address, behind trusted proxies too.
    ClientIp = "http.client_ip", Sight::Seen;
    /// The peer's address.
    PeerIp = "server.request.client_ip", Sight::Seen;
    /// The version of the connection's TLS: `TLS 1.3`. Picket's own, like the other four.
    TlsVersion = "picket.tls.version", Sight::Seen;
    /// Its cipher suite.
    TlsCipher = "picket.tls.cipher", Sight::Seen;
    /// The host name that the client asked for in its hello.
    TlsSni = "picket.tls.sni", Sight::Seen;
    /// The protocol that the service chose, or those that the client offered, as far as that is known.
    TlsAlpn = "picket.tls.alpn", Sight::Seen;
    /// The client's fingerprint JA4.
    TlsJa4 = "picket.tls.ja4", Sight::Seen;
    /// The response's status, a number or a text.
    ResponseStatus = "server.response.status", Sight::Seen;
    /// All header fields of the response.
    ResponseHeaders = "server.response.headers", Sight::Seen;
    /// The header fields of the response but for Set-Cookie.
    ResponseHeadersNoCookies = "server.response.headers.no_cookies", Sight::Seen;
    /// The response's body by its content type.
    ResponseBody = "server.response.body", Sight::Seen;
    /// The response's body as one text.
    ResponseBodyRaw = "server.response.body.raw", Sight::Seen;
    /// What the engine's host wants of processors: `extract-schema` is true when schemas are wanted.
    ContextProcessor = "waf.context.processor", Sight::Seen;
    /// The JSON Web Token of the Authorization header, decoded: `header`, `payload`, `signature`.
    Jwt = "server.request.jwt", Sight::Made;
    /// The fingerprint of endpoint and parameter names.
    FingerprintEndpoint = "_dd.appsec.fp.http.endpoint", Sight::Made;
    /// The fingerprint of the header names.
    FingerprintHeader = "_dd.appsec.fp.http.header", Sight::Made;
    /// The fingerprint of the headers that proxies set.
    FingerprintNetwork = "_dd.appsec.fp.http.network", Sight::Made;
    /// The fingerprint of session and cookies.
    FingerprintSession = "_dd.appsec.fp.session", Sight::Made;
    /// Who the user is.
    UserId = "usr.id", Sight::Later;
    /// The name the user logs in with.
    UserLogin = "usr.login", Sight::Later;
    /// The user's session.
    UserSession = "usr.session_id", Sight::Later;
    /// A URL the service asks for.
    OutgoingUrl = "server.io.net.url", Sight::InProcess(OUTGOING);
    /// The method it asks with.
    OutgoingMethod = "server.io.net.request.method", Sight::InProcess(OUTGOING);
    /// The header fields it sends.
    OutgoingHeaders = "server.io.net.request.headers", Sight::InProcess(OUTGOING);
    /// The body it sends.
    OutgoingBody = "server.io.net.request.body", Sight::InProcess(OUTGOING);
    /// The status it gets.
    IncomingStatus = "server.io.net.response.status", Sight::InProcess(OUTGOING);
    /// The header fields it gets.
    IncomingHeaders = "server.io.net.response.headers", Sight::InProcess(OUTGOING);
    /// The body it gets.
    IncomingBody = "server.io.net.response.body", Sight::InProcess(OUTGOING);
    /// A file the service opens.
    File = "server.io.fs.file", Sight::InProcess(FILES);
    /// A file the service writes.
    FileWrite = "server.io.fs.file_write", Sight::InProcess(FILES);
    /// A statement to a database.
    Statement = "server.db.statement", Sight::InProcess(DATABASE);
    /// Which database it is.
    Database = "server.db.system", Sight::InProcess(DATABASE);
    /// A command by a shell.
    ShellCommand = "server.sys.shell.cmd", Sight::InProcess(COMMANDS);
    /// A command without a shell.
    ExecCommand = "server.sys.exec.cmd", Sight::InProcess(COMMANDS);
    /// Arguments of all resolvers.
    GraphqlResolvers = "graphql.server.all_resolvers", Sight::InProcess(GRAPHQL);
    /// Arguments of one resolver.
    GraphqlResolver = "graphql.server.resolver", Sight::InProcess(GRAPHQL);
    /// A message to a gRPC method.
    GrpcMessage = "grpc.server.request.message", Sight::InProcess(GRPC);
    /// Metadata of a gRPC call.
    GrpcMetadata = "grpc.server.request.metadata", Sight::InProcess(GRPC);
    /// Which gRPC method it is.
    GrpcMethod = "grpc.server.method", Sight::InProcess(GRPC);
    /// A login that failed.
    LoginFailure = "server.business_logic.users.login.failure", Sight::InProcess(BUSINESS);
    /// A login.
    LoginSuccess = "server.business_logic.users.login.success", Sight::InProcess(BUSINESS);
    /// A new user.
    Signup = "server.business_logic.users.signup", Sight::InProcess(BUSINESS);
    /// A payment begins.
    PaymentCreation = "server.business_logic.payment.creation", Sight::InProcess(BUSINESS);
    /// A payment is made.
    PaymentSuccess = "server.business_logic.payment.success", Sight::InProcess(BUSINESS);
    /// A payment failed.
    PaymentFailure = "server.business_logic.payment.failure", Sight::InProcess(BUSINESS);
    /// A payment is cancelled.
    PaymentCancellation = "server.business_logic.payment.cancellation", Sight::InProcess(BUSINESS);
    /// A call to a language model.
    LlmEvent = "server.business_logic.llm.event", Sight::InProcess(BUSINESS);
}

/// A part of a transaction, by its name in rules.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// One of the names above.
    Known(Known),
    /// Another name: an application's own address, or the output of a processor. Nothing is there unless a
    /// processor of the set writes it.
    Other(Arc<str>),
}

impl Address {
    /// The address with this name; every name is one.
    #[must_use]
    pub fn named(name: &str) -> Self {
        let known = Known::ALL.into_iter().find(|known| known.name() == name);
        known.map_or_else(|| Self::Other(name.into()), Self::Known)
    }

    /// The name in rules.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Known(known) => known.name(),
            Self::Other(name) => name,
        }
    }

    /// Whether it can be had. An address that is not known is [`Sight::InProcess`], by the prefix of its
    /// name where that says more.
    #[must_use]
    pub fn sight(&self) -> Sight {
        /// Families whose members tracers add to.
        const FAMILIES: [(&str, Sight); 9] = [
            ("_dd.appsec.", Sight::Made),
            ("waf.context.", Sight::Seen),
            ("server.io.net.", Sight::InProcess(OUTGOING)),
            ("server.io.fs.", Sight::InProcess(FILES)),
            ("server.db.", Sight::InProcess(DATABASE)),
            ("server.sys.", Sight::InProcess(COMMANDS)),
            ("graphql.", Sight::InProcess(GRAPHQL)),
            ("grpc.", Sight::InProcess(GRPC)),
            ("usr.", Sight::Later),
        ];
        let name = match self {
            Self::Known(known) => return known.sight(),
            Self::Other(name) => name,
        };
        let family = FAMILIES.iter().find(|(prefix, _)| name.starts_with(prefix));
        family.map_or(Sight::InProcess(BUSINESS), |(_, sight)| *sight)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
