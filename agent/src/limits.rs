//! Caps of the agent. Each has one place, this file; what goes over one increments a named counter.

/// Bytes of a request head (request line and headers) that are kept; nginx's default is 32 KiB.
pub const MAX_HEAD: usize = 64 * 1024;
/// Headers of one message that are parsed.
pub const MAX_HEADERS: usize = 256;
/// Raw bytes of a request body that are kept, unless configured.
pub const REQUEST_BODY: usize = 64 * 1024;
/// Raw bytes of a response body that are kept, unless configured.
pub const RESPONSE_BODY: usize = 16 * 1024;
/// Bytes a compressed body may become when decoded; beyond it is cut and marked.
pub const DECODED_BODY: usize = 256 * 1024;
/// Content codings applied one over the other that are undone.
pub const MAX_CODINGS: usize = 4;
/// Requests of one connection waiting for their response (pipelining, early requests).
pub const MAX_PIPELINED: usize = 128;
/// Bytes one direction of a connection may hold out of order.
pub const OUT_OF_ORDER_BYTES: usize = 256 * 1024;
/// Segments one direction of a connection may hold out of order.
pub const OUT_OF_ORDER_SEGMENTS: usize = 256;
/// A hole in a direction is given up after this long, nanoseconds.
pub const HOLE_TIMEOUT: u64 = 2_000_000_000;
/// Most bytes one piece of advice to the tap can skip: TCP compares sequence numbers modulo 2^32, so
/// less than half of that.
pub const MAX_SKIP: u64 = 1 << 30;
/// Records a worker keeps whose connection has no cookie yet (deferred accept).
pub const MAX_PENDING: usize = 256;
/// A connection nothing was heard of for this long is forgotten, nanoseconds. Its close was missed, or
/// it is idle: its next request is found all the same.
pub const CONNECTION_IDLE: u64 = 300 * 1_000_000_000;
/// Connections in all workers' tables, unless configured.
pub const CONNECTIONS: usize = 65_536;
/// Bytes all connections may hold, unless configured.
pub const MEMORY: usize = 32 * 1024 * 1024;
/// Bytes of a rule file that are read.
pub const RULE_FILE: u64 = 16 * 1024 * 1024;
/// Transactions waiting to be made into events.
pub const EVENT_QUEUE: usize = 32_768;
/// Of these, transactions that are no event; beyond it they are not told to detection, and counted.
pub const PLAIN_QUEUE: usize = 4096;
/// So many of them are handed over together, if the worker does not rest before.
pub const PLAIN_TOGETHER: usize = 256;
/// Arguments of a command line that are kept.
pub const CMDLINE_ARGS: usize = 64;
/// Bytes of a command line that are read.
pub const CMDLINE_BYTES: usize = 4096;
/// Open files of one process that are looked through for its listening sockets.
pub const FDS_SCANNED: usize = 65_536;
/// Listening sockets whose service is remembered.
pub const LISTENERS: usize = 16_384;
/// Services in the catalog.
pub const SERVICES: usize = 4096;
/// Names of services with a mode that a person set.
pub const MODES: usize = 1024;
/// Descendants of a service's process that are asked which TLS library they have.
pub const FAMILY: usize = 256;
/// Bytes of a request to the API.
pub const API_BODY: usize = 64 * 1024;
/// Bytes of a body with configuration and lists that are imported.
pub const API_IMPORT: usize = 16 * 1024 * 1024;
/// Bytes of the path and the parameters of a request to the API.
pub const API_TARGET: usize = 32 * 1024;
/// Bytes of a request's head.
pub const API_HEAD: usize = 64 * 1024;
/// A head or a body has to be complete within this, seconds; a connection may rest for as long.
pub const API_READ_SECONDS: u64 = 15;
/// Connections to the Unix socket, and as many over TCP.
pub const API_CONNECTIONS: usize = 256;
/// Connections over TCP from one address.
pub const API_CONNECTIONS_OF_ONE: usize = 32;
/// Tails at a time.
pub const API_TAILS: usize = 32;
/// Events and signals that a tail is told of what was before it began.
pub const API_TAIL_BEFORE: usize = 10_000;
/// Rows of a page unless asked otherwise.
pub const API_PAGE: usize = 100;
/// Values of a facet unless asked otherwise.
pub const API_FACET: usize = 50;
/// Values of a facet that a timeline tells apart.
pub const API_SERIES: usize = 10;
/// Stretches of a timeline unless asked otherwise.
pub const API_BUCKETS: usize = 60;
/// Milliseconds that a count may be given.
pub const API_WITHIN: std::ops::RangeInclusive<usize> = 10..=5000;
/// Signals that are triaged with one request.
pub const API_TRIAGED: usize = 1000;
/// Characters of an assignee, a case, the name of a token or of whom somebody acts for.
pub const API_NAME: usize = 128;
/// Tokens.
pub const API_TOKENS: usize = 1024;
/// Wrong tokens of an address within a minute, after which it waits.
pub const API_ATTEMPTS: u32 = 10;
/// Addresses whose wrong tokens are counted; beyond it the one silent longest is forgotten.
pub const API_ATTEMPTS_OF: usize = 4096;
/// Bytes of an answer the command line takes.
pub const API_ANSWER: usize = 256 * 1024 * 1024;
/// People that are logged in to the web UI at a time; beyond it the log-in that ends first ends.
pub const UI_SESSIONS: usize = 256;
/// Links to log in with that wait to be opened.
pub const UI_LINKS: usize = 8;
/// Seconds such a link is good.
pub const UI_LINK_SECONDS: u64 = 60;
/// Seconds somebody stays logged in to the web UI.
pub const UI_SESSION_SECONDS: u64 = 12 * 3600;
/// Bytes of a form that the web UI takes.
pub const UI_FORM: usize = 256 * 1024;
/// Rows that a live page of the web UI is told of at a time, twice a second; others are counted.
pub const UI_LIVE_ROWS: usize = 20;
/// Stored events that an exclusion or a rule is tried on, the newest.
pub const PAST_EVENTS: u64 = 20_000;
/// Rules of a kind that people may write with the agent, or switch: those that judge requests.
pub const KEPT_RULES: usize = 1000;
/// Bytes of such a rule.
pub const KEPT_RULE: usize = 64 << 10;
/// Bytes of all rules of a kind that are kept.
pub const KEPT_BYTES: usize = 8 << 20;
/// Rules whose hits are counted at once.
pub const RULES_COUNTED: usize = 20_000;
/// Entries of the denylist that are listed unless asked otherwise.
pub const DENYLIST_LISTED: usize = 1000;
/// Characters of a person's reason or comment.
pub const REASON_CHARS: usize = 500;
/// Policies of services in a configuration.
pub const POLICIES: usize = 256;
/// Bytes of a policy's name.
pub const POLICY_NAME: usize = 64;
/// Exclusions of one policy.
pub const EXCLUSIONS: usize = 1024;
/// Requests for a reload that wait for the one that runs.
pub const RELOADS_WAITING: usize = 64;
/// Warnings that a reload gives.
pub const RELOAD_WARNINGS: usize = 64;
/// Bytes of a configuration file that are read.
pub const CONFIG_FILE: usize = 1024 * 1024;
/// Bytes of one text field of an event (path, query, matched value…) that are kept.
pub const EVENT_FIELD: usize = 4096;
/// Matches of one event that are kept.
pub const EVENT_MATCHES: usize = 64;
/// Anomalies of one event that are kept.
pub const EVENT_ANOMALIES: usize = 16;
/// Credentials in one request's target and body that are remembered while its event is written…
pub const EVENT_CREDENTIALS: usize = 256;
/// …and their bytes. With more, values matched in the target or body as a whole are redacted whole.
pub const EVENT_CREDENTIAL_BYTES: usize = 32 * 1024;
/// Encodings laid one over the other under which credentials are looked for.
pub const REDACT_LAYERS: usize = 4;
/// Actors whose attack events are remembered by respond; beyond it the one silent longest goes.
pub const RESPOND_ACTORS: usize = 16_384;
/// Attack events of all actors together that respond remembers.
pub const RESPOND_EVENTS: usize = 262_144;
/// Passlist entries a person may add.
pub const PASSLIST_ENTRIES: usize = 4096;
/// Event ids kept as the cause of one denylist entry.
pub const CAUSE_EVENTS: usize = 16;

