-- A store as version 1 wrote it. It stays as it is: later versions must open it.
PRAGMA application_id = 1752133221;
PRAGMA user_version = 1;
CREATE TABLE study (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    uid             TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL UNIQUE,
    spec            TEXT NOT NULL,
    seed            INTEGER NOT NULL,
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
    owner_pid       INTEGER NOT NULL,
    owner_pid_start INTEGER NOT NULL,
    owner_boot_id   TEXT NOT NULL,
    lease_until     INTEGER NOT NULL,
    stats           TEXT
) STRICT;
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
CREATE TABLE metric (
    study  INTEGER NOT NULL REFERENCES study (id),
    number INTEGER NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (study, number),
    UNIQUE (study, name)
) STRICT, WITHOUT ROWID;
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

INSERT INTO study VALUES (1, '0f1e2d3c', 'seg', '{"study":"seg","max_trials":2}', -1, 'finished', 'max_trials (2) reached', 0, 0, 1795514400000, 1795514400100, 1795514409000, 8900, 3, '', 0, 0, '', 0, '{"ask_ms":[1.5]}');
INSERT INTO event VALUES (1, 1, 1795514400000, 0, 'created', NULL, '{"spec":{"study":"seg"}}');
INSERT INTO event VALUES (1, 2, 1795514400100, 1, 'taken', NULL, '{"host":"vm","pid":4711}');
INSERT INTO event VALUES (1, 3, 1795514400101, 1, 'ask', 0, '{"params":{"lr":0.1},"memo":"AAEC"}');
INSERT INTO event VALUES (1, 4, 1795514400102, 1, 'ask', 1, '{"params":{"lr":0.2},"memo":""}');
INSERT INTO event VALUES (1, 5, 1795514405000, 3, 'tell', 0, '{"state":"completed","values":[0.5]}');
INSERT INTO event VALUES (1, 6, 1795514409000, 3, 'ended', NULL, '{"state":"finished"}');
INSERT INTO trial VALUES (1, 0, 'search', 'completed', '{"lr":0.1}', '[0.5]', 'first', NULL, NULL, 1795514400101, 1795514405000);
INSERT INTO trial VALUES (1, 1, 'search', 'failed', '{"lr":0.2}', NULL, 'random', 'exit 3', 'Traceback', 1795514400102, 1795514408000);
INSERT INTO attempt VALUES (1, 0, 1, 'lost', 'vm', 12, 34, 'b', 1795514400101, 1795514401000, -1, 9, 0, 'lost', NULL);
INSERT INTO attempt VALUES (1, 0, 2, 'succeeded', 'vm', 13, 35, 'b', 1795514402000, 1795514405000, 0, 0, 1, NULL, '{"offset":99}');
INSERT INTO attempt VALUES (1, 1, 1, 'failed', 'vm', 14, 36, 'b', 1795514400102, 1795514408000, 3, 0, 0, 'exit 3', NULL);
INSERT INTO metric VALUES (1, 0, 'val:dice'), (1, 1, 'loss');
INSERT INTO observation VALUES (1, 0, 2, 0, 0, 1, 1795514403000, 0.5), (1, 0, 2, 0, 1, 2, 1795514403001, NULL);
INSERT INTO observation VALUES (1, 0, 2, 1, 0, 0.5, 1795514403000, -0.0), (1, 1, 1, 1, 0, 0, 1795514403000, 9e999);
INSERT INTO request VALUES (1, 1, 1795514404000, 'stop', NULL, '{"ok":true}');
