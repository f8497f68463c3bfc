-- Counts of events by hour and by day, for facets over millions of events. The tables have '' and 0 where a fact
-- is not known, because keys can't be NULL; the views have NULL, as `events` has.
CREATE TABLE rollup_levels (
    level INTEGER PRIMARY KEY,
    size INTEGER NOT NULL -- nanoseconds; `start` counts in these
);
INSERT INTO rollup_levels VALUES (0, 3600000000000), (1, 86400000000000);

CREATE TABLE rollup_facts_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    service TEXT NOT NULL, kind TEXT NOT NULL, method TEXT NOT NULL, status INTEGER NOT NULL,
    blocked INTEGER NOT NULL, types TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, service, kind, method, status, blocked, types)
) WITHOUT ROWID;
CREATE VIEW rollup_facts AS
    SELECT level, start, nullif(service, '') AS service, nullif(kind, '') AS kind, nullif(method, '') AS method,
           nullif(status, 0) AS status, blocked, types, count
    FROM rollup_facts_rows;

CREATE TABLE rollup_clients_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    service TEXT NOT NULL, kind TEXT NOT NULL, client_ip TEXT NOT NULL, user_id TEXT NOT NULL, types TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, service, kind, client_ip, user_id, types)
) WITHOUT ROWID;
CREATE VIEW rollup_clients AS
    SELECT level, start, nullif(service, '') AS service, nullif(kind, '') AS kind,
           nullif(client_ip, '') AS client_ip, nullif(user_id, '') AS user_id, types, count
    FROM rollup_clients_rows;

CREATE TABLE rollup_paths_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    service TEXT NOT NULL, kind TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, service, kind, path, status)
) WITHOUT ROWID;
CREATE VIEW rollup_paths AS
    SELECT level, start, nullif(service, '') AS service, nullif(kind, '') AS kind, nullif(path, '') AS path,
           nullif(status, 0) AS status, count
    FROM rollup_paths_rows;

CREATE TABLE rollup_rules_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    service TEXT NOT NULL, kind TEXT NOT NULL, types TEXT NOT NULL, rules TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, service, kind, types, rules)
) WITHOUT ROWID;
CREATE VIEW rollup_rules AS
    SELECT level, start, nullif(service, '') AS service, nullif(kind, '') AS kind, types, rules, count
    FROM rollup_rules_rows;

INSERT INTO rollup_facts_rows
    SELECT l.level, f.time / l.size, coalesce(f.service, ''), coalesce(f.kind, ''), coalesce(f.method, ''),
           coalesce(f.status, 0), f.blocked, f.types, count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO rollup_clients_rows
    SELECT l.level, f.time / l.size, coalesce(f.service, ''), coalesce(f.kind, ''), coalesce(f.client_ip, ''),
           coalesce(f.user_id, ''), f.types, count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5, 6, 7;
INSERT INTO rollup_paths_rows
    SELECT l.level, f.time / l.size, coalesce(f.service, ''), coalesce(f.kind, ''), coalesce(f.path, ''),
           coalesce(f.status, 0), count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5, 6;
INSERT INTO rollup_rules_rows
    SELECT l.level, f.time / l.size, coalesce(f.service, ''), coalesce(f.kind, ''), f.types, f.rules, count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5, 6;