// What rules judge of one request. Over a cap: judged up to it, `JudgeStats` counts, the request is
// marked cut.

/// Bytes of one value that are judged.
pub const JUDGED_VALUE: usize = 64 * 1024;
/// Bytes of one value that libinjection judges; its work for a hostile value is far more a byte.
pub const JUDGED_INJECTION: usize = 4 * 1024;
/// Bytes of all values of a request that libinjection judges; values that can't be an attack by their
/// words and signs don't count. Up to 0.4 µs a byte.
pub const JUDGED_INJECTION_TOTAL: usize = 16 * 1024;
/// Values (and as many names) of one request that are judged.
pub const JUDGED_VALUES: usize = 16 * 1024;
/// Bytes of all values of one request, after decoding; more than a head and a decoded body have.
pub const JUDGED_BYTES: usize = 1024 * 1024;
/// Containers inside containers of a JSON body; deeper values are judged under the deepest name.
pub const JSON_DEPTH: usize = 64;
/// Parts of a multipart body; the rest is judged as one text.
pub const MULTIPART_PARTS: usize = 256;
/// Containers inside containers of a JSON body, elements inside elements of an XML body, that SecLang's
/// variables take, unless `SecRequestBodyJsonDepthLimit` says another. Deeper is an error of the body
/// (`REQBODY_ERROR`), as in ModSecurity; 512 is what its recommended configuration has.
pub const BODY_DEPTH: usize = 512;
/// Parts of a multipart body that SecLang's variables take; what follows is not read.
pub const BODY_PARTS: usize = 1024;
/// Header lines of one part that SecLang's variables take; further ones are passed over.
pub const BODY_PART_HEADERS: usize = 64;
/// Bytes of one header line of a part; longer is an error of the body (`REQBODY_ERROR`), as in ModSecurity.
pub const BODY_PART_HEADER: usize = 4096;
/// Files of a multipart body, unless `SecUploadFileLimit` says another; more set
/// `MULTIPART_FILE_LIMIT_EXCEEDED`.
pub const BODY_FILES: usize = 100;
/// Bytes of a Content-Type field that may name a boundary; longer is an error of the body.
pub const BODY_CONTENT_TYPE: usize = 1024;
/// Attributes of one XML element that SecLang's variables take; further ones are passed over.
pub const BODY_ATTRIBUTES: usize = 256;
/// Members of collections that rules write under names that no rule names, of one transaction.
pub const WRITTEN_MEMBERS: usize = 1024;
/// Bytes of all values that rules write, of one transaction.
pub const WRITTEN_BYTES: usize = 1024 * 1024;
/// Bytes of what matched that a match carries.
pub const MATCH_VALUE: usize = 256;
/// Bytes of memory one compiled regular expression may take.
pub const REGEX_MEMORY: usize = 4 * 1024 * 1024;
/// Steps back that one search of an expression which is not regular may take; then it is no match.
pub const REGEX_BACKTRACKS: usize = 50_000;
/// Rules of one rule set.
pub const MAX_RULES: usize = 20_000;

