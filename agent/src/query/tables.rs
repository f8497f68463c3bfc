//! The facets of events, signals and endpoints. `docs/query.md` has the same tables; a test compares them.

use super::{
    Facet, Facets,
    Kind::{Address, Flag, Mark, Number, Object, Text, Time},
    event::Known,
};

/// All that queries are asked of.
pub static ALL: [&Facets; 4] = [&EVENTS, &SIGNALS, &ENDPOINTS, &RULES];

/// Facets of events.
pub static EVENTS: Facets = Facets {
    things: "events",
    rows: EVENT_ROWS,
    free: &["host", "path", "query", "user_agent", "rule.id", "rule.name", "rule.value"],
    lists: &["matches", "business", "anomalies"],
    open: &[
        ("rule.tags.", (Some("matches"), &["tags"])),
        ("matches.tags.", (Some("matches"), &["tags"])),
        ("business.attributes.", (Some("business"), &["attributes"])),
    ],
    attributes: &[(None, &["attributes"]), (Some("business"), &["attributes"])],
};

const EVENT_ROWS: &[Facet] = &[
    Facet::new(&["service"], Text, (None, &["service", "name"]), "name of the service")
        .known(Known::ServiceName)
        .column("service"),
    Facet::new(
        &["client_ip", "@http.client_ip", "@network.client.ip"],
        Address,
        (None, &["client_ip"]),
        "client, resolved behind proxies",
    )
    .known(Known::ClientIp)
    .column("client_ip"),
    Facet::new(&["peer_ip"], Address, (None, &["peer_ip"]), "other end of the connection")
        .known(Known::PeerIp),
    Facet::new(&["user.id", "@usr.id"], Text, (None, &["user", "id"]), "user")
        .known(Known::UserId)
        .column("user_id"),
    Facet::new(&["user.source"], Text, (None, &["user", "source"]), "how the user is known")
        .known(Known::UserSource),
    Facet::new(&["user.claimed"], Mark, (None, &["user", "claimed"]), "the service did not confirm the user")
        .known(Known::UserClaimed),
    Facet::new(&["@user"], Object, (None, &["user"]), "the user is known").known(Known::User),
    Facet::new(&["@session"], Object, (None, &["session"]), "the session is known").known(Known::Session),
    Facet::new(&["session.id", "@usr.session_id"], Text, (None, &["session", "id"]), "session")
        .known(Known::SessionId),
    Facet::new(&["kind"], Text, (None, &["kind"]), "event, transaction").known(Known::Kind).column("kind"),
    Facet::new(&["id"], Text, (None, &["id"]), "id of the event").known(Known::Id),
    Facet::new(&["time"], Time, (None, &["time"]), "when it began"),
    Facet::new(&["blocked"], Flag, (None, &["blocked"]), "client was put on the denylist because of it")
        .known(Known::Blocked)
        .column("blocked"),
    Facet::new(&["would_block"], Mark, (None, &["would_block"]), "rules in SecLang would have kept it back")
        .known(Known::WouldBlock),
    Facet::new(&["score"], Number, (None, &["score"]), "anomaly score").known(Known::Score),
    Facet::new(&["policy"], Text, (None, &["policy"]), "policy it was judged by").known(Known::Policy),
    Facet::new(&["@client_geo"], Object, (None, &["client_geo"]), "the client's place is known")
        .known(Known::ClientGeo),
    Facet::new(
        &["client_geo.country", "country", "@network.client.geoip.country.iso_code"],
        Text,
        (None, &["client_geo", "country"]),
        "country of the client, two letters",
    )
    .known(Known::Country),
    Facet::new(
        &["client_geo.city", "@network.client.geoip.city.name"],
        Text,
        (None, &["client_geo", "city"]),
        "city of the client",
    )
    .known(Known::City),
    Facet::new(
        &["client_geo.asn", "@network.client.geoip.as.number"],
        Number,
        (None, &["client_geo", "asn"]),
        "autonomous system of the client",
    )
    .known(Known::Asn),
    Facet::new(&["tags"], Text, (None, &["tags"]), "tags of the event"),
    Facet::new(&["@method", "@http.method"], Text, (None, &["method"]), "method")
        .known(Known::Method)
        .column("method"),
    Facet::new(&["@host", "@http.host", "@http.url_details.host"], Text, (None, &["host"]), "host asked for")
        .known(Known::Host),
    Facet::new(&["@path", "@http.url_details.path"], Text, (None, &["path"]), "path, as sent")
        .known(Known::Path)
        .column("path"),
    Facet::new(&["@query"], Text, (None, &["query"]), "what follows ?, as sent").known(Known::Query),
    Facet::new(&["@status", "@http.status_code"], Number, (None, &["status"]), "status code")
        .known(Known::Status)
        .column("status"),
    Facet::new(&["@response_bytes"], Number, (None, &["response_bytes"]), "bytes of the response's body")
        .known(Known::ResponseBytes),
    Facet::new(&["@duration_us"], Number, (None, &["duration_us"]), "microseconds it took")
        .known(Known::DurationUs),
    Facet::new(&["@user_agent", "@http.useragent"], Text, (None, &["user_agent"]), "User-Agent")
        .known(Known::UserAgent),
    Facet::new(&["@endpoint", "@http.route"], Text, (None, &["endpoint"]), "route pattern of the path")
        .known(Known::Endpoint),
    Facet::new(&["@business"], Object, (None, &["business"]), "business events")
        .known(Known::Business)
        .list("business"),
    Facet::new(&["@rule.id"], Text, (Some("matches"), &["rule"]), "id of a rule that matched")
        .known(Known::RuleId)
        .column("rules"),
    Facet::new(&["@rule.name"], Text, (Some("matches"), &["name"]), "its name").known(Known::RuleName),
    Facet::new(&["@rule.type", "@appsec.type"], Text, (Some("matches"), &["tags", "type"]), "its tag type")
        .known(Known::RuleTag("type"))
        .column("types"),
    Facet::new(
        &["@rule.category", "@appsec.category"],
        Text,
        (Some("matches"), &["tags", "category"]),
        "its tag category",
    )
    .known(Known::RuleTag("category")),
    Facet::new(&["@rule.confidence"], Text, (Some("matches"), &["tags", "confidence"]), "its tag confidence")
        .known(Known::RuleTag("confidence")),
    Facet::new(&["@rule.location"], Text, (Some("matches"), &["location"]), "where it matched")
        .known(Known::Location),
    Facet::new(&["@rule.value"], Text, (Some("matches"), &["value"]), "what it matched")
        .known(Known::MatchedValue),
    Facet::new(&["@matches"], Object, (None, &["matches"]), "rules that matched")
        .known(Known::Matches)
        .column("attack"),
    Facet::new(
        &["@business.name", "@evt.name"],
        Text,
        (Some("business"), &["name"]),
        "business event: users.login.failure…",
    )
    .known(Known::BusinessName)
    .column("business"),
    Facet::new(
        &["@usr.exists"],
        Flag,
        (Some("business"), &["attributes", "usr.exists"]),
        "whether a failed login's user exists",
    )
    .known(Known::BusinessAttribute("usr.exists")),
    Facet::new(
        &["@usr.login"],
        Text,
        (Some("business"), &["attributes", "usr.login"]),
        "user that a login names",
    )
    .known(Known::BusinessAttribute("usr.login")),
    Facet::new(
        &["@security_response.block_ip"],
        Mark,
        (None, &["security_response", "block_ip"]),
        "its client is on the denylist",
    )
    .known(Known::BlockedIp),
    Facet::new(
        &["@security_response.block_user"],
        Mark,
        (None, &["security_response", "block_user"]),
        "its user is on the denylist",
    )
    .known(Known::BlockedUser),
    Facet::new(
        &["@security_response.flag_ip"],
        Mark,
        (None, &["security_response", "flag_ip"]),
        "its client is flagged",
    )
    .known(Known::FlaggedIp),
    Facet::new(&["@tls"], Object, (None, &["tls"]), "the connection speaks TLS").known(Known::Tls),
    Facet::new(&["@tls.version"], Text, (None, &["tls", "version"]), "its version").known(Known::TlsVersion),
    Facet::new(&["@tls.cipher"], Text, (None, &["tls", "cipher"]), "its cipher suite")
        .known(Known::TlsCipher),
    Facet::new(&["@tls.sni"], Text, (None, &["tls", "sni"]), "host name in the hello").known(Known::TlsSni),
    Facet::new(&["@tls.alpn"], Text, (None, &["tls", "alpn"]), "protocol").known(Known::TlsAlpn),
    Facet::new(&["@tls.alpn_offered"], Text, (None, &["tls", "alpn_offered"]), "protocols offered")
        .known(Known::TlsAlpnOffered),
    Facet::new(&["@tls.ja4"], Text, (None, &["tls", "ja4"]), "fingerprint of the client")
        .known(Known::TlsJa4),
    Facet::new(&["@tls.library"], Text, (None, &["tls", "library"]), "library of the service")
        .known(Known::TlsLibrary),
    Facet::new(&["@chain"], Object, (None, &["chain"]), "part of a chain of proxies").known(Known::Chain),
    Facet::new(&["@chain.id"], Text, (None, &["chain", "id"]), "its id").known(Known::ChainId),
    Facet::new(&["@chain.hop"], Number, (None, &["chain", "hop"]), "proxies before the service")
        .known(Known::ChainHop),
    Facet::new(&["@chain.ambiguous"], Mark, (None, &["chain", "ambiguous"]), "from one of equal requests")
        .known(Known::ChainAmbiguous),
    Facet::new(&["@peer_port"], Number, (None, &["peer_port"]), "port of the other end")
        .known(Known::PeerPort),
    Facet::new(&["@service.port"], Number, (None, &["service", "port"]), "port the service listens on")
        .known(Known::ServicePort),
    Facet::new(&["@service.pid"], Number, (None, &["service", "pid"]), "its process")
        .known(Known::ServicePid),
    Facet::new(&["@service.exe"], Text, (None, &["service", "exe"]), "its executable")
        .known(Known::ServiceExe),
    Facet::new(&["@service.cmdline"], Text, (None, &["service", "cmdline"]), "each of its arguments")
        .known(Known::ServiceCmdline),
    Facet::new(&["@service.container_id"], Text, (None, &["service", "container_id"]), "its container")
        .known(Known::ServiceContainer),
    Facet::new(&["@service.pod_uid"], Text, (None, &["service", "pod_uid"]), "its pod")
        .known(Known::ServicePod),
    Facet::new(&["@service.cgroup"], Text, (None, &["service", "cgroup"]), "its control group")
        .known(Known::ServiceCgroup),
    Facet::new(&["@unanswered"], Text, (None, &["unanswered"]), "why no response was seen")
        .known(Known::Unanswered),
    Facet::new(&["@truncated"], Flag, (None, &["truncated"]), "not all of it was judged")
        .known(Known::Truncated),
    Facet::new(&["@anomalies"], Object, (None, &["anomalies"]), "what is wrong with it as HTTP")
        .known(Known::Anomalies),
    Facet::new(&["@anomalies.kind"], Text, (Some("anomalies"), &["kind"]), "kind of anomaly")
        .known(Known::AnomalyKind),
    Facet::new(&["@anomalies.detail"], Text, (Some("anomalies"), &["detail"]), "what exactly")
        .known(Known::AnomalyDetail),
    Facet::new(&["@left_out"], Number, (None, &["left_out"]), "matches and anomalies not kept")
        .known(Known::LeftOut),
];

