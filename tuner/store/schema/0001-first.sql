-- Version 1. One study is one row of `study`; its decisions are `event`, what its trials printed is
-- `observation`; both only grow. `trial`, `attempt` and the study's row are the state that follows,
-- written in the same transaction. Times are milliseconds since 1970, 0 where there is none yet.

CREATE TABLE study (
    id              INTEGER PRIMARY KEY AUTOINCREMENT, -- never given twice, also after a delete
    uid             TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL UNIQUE,
    spec            TEXT NOT NULL,
    seed            INTEGER NOT NULL,                  -- 64 bits without a sign
    state           TEXT NOT NULL,
    reason          TEXT,
    wanted          INTEGER NOT NULL,
    by_service      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    started_at      INTEGER NOT NULL,
    ended_at        INTEGER NOT NULL,
    active_ms       INTEGER NOT NULL,
    epoch           INTEGER NOT NULL,
    owner_host      TEXT NOT NULL,
    owner_pid       INTEGER NOT NULL,                  -- 0: nobody
    owner_pid_start INTEGER NOT NULL,
    owner_boot_id   TEXT NOT NULL,
    lease_until     INTEGER NOT NULL,
    stats           TEXT
) STRICT;

-- Bodies may be long, and long rows make a table without rowid slow: this one has a rowid.
CREATE TABLE event (
    study INTEGER NOT NULL REFERENCES study (id),
    seq   INTEGER NOT NULL,
    at    INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    kind  TEXT NOT NULL,
    trial INTEGER,
    body  TEXT,
    PRIMARY KEY (study, seq)
) STRICT;

-- "values" is a word of SQL, hence the name.
CREATE TABLE trial (
    study      INTEGER NOT NULL REFERENCES study (id),
    number     INTEGER NOT NULL,
    origin     TEXT NOT NULL,
    state      TEXT NOT NULL,
    params     TEXT NOT NULL,
    objectives TEXT,
    why        TEXT,
    reason     TEXT,
    log_tail   TEXT,
    started_at INTEGER NOT NULL,
    ended_at   INTEGER NOT NULL,
    PRIMARY KEY (study, number)
) STRICT;

CREATE INDEX trial_state ON trial (study, state, origin);

CREATE TABLE attempt (
    study       INTEGER NOT NULL,
    trial       INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    state       TEXT NOT NULL,
    node        TEXT,
    pid         INTEGER NOT NULL,
    pid_start   INTEGER NOT NULL,
    boot_id     TEXT,
    started_at  INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL,
    exit_code   INTEGER NOT NULL,
    exit_signal INTEGER NOT NULL,
    spot        INTEGER NOT NULL,
    reason      TEXT,
    cursor      TEXT,
    PRIMARY KEY (study, trial, number),
    FOREIGN KEY (study, trial) REFERENCES trial (study, number) DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

-- Metric names of a study, numbered in the order in which they were first seen.
CREATE TABLE metric (
    study  INTEGER NOT NULL REFERENCES study (id),
    number INTEGER NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (study, number),
    UNIQUE (study, name)
) STRICT, WITHOUT ROWID;

-- About 30 bytes each. `step` and `value` are ANY because a REAL column forgets the sign of -0.0;
-- a value that is NULL is NaN.
CREATE TABLE observation (
    study   INTEGER NOT NULL,
    trial   INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    metric  INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    step    ANY,
    at      INTEGER NOT NULL,
    value   ANY,
    PRIMARY KEY (study, trial, attempt, metric, seq),
    FOREIGN KEY (study, trial, attempt) REFERENCES attempt (study, trial, number)
        DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;

CREATE TABLE request (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    study  INTEGER NOT NULL REFERENCES study (id),
    at     INTEGER NOT NULL,
    kind   TEXT NOT NULL,
    body   TEXT,
    answer TEXT
) STRICT;

CREATE INDEX request_study ON request (study, id);
