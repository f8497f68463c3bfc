-- What an event was for the business; users are looked up without regard to the case of letters; rollups that count
-- all there is in one row a value, so that a facet over everything does not add up days.
ALTER TABLE event_facts ADD COLUMN business TEXT NOT NULL DEFAULT '[]'; -- JSON array of text
UPDATE event_facts SET business = coalesce((
    SELECT (SELECT json_group_array(DISTINCT json_extract(value, '$.name') ORDER BY json_extract(value, '$.name'))
            FILTER (WHERE json_extract(value, '$.name') IS NOT NULL) FROM json_each(b.json, '$.business'))
    FROM event_bodies b WHERE b.time = event_facts.time AND json_valid(b.json)), '[]');
DROP INDEX event_facts_user_id;
CREATE INDEX event_facts_user_id ON event_facts (user_id COLLATE NOCASE) WHERE user_id IS NOT NULL;

DROP VIEW events;
CREATE VIEW events AS
    SELECT f.time, b.id, b.json, f.kind, f.service, f.client_ip, f.user_id, f.method, f.path, f.status,
           f.blocked, f.types, f.rules, f.business
    FROM event_facts f LEFT JOIN event_bodies b ON b.time = f.time;

-- Level 2 has one start, 0: everything that is stored.
INSERT INTO rollup_levels VALUES (2, 9223372036854775807);

DROP VIEW rollup_facts; DROP TABLE rollup_facts_rows;
DROP VIEW rollup_clients; DROP TABLE rollup_clients_rows;
DROP VIEW rollup_paths; DROP TABLE rollup_paths_rows;
DROP VIEW rollup_rules; DROP TABLE rollup_rules_rows;

CREATE TABLE rollup_facts_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    service TEXT NOT NULL, kind TEXT NOT NULL, method TEXT NOT NULL, status INTEGER NOT NULL,
    blocked INTEGER NOT NULL, types TEXT NOT NULL, business TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, service, kind, method, status, blocked, types, business)
) WITHOUT ROWID;
CREATE VIEW rollup_facts AS
    SELECT level, start, nullif(service, '') AS service, nullif(kind, '') AS kind, nullif(method, '') AS method,
           nullif(status, 0) AS status, blocked, types, business, count
    FROM rollup_facts_rows;

CREATE TABLE rollup_rules_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    service TEXT NOT NULL, kind TEXT NOT NULL, types TEXT NOT NULL, rules TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, service, kind, types, rules)
) WITHOUT ROWID;
CREATE VIEW rollup_rules AS
    SELECT level, start, nullif(service, '') AS service, nullif(kind, '') AS kind, types, rules, count
    FROM rollup_rules_rows;

CREATE TABLE rollup_users_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    user_id TEXT NOT NULL, service TEXT NOT NULL, kind TEXT NOT NULL, types TEXT NOT NULL, business TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, user_id, service, kind, types, business)
) WITHOUT ROWID;
CREATE VIEW rollup_users AS
    SELECT level, start, nullif(user_id, '') AS user_id, nullif(service, '') AS service, nullif(kind, '') AS kind,
           types, business, count
    FROM rollup_users_rows;

CREATE TABLE rollup_clients_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    client_ip TEXT NOT NULL, service TEXT NOT NULL, kind TEXT NOT NULL, types TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, client_ip, service, kind, types)
) WITHOUT ROWID;
CREATE VIEW rollup_clients AS
    SELECT level, start, nullif(client_ip, '') AS client_ip, nullif(service, '') AS service,
           nullif(kind, '') AS kind, types, count
    FROM rollup_clients_rows;

CREATE TABLE rollup_paths_rows (
    level INTEGER NOT NULL, start INTEGER NOT NULL,
    path TEXT NOT NULL, service TEXT NOT NULL, status INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (level, start, path, service, status)
) WITHOUT ROWID;
CREATE VIEW rollup_paths AS
    SELECT level, start, nullif(path, '') AS path, nullif(service, '') AS service, nullif(status, 0) AS status, count
    FROM rollup_paths_rows;

-- Rows that count nothing any more, which a deletion leaves and then takes away.
CREATE INDEX rollup_facts_empty ON rollup_facts_rows (level) WHERE count <= 0;
CREATE INDEX rollup_rules_empty ON rollup_rules_rows (level) WHERE count <= 0;
CREATE INDEX rollup_users_empty ON rollup_users_rows (level) WHERE count <= 0;
CREATE INDEX rollup_clients_empty ON rollup_clients_rows (level) WHERE count <= 0;
CREATE INDEX rollup_paths_empty ON rollup_paths_rows (level) WHERE count <= 0;

INSERT INTO rollup_facts_rows
    SELECT l.level, f.time / l.size, coalesce(f.service, ''), coalesce(f.kind, ''), coalesce(f.method, ''),
           coalesce(f.status, 0), f.blocked, f.types, f.business, count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
INSERT INTO rollup_rules_rows
    SELECT l.level, f.time / l.size, coalesce(f.service, ''), coalesce(f.kind, ''), f.types, f.rules, count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5, 6;
INSERT INTO rollup_users_rows
    SELECT l.level, f.time / l.size, coalesce(f.user_id, ''), coalesce(f.service, ''), coalesce(f.kind, ''),
           f.types, f.business, count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5, 6, 7;
INSERT INTO rollup_clients_rows
    SELECT l.level, f.time / l.size, coalesce(f.client_ip, ''), coalesce(f.service, ''), coalesce(f.kind, ''),
           f.types, count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5, 6;
INSERT INTO rollup_paths_rows
    SELECT l.level, f.time / l.size, coalesce(f.path, ''), coalesce(f.service, ''), coalesce(f.status, 0), count(*)
    FROM event_facts f, rollup_levels l GROUP BY 1, 2, 3, 4, 5;