/// Facets of signals.
pub static SIGNALS: Facets = Facets {
    things: "signals",
    rows: SIGNAL_ROWS,
    free: &["title", "message", "rule", "comment", "case", "service", "client_ip", "user.id"],
    lists: &["events"],
    open: &[("group.", (None, &["group"]))],
    attributes: &[],
};

const SIGNAL_ROWS: &[Facet] = &[
    Facet::new(&["id"], Text, (None, &["id"]), "id of the signal").column("id"),
    Facet::new(&["rule", "@rule.id"], Text, (None, &["rule"]), "id of the detection rule").column("rule"),
    Facet::new(&["title"], Text, (None, &["title"]), "name of the detection rule"),
    Facet::new(&["message"], Text, (None, &["message"]), "what happened"),
    Facet::new(&["severity"], Text, (None, &["severity"]), "info, low, medium, high, critical")
        .column("severity"),
    Facet::new(&["status"], Text, (None, &["status"]), "open, under_review, archived").column("status"),
    Facet::new(&["archive_reason"], Text, (None, &["archive_reason"]), "why it was put away"),
    Facet::new(&["comment"], Text, (None, &["comment"]), "a person's word on it"),
    Facet::new(&["assignee"], Text, (None, &["assignee"]), "who works on it").column("assignee"),
    Facet::new(&["case"], Text, (None, &["case"]), "case it belongs to"),
    Facet::new(&["service"], Text, (None, &["services"]), "services asked").list("services"),
    Facet::new(
        &["client_ip", "@http.client_ip", "@network.client.ip"],
        Address,
        (None, &["actors"]),
        "addresses of the actors",
    )
    .list("actors"),
    Facet::new(&["user.id", "@usr.id"], Text, (None, &["users"]), "users").list("users"),
    Facet::new(&["session.id", "@usr.session_id"], Text, (None, &["sessions"]), "sessions"),
    Facet::new(&["@user_agent", "@http.useragent"], Text, (None, &["user_agents"]), "user agents"),
    Facet::new(&["tags"], Text, (None, &["tags"]), "tags of the detection rule"),
    Facet::new(&["@events"], Number, (None, &["counts", "events"]), "events that counted"),
    Facet::new(&["first_seen"], Time, (None, &["first_seen"]), "time of its first event"),
    Facet::new(&["last_seen"], Time, (None, &["last_seen"]), "time of its latest event"),
];