// Objects that In-App WAF's processors take. The first three are what Datadog's tracers give libddwaf, so
// that a fingerprint made here is the one that they make. Over a cap: cut, and the run says so.

/// Levels of an object; containers below are there, but empty.
pub const OBJECT_DEPTH: usize = 20;
/// Entries of one list or map of an object.
pub const OBJECT_ENTRIES: usize = 256;
/// Bytes of one text or name of an object.
pub const OBJECT_TEXT: usize = 4096;
/// Values of all objects of one run of processors.
pub const OBJECT_VALUES: usize = 32 * 1024;
/// Texts that one schema's scanners look at; the others are there without tags.
pub const SCHEMA_SCANS: usize = 2048;
/// Records of `IP`, `SESSION` and the other collections that outlive a transaction; beyond it the one used
/// least recently goes.
pub const COLLECTION_RECORDS: usize = 65_536;
/// Bytes of all records, keys and names included.
pub const COLLECTION_BYTES: usize = 16 * 1024 * 1024;
/// Members of one record; further ones are not kept.
pub const COLLECTION_MEMBERS: usize = 128;
/// Bytes of the name of a member; one with a longer name is not kept.
pub const COLLECTION_NAME: usize = 256;
/// Bytes of one value of a record that are kept.
pub const COLLECTION_VALUE: usize = 1024;
/// Bytes of the key of a record; longer ones with the same beginning share a record, so that nobody gets away
/// from a counter with a long cookie.
pub const COLLECTION_KEY: usize = 512;
/// Seconds that a record is kept without being written to, unless `SecCollectionTimeout` says another.
pub const COLLECTION_TIMEOUT: i64 = 3600;
/// Problems of a rule file that are kept when it is read leniently; further ones are counted.
pub const RULE_PROBLEMS: usize = 1000;
/// Transformers of one input, one after the other; libddwaf takes 10.
pub const TRANSFORMERS: usize = 16;
/// Steps of a path of keys in a rule; libddwaf before 2.0 took 20.
pub const KEY_PATH: usize = 64;
/// Overrides of one rule set, and as many exclusions.
pub const RULE_CHANGES: usize = 4096;
/// Entries of all `rules_data` and `exclusion_data` of one rule set.
pub const RULE_DATA: usize = 1_000_000;
/// Candidates of one value whose check digit is reckoned.
pub const CHECKSUMS: usize = 64;

