/* sqlite_sql.h: every statement that runs on a SQLite store: its name and its text. */
#ifndef HONE_STORE_SQLITE_SQL_H
#define HONE_STORE_SQLITE_SQL_H

#define STUDY_COLUMNS                                                                              \
    "id, uid, name, spec, seed, state, reason, wanted, by_service, created_at, started_at, "       \
    "ended_at, active_ms, epoch, owner_host, owner_pid, owner_pid_start, owner_boot_id, "          \
    "lease_until, stats"

#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                    \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(STUDY_INSERT,                                                                                \
      "INSERT INTO study (uid, name, spec, seed, state, reason, wanted, by_service, "              \
      "created_at, started_at, ended_at, active_ms, epoch, owner_host, owner_pid, "                \
      "owner_pid_start, owner_boot_id, lease_until, stats) "                                       \
      "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)")                                            \
    X(STUDY_FIND, "SELECT " STUDY_COLUMNS " FROM study WHERE name = ?")                            \
    X(STUDIES, "SELECT " STUDY_COLUMNS " FROM study ORDER BY id")                                  \
    X(STUDY_NAMES, "SELECT name FROM study ORDER BY id")                                           \
    X(STUDY_OWNER, "SELECT name, epoch, owner_host, owner_pid FROM study WHERE id = ?")            \
    X(STUDY_UPDATE, "UPDATE study SET spec = ?, state = ?, reason = ?, wanted = ?, "               \
                    "by_service = ?, started_at = ?, ended_at = ?, active_ms = ?, "                \
                    "lease_until = ?, stats = ? WHERE id = ?")                                     \
    X(STUDY_RELEASE, "UPDATE study SET owner_host = '', owner_pid = 0, owner_pid_start = 0, "      \
                     "owner_boot_id = '', lease_until = 0 WHERE id = ?")                           \
    X(LEASE_TAKE, "UPDATE study SET epoch = epoch + 1, owner_host = ?, owner_pid = ?, "            \
                  "owner_pid_start = ?, owner_boot_id = ?, lease_until = ? "                       \
                  "WHERE id = ? AND epoch = ?")                                                    \
    X(DELETE_REQUESTS, "DELETE FROM request WHERE study = ?")                                      \
    X(DELETE_OBSERVATIONS, "DELETE FROM observation WHERE study = ?")                              \
    X(DELETE_METRICS, "DELETE FROM metric WHERE study = ?")                                        \
    X(DELETE_ATTEMPTS, "DELETE FROM attempt WHERE study = ?")                                      \
    X(DELETE_TRIALS, "DELETE FROM trial WHERE study = ?")                                          \
    X(DELETE_EVENTS, "DELETE FROM event WHERE study = ?")                                          \
    X(DELETE_STUDY, "DELETE FROM study WHERE id = ?")                                              \
    X(EVENT_INSERT, "INSERT INTO event (study, seq, at, epoch, kind, trial, body) VALUES (?1, "    \
                    "(SELECT coalesce(max(seq), 0) + 1 FROM event WHERE study = ?1), "             \
                    "?2, ?3, ?4, ?5, ?6)")                                                         \
    X(EVENTS, "SELECT seq, at, epoch, kind, trial, body FROM event WHERE study = ? AND seq > ? "   \
              "ORDER BY seq")                                                                      \
    X(TRIAL_UPSERT, "INSERT INTO trial (study, number, origin, state, params, objectives, why, "   \
                    "reason, log_tail, started_at, ended_at) VALUES (?,?,?,?,?,?,?,?,?,?,?) "      \
                    "ON CONFLICT DO UPDATE SET origin = excluded.origin, state = excluded.state, " \
                    "params = excluded.params, objectives = excluded.objectives, "                 \
                    "why = excluded.why, reason = excluded.reason, log_tail = excluded.log_tail, " \
                    "started_at = excluded.started_at, ended_at = excluded.ended_at")              \
    X(TRIALS, "SELECT number, origin, state, params, objectives, why, reason, log_tail, "          \
              "started_at, ended_at FROM trial WHERE study = ? AND number BETWEEN ? AND ? "        \
              "ORDER BY number")                                                                   \
    X(ATTEMPT_UPSERT, "INSERT INTO attempt (study, trial, number, state, node, pid, pid_start, "   \
                      "boot_id, started_at, ended_at, exit_code, exit_signal, spot, reason, "      \
                      "cursor) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "                            \
                      "ON CONFLICT DO UPDATE SET state = excluded.state, node = excluded.node, "   \
                      "pid = excluded.pid, pid_start = excluded.pid_start, "                       \
                      "boot_id = excluded.boot_id, started_at = excluded.started_at, "             \
                      "ended_at = excluded.ended_at, exit_code = excluded.exit_code, "             \
                      "exit_signal = excluded.exit_signal, spot = excluded.spot, "                 \
                      "reason = excluded.reason, cursor = excluded.cursor")                        \
    X(ATTEMPTS, "SELECT trial, number, state, node, pid, pid_start, boot_id, started_at, "         \
                "ended_at, exit_code, exit_signal, spot, reason, cursor FROM attempt "             \
                "WHERE study = ? AND trial BETWEEN ? AND ? ORDER BY trial, number")                \
    X(METRICS, "SELECT name FROM metric WHERE study = ? ORDER BY number")                          \
    X(METRIC_INSERT, "INSERT INTO metric (study, number, name) VALUES (?,?,?)")                    \
    X(OBSERVATION_INSERT,                                                                          \
      "INSERT INTO observation (study, trial, attempt, metric, seq, step, at, "                    \
      "value) VALUES (?,?,?,?,?,?,?,?)")                                                           \
    X(OBSERVATIONS, "SELECT o.trial, o.attempt, m.name, o.seq, o.step, o.at, o.value "             \
                    "FROM observation o JOIN metric m ON m.study = o.study AND "                   \
                    "m.number = o.metric WHERE o.study = ?1 AND o.trial BETWEEN ?2 AND ?3 AND "    \
                    "(?4 IS NULL OR m.name = ?4) "                                                 \
                    "ORDER BY o.trial, o.attempt, o.metric, o.seq")                                \
    X(COUNT_STATES, "SELECT state, origin, count(*) FROM trial WHERE study = ? GROUP BY 1, 2")     \
    X(COUNT_ATTEMPTS, "SELECT (SELECT sum(ended_at - started_at) FROM attempt WHERE study = ?1 "   \
                      "AND ended_at > 0 AND started_at > 0), "                                     \
                      "(SELECT count(*) FROM trial t WHERE study = ?1 AND state = 'running' AND "  \
                      "(SELECT a.state FROM attempt a WHERE a.study = ?1 AND a.trial = t.number "  \
                      "ORDER BY a.number DESC LIMIT 1) = 'waiting')")                              \
    X(COUNT_FOREIGN, "SELECT sum(a.ended_at - a.started_at) FROM trial t JOIN attempt a ON "       \
                     "a.study = t.study AND a.trial = t.number WHERE t.study = ? AND "             \
                     "t.origin IN ('imported', 'warm') AND a.ended_at > 0 AND a.started_at > 0")   \
    X(DATA_VERSION, "PRAGMA data_version")                                                         \
    X(SNAPSHOT, "SAVEPOINT snapshot")                                                              \
    X(SNAPSHOT_END, "RELEASE snapshot")                                                            \
    X(REQUEST_INSERT, "INSERT INTO request (study, at, kind, body) VALUES (?,?,?,?)")              \
    X(REQUEST_NEXT, "SELECT id, at, kind, body, answer FROM request WHERE study = ? AND "          \
                    "answer IS NULL ORDER BY id LIMIT 1")                                          \
    X(REQUEST_FIND, "SELECT id, at, kind, body, answer FROM request WHERE id = ?")                 \
    X(REQUEST_ANSWER, "UPDATE request SET answer = ? WHERE id = ? AND study = ?")

enum sql {
#define SQL_ENUM(name, text) SQL_##name,
    STATEMENTS(SQL_ENUM)
#undef SQL_ENUM
        N_SQL
};

#endif
