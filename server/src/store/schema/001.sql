-- Times are nanoseconds since 1970 in UTC, -9223372036854775808 where none is known.
-- severity: 0 informational, 1 low, 2 medium, 3 high, 4 critical.
CREATE TABLE incidents (
    id       TEXT PRIMARY KEY,   -- 32 hexadecimal digits
    state    TEXT NOT NULL,      -- open, update, closed
    time     INTEGER NOT NULL,   -- of the latest record
    opened   INTEGER NOT NULL,   -- time of the first record
    level    TEXT NOT NULL,
    severity INTEGER NOT NULL,
    rule     TEXT NOT NULL,
    title    TEXT NOT NULL,
    updates  INTEGER NOT NULL,   -- records so far
    changed  INTEGER NOT NULL,   -- when the latest record came, by the machine's clock
    position INTEGER NOT NULL,   -- of the latest record in the outbox
    record   TEXT NOT NULL       -- the latest record, JSON
) STRICT;
CREATE INDEX incidents_by_time ON incidents (time, id);
CREATE INDEX incidents_by_state ON incidents (state, time, id);
CREATE INDEX incidents_by_severity ON incidents (severity, time, id);
CREATE INDEX incidents_by_changed ON incidents (changed) WHERE state = 'closed';

CREATE TABLE alerts (
    id       TEXT PRIMARY KEY,
    state    TEXT NOT NULL,
    time     INTEGER NOT NULL,
    opened   INTEGER NOT NULL,
    level    TEXT NOT NULL,
    severity INTEGER NOT NULL,
    rule     TEXT NOT NULL,
    title    TEXT NOT NULL,
    updates  INTEGER NOT NULL,
    changed  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    record   TEXT NOT NULL
) STRICT;
CREATE INDEX alerts_by_time ON alerts (time, id);
CREATE INDEX alerts_by_state ON alerts (state, time, id);
CREATE INDEX alerts_by_severity ON alerts (severity, time, id);
CREATE INDEX alerts_by_rule ON alerts (rule, time, id);
CREATE INDEX alerts_by_changed ON alerts (changed) WHERE state = 'closed';

CREATE TABLE detections (
    seq      INTEGER PRIMARY KEY, -- the order in which they came
    id       TEXT NOT NULL UNIQUE,
    time     INTEGER NOT NULL,
    level    TEXT NOT NULL,
    severity INTEGER NOT NULL,
    rule     TEXT NOT NULL,
    title    TEXT NOT NULL,
    changed  INTEGER NOT NULL,
    position INTEGER NOT NULL,
    record   TEXT NOT NULL
) STRICT;
CREATE INDEX detections_by_time ON detections (time, id);
CREATE INDEX detections_by_severity ON detections (severity, time, id);
CREATE INDEX detections_by_rule ON detections (rule, time, id);

-- What incidents, alerts and detections name: entity is the kind (host, user, address, file).
CREATE TABLE entities (
    of     TEXT NOT NULL,         -- incident, alert, detection
    id     TEXT NOT NULL,
    entity TEXT NOT NULL,
    value  TEXT NOT NULL COLLATE NOCASE,
    PRIMARY KEY (of, id, entity, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX entities_by_value ON entities (value, entity, of, id);

-- How far the store is in the outbox; one row.
CREATE TABLE progress (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    position INTEGER NOT NULL
) STRICT;
INSERT INTO progress VALUES (1, 0);