// Chains: requests that proxies of this host make of others.

/// Transactions that others may come from, on record.
pub const CHAIN_HOPS: usize = 16_384;
/// One that is over is kept this long, nanoseconds: the inner one may be read later by another worker.
pub const CHAIN_GRACE: u64 = 1_000_000_000;
/// Open requests with the same method and end of the target that an inner one is compared with.
pub const CHAIN_CANDIDATES: usize = 256;
/// Processes whose habits are kept.
pub const CHAIN_PROCESSES: usize = 1024;
/// Prefixes that one proxy replaces, and fields that it adds, that are learned.
pub const CHAIN_HABITS: usize = 64;
/// Transactions of a proxy among which it is looked for whether only one is open.
pub const CHAIN_ALONE: usize = 64;
/// Bytes of a path that are compared piece by piece; a longer one has to be the same.
pub const CHAIN_PATH: usize = 2048;
/// Addresses in forwarding fields that are compared.
pub const CHAIN_ADDRESSES: usize = 64;
/// Requests of a service that are recorded before it is known whether it makes requests of its own.
pub const CHAIN_TRIAL: u64 = 256;
/// Requests of one worker that wait for others to read what came before.
pub const CHAIN_WAITING: usize = 1024;
/// How long they wait at most, nanoseconds.
pub const CHAIN_WAIT: u64 = 500_000_000;
/// Transactions of one worker that are over, but not told before others have read what may come from them.
pub const CHAIN_TOLD_LATER: usize = 8192;
/// How long they wait at most, nanoseconds.
pub const CHAIN_TOLD_WITHIN: u64 = 5_000_000_000;

// The cleartext beginning of a TLS connection.

/// Bytes of a direction that are looked at for its hello, headers of records included. Hellos with post-quantum
/// keys have 2 KiB.
pub const TLS_HELLO: usize = 16 * 1024;
/// Bytes of a host name of SNI; a name of DNS has no more (RFC 1035).
pub const TLS_SNI: usize = 255;
/// Protocols of ALPN that a client offered and that are kept; further ones are counted.
pub const TLS_ALPN_OFFERED: usize = 16;
/// Characters of a protocol's name that are kept.
pub const TLS_ALPN_NAME: usize = 64;
// Files that are looked through for TLS code (`binary`). What is over a cap is not looked at.

