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
/// Transactions waiting to be printed.
pub const EVENT_QUEUE: usize = 32_768;
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
/// Descendants of a service's process that are asked which TLS library they have.
pub const FAMILY: usize = 256;
/// Bytes of a request to the API.
pub const API_BODY: usize = 64 * 1024;
/// Bytes of an answer the command line takes.
pub const API_ANSWER: usize = 256 * 1024 * 1024;
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

/// TLS connections of one worker that ended without plaintext and wait a second for it before they count as unseen.
pub const UNSEEN_WAITING: usize = 1024;
/// How long `picket doctor` looks for TLS code in the files of processes that listen, milliseconds.
pub const DOCTOR_TLS: u64 = 10_000;
/// Bytes that are read to inspect one file, some of them twice: Node takes 11 MB, LLVM's library 63 MB.
pub const BINARY_READ: u64 = 512 * 1024 * 1024;
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
