-- Whether a rule matched, in all rollups but that of paths: what is asked of attacks alone is counted there, too. Rows of a
-- client or a user in a rollup are found by `client_key` and `user_key`, which an index has. What is asked of signals most
-- often lies in one index.
DROP VIEW events;
CREATE VIEW events AS
    SELECT f.time, b.id, b.json, f.kind, f.service, f.client_ip, f.user_id, f.method, f.path, f.status,
           f.blocked, f.types, f.rules, f.business, CASE WHEN f.rules <> '[]' THEN 1 END AS attack,
           f.client_ip AS client_key, f.user_id AS user_key
    FROM event_facts f LEFT JOIN event_bodies b ON b.time = f.time;

DROP VIEW rollup_facts; DROP TABLE rollup_facts_rows;
DROP VIEW rollup_clients; DROP TABLE rollup_clients_rows;
DROP VIEW rollup_users; DROP TABLE rollup_users_rows;
DROP VIEW rollup_rules;

CREATE TABLE rollup_facts_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    service TEXT NOT NULL, kind TEXT NOT NULL, method TEXT NOT NULL, status INTEGER NOT NULL,
    blocked INTEGER NOT NULL, types TEXT NOT NULL, business TEXT NOT NULL, attack INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, service, kind, method, status, blocked, types, business, attack)
) WITHOUT ROWID;
CREATE VIEW rollup_facts AS
    SELECT level, start, nullif(service, '') AS service, nullif(kind, '') AS kind, nullif(method, '') AS method,
           nullif(status, 0) AS status, blocked, types, business, nullif(attack, 0) AS attack, count
    FROM rollup_facts_rows;

CREATE VIEW rollup_rules AS
    SELECT level, start, nullif(service, '') AS service, nullif(kind, '') AS kind, types, rules,
           CASE WHEN rules <> '[]' THEN 1 END AS attack, count
    FROM rollup_rules_rows;

CREATE TABLE rollup_users_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    user_id TEXT NOT NULL, service TEXT NOT NULL, kind TEXT NOT NULL, types TEXT NOT NULL, business TEXT NOT NULL,
    attack INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, user_id, service, kind, types, business, attack)
) WITHOUT ROWID;
CREATE VIEW rollup_users AS
    SELECT level, start, nullif(user_id, '') AS user_id, nullif(service, '') AS service, nullif(kind, '') AS kind,
           types, business, nullif(attack, 0) AS attack, user_id AS user_key, count
    FROM rollup_users_rows;

CREATE TABLE rollup_clients_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    client_ip TEXT NOT NULL, service TEXT NOT NULL, kind TEXT NOT NULL, types TEXT NOT NULL, attack INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, client_ip, service, kind, types, attack)
) WITHOUT ROWID;
CREATE VIEW rollup_clients AS
    SELECT level, start, nullif(client_ip, '') AS client_ip, nullif(service, '') AS service,
           nullif(kind, '') AS kind, types, nullif(attack, 0) AS attack, client_ip AS client_key, count
    FROM rollup_clients_rows;

CREATE INDEX rollup_facts_empty ON rollup_facts_rows (level) WHERE count <= 0;
CREATE INDEX rollup_users_empty ON rollup_users_rows (level) WHERE count <= 0;
CREATE INDEX rollup_clients_empty ON rollup_clients_rows (level) WHERE count <= 0;

INSERT INTO rollup_facts_rows
    SELECT l.level, f.time / l.size, coalesce(f.service, ''), coalesce(f.kind, ''), coalesce(f.method, ''),
           coalesce(f.status, 0), f.blocked, f.types, f.business, f.rules <> '[]', count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;
INSERT INTO rollup_users_rows
    SELECT l.level, f.time / l.size, coalesce(f.user_id, ''), coalesce(f.service, ''), coalesce(f.kind, ''),
           f.types, f.business, f.rules <> '[]', count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
INSERT INTO rollup_clients_rows
    SELECT l.level, f.time / l.size, coalesce(f.client_ip, ''), coalesce(f.service, ''), coalesce(f.kind, ''),
           f.types, f.rules <> '[]', count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5, 6, 7;

ALTER TABLE signals ADD COLUMN services TEXT; -- JSON arrays of text, as the JSON has them
ALTER TABLE signals ADD COLUMN actors TEXT;
ALTER TABLE signals ADD COLUMN users TEXT;
UPDATE signals SET services = json_extract(json, '$.services'), actors = json_extract(json, '$.actors'),
    users = json_extract(json, '$.users') WHERE json_valid(json);
DROP INDEX signals_time;
CREATE INDEX signals_time ON signals (time, id, status, severity, rule, assignee, services, actors, users);