/// Program headers of an ELF file; linkers make about 14.
pub const BINARY_SEGMENTS: usize = 128;
/// Section headers that are read; linkers make about 40.
pub const BINARY_SECTIONS: usize = 4096;
/// Notes of one segment.
pub const BINARY_NOTES: usize = 64;
/// Entries of the dynamic section; Chromium's has about 100.
pub const BINARY_DYNAMIC: usize = 4096;
/// Bytes of a name of a symbol, library or file; Rust's mangled names have up to a few hundred.
pub const BINARY_NAME: usize = 4096;
/// Symbols of one hash chain that are compared; linkers aim at two.
pub const BINARY_CHAIN: usize = 4096;
/// Symbols of TLS code in one file.
pub const BINARY_SYMBOLS: usize = 16 * 1024;
/// Functions of the same name in one file.
pub const BINARY_NAMESAKES: usize = 8;
/// Bytes of segments in which versions, and tables without a section, are looked for.
pub const BINARY_SEARCHED: u64 = 64 * 1024 * 1024;
/// Bytes of one function that are disassembled, its cold parts and what it ends in included.
pub const BINARY_FUNCTION: usize = 64 * 1024;
/// Cold parts and functions that one function ends in…
pub const BINARY_PARTS: usize = 16;
/// …and jumps out of it that are followed to find them.
pub const BINARY_JUMPS: usize = 256;
/// Bytes of all functions of one file that are disassembled; what is made of them takes up to sixty times as much.
pub const BINARY_CODE: u64 = 1024 * 1024;
/// Libraries that one file asks for; Chromium asks for 60.
pub const BINARY_LIBRARIES: usize = 512;
/// Functions of rustls that are kept by their names; a program has a dozen.
pub const BINARY_RUSTLS: usize = 512;
/// Bytes of code from which on a file may have TLS code without symbols in it: libssl alone has 300 KB.
pub const BINARY_TLS_CODE: u64 = 64 * 1024;
/// Local symbols from which on a file is taken to have its symbols.
pub const BINARY_LOCALS: u32 = 256;
/// Bytes of headers that are kept while a file is inspected; most have 4 KB.
pub const BINARY_KEPT: usize = 2 * 1024 * 1024;
/// Functions in Go's table; Kubernetes has 100,000.
pub const BINARY_GO_FUNCTIONS: u64 = 2 * 1024 * 1024;

/// Bytes that are read to inspect one file, some of them twice: Node takes 11 MB, LLVM's library 63 MB.
pub const BINARY_READ: u64 = 512 * 1024 * 1024;
/// TLS connections of one worker that ended without plaintext and wait a second for it before they count as unseen.
pub const UNSEEN_WAITING: usize = 1024;
/// How long `picket doctor` looks for TLS code in the files of processes that listen, milliseconds.
pub const DOCTOR_TLS: u64 = 10_000;
/// Processes that hold connections older than the agent and are probed for these.
pub const OLDER_PROCESSES: usize = 1024;
// Discovery: which processes run which files.

/// Processes whose mapped files are known; further ones are counted and found by the look that follows.
pub const DISCOVERED_PROCESSES: usize = 65_536;
/// Different files that processes map executable.
pub const DISCOVERED_FILES: usize = 32_768;
/// Files that one process maps executable.
pub const DISCOVERED_PROCESS_FILES: usize = 1024;
/// Bytes of all CPUs' ring buffers of mappings together; one has 512 KiB at most.
pub const DISCOVER_RINGS: usize = 16 << 20;
/// Lines of one process's list of mappings that are read; `vm.max_map_count` is 65,530 unless somebody raised it.
pub const MAPPINGS_READ: usize = 262_144;
/// Files whose inspection is remembered, those with nothing in them too.
pub const INSPECTIONS: usize = 8192;
/// Files that wait for their inspection opened already; further ones are opened when it is their turn.
pub const INSPECTIONS_OPEN: usize = 128;
/// Reasons that are kept of files that could not be opened, inspected or attached to.
pub const DISCOVER_FAILURES: usize = 64;
/// Times from a mapping to the probes in it that are kept for the percentiles.
pub const DISCOVER_LATENCIES: usize = 4096;

