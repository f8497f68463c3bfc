-- What lists, facets and counts ask of events. `time` is the event's (nanoseconds since the epoch), moved by
-- less than a second where another event has it already: rows lie in the order of time, without an index.
CREATE TABLE event_facts (
    time INTEGER PRIMARY KEY,
    kind TEXT,
    service TEXT,
    client_ip TEXT,
    user_id TEXT,
    method TEXT,
    path TEXT,
    status INTEGER,
    blocked INTEGER NOT NULL,
    types TEXT NOT NULL, -- JSON arrays of text
    rules TEXT NOT NULL
);
CREATE INDEX event_facts_client_ip ON event_facts (client_ip);
CREATE INDEX event_facts_user_id ON event_facts (user_id) WHERE user_id IS NOT NULL;

-- The events themselves, apart: what is a kilobyte is not read where a number is asked for.
CREATE TABLE event_bodies (
    time INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    json TEXT NOT NULL
);

-- What queries are compiled for. SQLite leaves the join out where neither `id` nor `json` is used.
CREATE VIEW events AS
    SELECT f.time, b.id, b.json, f.kind, f.service, f.client_ip, f.user_id, f.method, f.path, f.status,
           f.blocked, f.types, f.rules
    FROM event_facts f LEFT JOIN event_bodies b ON b.time = f.time;

-- `time`: when it was seen last.
CREATE TABLE signals (
    id TEXT PRIMARY KEY,
    time INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    rule TEXT NOT NULL,
    severity TEXT NOT NULL,
    status TEXT NOT NULL,
    assignee TEXT,
    json TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX signals_time ON signals (time, id);

-- The sampled events of signals, which are kept as long as their signal.
CREATE TABLE signal_events (
    event TEXT NOT NULL,
    signal TEXT NOT NULL REFERENCES signals (id) ON DELETE CASCADE,
    PRIMARY KEY (event, signal)
) WITHOUT ROWID;
CREATE INDEX signal_events_signal ON signal_events (signal);

CREATE TABLE signal_history (
    number INTEGER PRIMARY KEY,
    signal TEXT NOT NULL REFERENCES signals (id) ON DELETE CASCADE,
    time INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    json TEXT NOT NULL
);
CREATE INDEX signal_history_signal ON signal_history (signal, number);

-- Denylist and passlist. kind: deny, pass. what: ip, cidr, user. state: active, ended, lifted.
CREATE TABLE lists (
    kind TEXT NOT NULL,
    what TEXT NOT NULL,
    value TEXT NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER,
    reason TEXT NOT NULL,
    author TEXT NOT NULL,
    signal TEXT,
    enforced INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (kind, what, value)
) WITHOUT ROWID;

CREATE TABLE audit (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    time INTEGER NOT NULL,
    who TEXT NOT NULL,
    action TEXT NOT NULL,
    what TEXT NOT NULL,
    before TEXT,
    after TEXT
);
CREATE INDEX audit_time ON audit (time);

-- Every event, stored or not. rule '': events; otherwise the events that this rule matched.
-- actor '*': all that have no row of their own.
CREATE TABLE counters (
    minute INTEGER NOT NULL,
    service TEXT NOT NULL,
    rule TEXT NOT NULL,
    actor TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (minute, service, rule, actor)
) WITHOUT ROWID;

-- Events that were counted and not stored. why: sampled, queue, disk.
CREATE TABLE left_out (
    minute INTEGER NOT NULL,
    service TEXT NOT NULL,
    rule TEXT NOT NULL,
    why TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (minute, service, rule, why)
) WITHOUT ROWID;

CREATE TABLE endpoints (
    service TEXT NOT NULL,
    method TEXT NOT NULL,
    route TEXT NOT NULL,
    time INTEGER NOT NULL,
    json TEXT NOT NULL,
    PRIMARY KEY (service, method, route)
) WITHOUT ROWID;

-- State of detection rules, so that windows outlive a restart.
CREATE TABLE windows (
    name TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    time INTEGER NOT NULL,
    bytes BLOB NOT NULL
) WITHOUT ROWID;

-- Notifications that are not delivered yet.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    target TEXT NOT NULL,
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    json TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX outbox_due ON outbox (due, id);

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