/// Facets of endpoints. They are not in the store: queries are asked of their JSON.
pub static ENDPOINTS: Facets = Facets {
    things: "endpoints",
    rows: ENDPOINT_ROWS,
    free: &["pattern", "parameter"],
    lists: &["parameters"],
    open: &[
        ("attacks.", (None, &["attacks"])),
        ("business.", (None, &["business"])),
        ("statuses.", (None, &["statuses"])),
    ],
    attributes: &[],
};

const ENDPOINT_ROWS: &[Facet] = &[
    Facet::new(&["service"], Text, (None, &["service"]), "name of the service"),
    Facet::new(&["port"], Number, (None, &["port"]), "port the service listens on"),
    Facet::new(&["method"], Text, (None, &["method"]), "method"),
    Facet::new(&["pattern", "endpoint"], Text, (None, &["pattern"]), "route pattern of the path"),
    Facet::new(&["seen"], Number, (None, &["seen"]), "requests"),
    Facet::new(&["authenticated"], Number, (None, &["authenticated"]), "requests with a user or credentials"),
    Facet::new(&["attacks"], Object, (None, &["attacks"]), "it was attacked"),
    Facet::new(&["business"], Object, (None, &["business"]), "business events came of it"),
    Facet::new(&["parameter"], Text, (Some("parameters"), &["name"]), "name of a parameter"),
    Facet::new(&["parameter.kind"], Text, (Some("parameters"), &["kinds"]), "what its values look like"),
    Facet::new(&["sensitive_request"], Text, (None, &["sensitive_request"]), "sensitive data in requests"),
    Facet::new(&["sensitive_response"], Text, (None, &["sensitive_response"]), "sensitive data in responses"),
    Facet::new(
        &["latency.p50_us"],
        Number,
        (None, &["latency", "p50_us"]),
        "half take no longer, microseconds",
    ),
    Facet::new(&["latency.p95_us"], Number, (None, &["latency", "p95_us"]), "95 of 100 take no longer"),
    Facet::new(&["latency.p99_us"], Number, (None, &["latency", "p99_us"]), "99 of 100 take no longer"),
    Facet::new(&["first_seen"], Time, (None, &["first_seen"]), "when it was seen first"),
    Facet::new(&["last_seen"], Time, (None, &["last_seen"]), "when it was seen last"),
];