// Detection rules and signals.

/// Detection rules in one file, and in all that run.
pub const DETECT_RULES: usize = 512;
/// Bytes of a file of detection rules.
pub const DETECT_FILE: u64 = 4 << 20;
/// Queries of one rule.
pub const DETECT_QUERIES: usize = 8;
/// Cases of one rule, and actions of one case.
pub const DETECT_CASES: usize = 10;
/// Steps of one sequence.
pub const DETECT_STEPS: usize = 8;
/// Entries of any other list of a rule: tags, notifications, filters.
pub const DETECT_LIST: usize = 64;
/// Facets that a group or a combination of values is made of.
pub const DETECT_FIELDS: usize = 5;
/// Bytes of a condition…
pub const DETECT_CONDITION: usize = 1024;
/// …and how deep it is nested.
pub const DETECT_CONDITION_DEPTH: usize = 32;
/// Bytes of a title or message, as written and filled in.
pub const DETECT_MESSAGE: usize = 8192;
/// How deep sections of a message are nested.
pub const DETECT_TEMPLATE_DEPTH: usize = 8;
/// Longest window, keep-alive and duration of a signal, seconds.
pub const DETECT_SECONDS: u64 = 7 * 86_400;
/// Longest time that is learned, or after which a value is forgotten, days.
pub const DETECT_DAYS: u64 = 30;
/// Longest action, seconds.
pub const DETECT_ACTION: u64 = 366 * 86_400;
/// Buckets of a window: what is counted may be a bucket's time older than the window says, never younger.
pub const DETECT_BUCKETS: u64 = 20;
/// Bytes of one value of a group; longer ones are cut, and a hash of the whole stands behind.
pub const DETECT_VALUE: usize = 256;
/// Groups of one rule that are counted exactly; further ones take the place of the smallest.
pub const DETECT_GROUPS: usize = 131_072;
/// Bytes that all groups of all rules take.
pub const DETECT_MEMORY: usize = 160 << 20;
/// Different values of a group that are known one by one; with more, they are estimated.
pub const DETECT_DISTINCT: usize = 256;
/// Known values of a group of a rule for new values; of more, the one not seen for longest is forgotten.
pub const DETECT_KNOWN: usize = 256;
/// Events that are so much older than the newest are not counted any more, nanoseconds.
pub const DETECT_LATE: u64 = 60 * 1_000_000_000;
/// So many late events one after the other: the clock was set back, not the events delayed.
pub const DETECT_LATE_RUN: u32 = 1000;
/// Bytes of a saved state that are read.
pub const DETECT_STATE: usize = 512 << 20;
/// Events of a scenario that detection rules are tested with.
pub const SCENARIO_EVENTS: u64 = 1_000_000;
/// Signals that are under way at the same time…
pub const SIGNALS_OPEN: usize = 10_000;
/// …and of one rule; what else begins is counted.
pub const SIGNALS_OPEN_OF_RULE: usize = 1000;
/// Addresses, users, sessions, user agents and services named in a signal, of each kind.
pub const SIGNAL_NAMES: usize = 100;
/// Events of which a signal keeps the id.
pub const SIGNAL_EVENTS: usize = 24;
/// Related signals that a signal names.
pub const SIGNAL_RELATED: usize = 16;
/// Entries of a signal's timeline.
pub const SIGNAL_TIMELINE: usize = 32;
/// An extended signal is told at most so often, nanoseconds.
pub const SIGNAL_TOLD: u64 = 1_000_000_000;
/// Addresses that the actions of one signal are about, and as many users.
pub const SIGNAL_TARGETS: usize = 1000;
/// Bytes of an assignee or a case…
pub const TRIAGE_NAME: usize = 256;
/// …and of a person's comment on a signal.
pub const TRIAGE_NOTE: usize = 4096;
/// `[[detection.responses]]` and `[[detection.suppressions]]`, each.
pub const DETECT_CHANGES: usize = 256;
/// Bytes of a GeoIP database.
pub const GEOIP_FILE: u64 = 1 << 30;

// Queries that people and detection rules ask.

/// Bytes of one query.
pub const QUERY_BYTES: usize = 8 * 1024;
/// Parentheses inside parentheses of a query, negations included.
pub const QUERY_DEPTH: usize = 32;
/// Terms of one query; each entry of a list is one.
pub const QUERY_TERMS: usize = 256;

// Users (`user`): who did it, and what it was for the business.

/// Sessions that are tied to a user; beyond it the one silent longest goes.
pub const SESSIONS: usize = 262_144;
/// Tokens with claims that a service accepted, of one worker; beyond it the one silent longest goes.
pub const ACCEPTED_TOKENS: usize = 8192;
/// Names of session cookies that are learned from logins.
pub const LEARNED_COOKIES: usize = 64;
/// Session cookies of one request that are looked up.
pub const SESSION_COOKIES: usize = 4;
/// Cookies of one request that are looked at.
pub const COOKIES_READ: usize = 128;
/// Bytes of a token whose claims are read.
pub const TOKEN_BYTES: usize = 8 * 1024;
/// Characters of a user's id or of a value that a business event carries.
pub const USER_TEXT: usize = 256;
/// Parameters of a message that are read for users and business events.
pub const FIELDS: usize = 128;
/// Bytes of the name of one.
pub const FIELD_NAME: usize = 128;
/// Bytes of all names and values of a message.
pub const FIELD_BYTES: usize = 64 * 1024;
/// Containers inside containers of a JSON body that is read for them.
pub const FIELD_DEPTH: usize = 32;
/// Calls of one request (GraphQL's fields, XML-RPC's methods) that business events are made of.
pub const CALLS: usize = 64;
/// Operations of a GraphQL document that are looked at, and as many fragments.
pub const GRAPHQL_DEFINITIONS: usize = 64;
/// Elements inside elements of an XML-RPC message that are read.
pub const XMLRPC_DEPTH: usize = 64;
/// Bytes of a body in which the root element of XML-RPC has to begin.
pub const XMLRPC_PROLOG: usize = 1024;
/// Bytes of a response's body in which words are looked for.
pub const WORDS_READ: usize = 64 * 1024;
/// Rules for business events of a configuration.
pub const BUSINESS_RULES: usize = 512;
/// Different pieces of their paths that are looked for with a table of all states; more are, with less memory.
pub const BUSINESS_PIECES: usize = 512;
/// Services with settings of their own for users.
pub const USER_SERVICES: usize = 256;

// Endpoints (`endpoint`): which routes a service has. What is over a cap is folded harder, or counted as `elsewhere`.

/// Routes (method and pattern) of one service.
pub const SERVICE_ENDPOINTS: usize = 512;
/// Routes of all services of one worker.
pub const ENDPOINTS: usize = 16_384;
/// Services whose routes are kept.
pub const ENDPOINT_SERVICES: usize = 512;
/// Segments of a path that a pattern has; the others are `{rest}`.
pub const PATTERN_DEPTH: usize = 12;
/// Bytes of a segment that stands in a pattern as it is.
pub const PATTERN_SEGMENT: usize = 64;
/// Segments in one place that were seen hardly more than once, from which on they are one `{param}`.
pub const PATTERN_RARE: usize = 48;
/// Segments in one place, whatever they are.
pub const PATTERN_CHILDREN: usize = 256;
/// Segments in one place that read like titles (`a-title-of-words`), from which on they are one `{slug}`.
pub const PATTERN_SLUGS: usize = 8;
/// Parameters of one route.
pub const ENDPOINT_PARAMETERS: usize = 64;
/// Types of attacks on one route, and names of its business events.
pub const ENDPOINT_NAMED: usize = 32;
/// Requests to a route whose parameters and bodies are all looked at; of the later ones, one in
/// [`ENDPOINT_SAMPLE`] is.
pub const ENDPOINT_FIRST: u64 = 16;
/// See [`ENDPOINT_FIRST`].
pub const ENDPOINT_SAMPLE: u64 = 64;
/// Bytes of a body in which sensitive data is looked for.
pub const SENSITIVE_BYTES: usize = 16 * 1024;