/// Facets of the rules that requests are judged by. They are not in the store: queries are asked of their JSON.
pub static RULES: Facets = Facets {
    things: "rules",
    rows: RULE_ROWS,
    free: &["id", "name", "tag"],
    lists: &["policies", "conditions"],
    open: &[("tags.", (None, &["tags"]))],
    attributes: &[],
};

const RULE_ROWS: &[Facet] = &[
    Facet::new(&["id"], Text, (None, &["id"]), "id of the rule"),
    Facet::new(&["name"], Text, (None, &["name"]), "what it finds"),
    Facet::new(&["type"], Text, (None, &["tags", "type"]), "type of attack"),
    Facet::new(&["category"], Text, (None, &["tags", "category"]), "attack_attempt, security_response…"),
    Facet::new(&["confidence"], Text, (None, &["tags", "confidence"]), "how sure a match is"),
    Facet::new(&["severity"], Text, (None, &["tags", "severity"]), "how bad SecLang calls it"),
    Facet::new(&["paranoia_level"], Text, (None, &["tags", "paranoia_level"]), "CRS's level, 1 to 4"),
    Facet::new(&["tag"], Text, (None, &["labels"]), "SecLang's tags"),
    Facet::new(&["language"], Text, (None, &["language"]), "in_app, seclang"),
    Facet::new(&["phase"], Text, (None, &["phase"]), "request, response; of SecLang its phases"),
    Facet::new(&["file"], Text, (None, &["file"]), "where it stands"),
    Facet::new(&["written"], Flag, (None, &["kept", "written"]), "people wrote it with the agent"),
    Facet::new(&["by"], Text, (None, &["kept", "by"]), "who wrote it, or switched it"),
    Facet::new(&["enabled"], Flag, (None, &["enabled"]), "a policy asks it"),
    Facet::new(&["tells"], Flag, (None, &["tells"]), "events tell that it held"),
    Facet::new(&["blocks"], Flag, (None, &["blocks"]), "it wants the request kept from the service"),
    Facet::new(&["hits"], Number, (None, &["hits"]), "stored events that it matched"),
    Facet::new(&["policy"], Text, (Some("policies"), &["name"]), "policies that have it"),
    Facet::new(&["operator"], Text, (Some("conditions"), &["operator"]), "what it looks for"),
    Facet::new(&["input"], Text, (Some("conditions"), &["inputs"]), "where it looks"),
];