// The store.

/// Events waiting to be written…
pub const STORE_QUEUE_EVENTS: usize = 8192;
/// …and their bytes.
pub const STORE_QUEUE_BYTES: usize = 32 * 1024 * 1024;
/// Changes other than events (signals, list entries, audit) waiting to be written.
pub const STORE_QUEUE_CHANGES: usize = 1024;
/// Rules and actors whose share of the stored rate is watched.
pub const STORE_SAMPLED_KEYS: usize = 16_384;
/// Rows of a minute's counters that have an actor of their own.
pub const STORE_COUNTERS: usize = 4096;
/// Rows of counters held while nothing can be written; beyond, they get coarser.
pub const STORE_COUNTERS_HELD: usize = 65_536;
/// Different values that one facet looks at.
pub const STORE_FACET_VALUES: usize = 1_000_000;
/// Different lists of values that are held as they are, before they are taken apart.
pub const STORE_FACET_LISTS: usize = 65_536;
/// Points of a timeline that are held before it is known which values are the most frequent.
pub const STORE_TIMELINE_HELD: usize = 100_000;
/// Rows of one page.
pub const STORE_PAGE: usize = 1000;
/// Clients or users that a question gives at most, with what is known of each.
pub const STORE_ACTORS: usize = 200;
/// Connections that read, kept open.
pub const STORE_READERS: usize = 4;
/// Points of a timeline.
pub const STORE_TIMELINE: usize = 1000;

// The desk.

/// Events that are counted again when an agent was killed before it saved its windows.
pub const DESK_REPLAYED: usize = 100_000;
/// Chains of which it is known that one of their requests was counted.
pub const CHAINS_COUNTED: usize = 16_384;
/// Changes that could not be written yet and wait for the store.
pub const DESK_UNWRITTEN: usize = 16_384;
/// Clients that are known to come through a proxy; beyond it the one silent longest is forgotten.
pub const DESK_BEHIND: usize = 16_384;
/// Users on the denylist, and addresses that are flagged.
pub const DESK_MARKED: usize = 65_536;
// Notifications.

/// Targets of a configuration.
pub const NOTIFY_TARGETS: usize = 32;
/// Receivers of one e-mail.
pub const NOTIFY_RECEIVERS: usize = 32;
/// Header fields of one's own of a webhook.
pub const NOTIFY_HEADERS: usize = 16;
/// Bytes of a file with a secret.
pub const NOTIFY_SECRET: usize = 16 * 1024;
/// Notifications of one target that are looked at at a time; when more wait, they become one.
pub const NOTIFY_WAITING: usize = 500;
/// Signals that one notification about many names.
pub const NOTIFY_NAMED: usize = 10;
/// Signals whose last notification "goes on" is remembered, of all targets.
pub const NOTIFY_EXTENDED: usize = 10_000;
/// A signal that goes on is told to a target at most so often, nanoseconds.
pub const NOTIFY_EXTENDED_EVERY: i64 = 60 * 1_000_000_000;
/// Bytes of an answer that are read.
pub const NOTIFY_ANSWER: usize = 4 * 1024;
/// Tests of one target within a minute that a running agent sends.
pub const NOTIFY_TESTS: u32 = 6;
/// Bytes of a syslog message over UDP (RFC 5426 section 3.2: what receivers should take).
pub const SYSLOG_UDP: usize = 2048;
/// Bytes of one over TCP or TLS (RFC 5425 section 4.3.1: what receivers should take).
pub const SYSLOG_STREAM: usize = 8192;

// Metrics.

/// Connections to the metrics' listener at a time.
pub const METRICS_CONNECTIONS: usize = 16;
/// Pairs of a service and a type of attacks that are counted by themselves; all others share `other`.
pub const METRICS_ATTACKS: usize = 1024;
