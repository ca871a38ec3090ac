/* postgres_sql.h: every statement that runs on a PostgreSQL store: its name and its text. */
#ifndef HONE_STORE_POSTGRES_SQL_H
#define HONE_STORE_POSTGRES_SQL_H

#define STUDY_COLUMNS                                                                              \
    "id, uid, name, spec, seed, state, reason, wanted, by_service, created_at, started_at, "       \
    "ended_at, active_ms, epoch, owner_host, owner_pid, owner_pid_start, owner_boot_id, "          \
    "lease_until, stats"
#define XID             "pg_current_xact_id()"
#define REQUEST_COLUMNS "id, at, kind, body, answer"

#define STATEMENTS(X)                                                                              \
    X(BEGIN, "BEGIN")                                                                              \
    X(BEGIN_READING, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")                            \
    X(COMMIT, "COMMIT")                                                                            \
    X(ROLLBACK, "ROLLBACK")                                                                        \
    X(FORGET, "DEALLOCATE ALL")                                                                    \
    X(LISTEN, "LISTEN hone_request")                                                               \
    /* From here on they are prepared. */                                                          \
    /* How long a lock is waited for. */                                                           \
    X(PATIENCE, "SELECT set_config('lock_timeout', $1, true)")                                     \
    X(READING, "SELECT set_config('idle_in_transaction_session_timeout', '10min', true)")          \
    X(OUTCOME, "SELECT pg_xact_status($1::text::xid8)")                                            \
    /* What a change may begin with: XID says which transaction it is, what is asked for when the  \
     * answer of its commit is lost. Each commit of a tuner writes the study's row: that takes its \
     * lock, compares the epoch behind it, and leaves a mark for VERSION. */                       \
    X(FENCE, "UPDATE study SET epoch = epoch WHERE id = $1 AND epoch = $2 RETURNING " XID ", id")  \
    X(STUDY_LOCK, "SELECT " XID ", id FROM study WHERE id = $1 FOR UPDATE")                        \
    X(STUDY_INSERT,                                                                                \
      "INSERT INTO study (uid, name, spec, seed, state, reason, wanted, by_service, "              \
      "created_at, started_at, ended_at, active_ms, epoch, owner_host, owner_pid, "                \
      "owner_pid_start, owner_boot_id, lease_until, stats) VALUES ($1, $2, $3, $4, $5, $6, $7, "   \
      "$8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19) RETURNING " XID ", id")           \
    X(STUDY_FIND, "SELECT " STUDY_COLUMNS " FROM study WHERE name = $1")                           \
    X(STUDIES, "SELECT " STUDY_COLUMNS " FROM study ORDER BY id")                                  \
    X(STUDY_NAMES, "SELECT name FROM study ORDER BY id LIMIT 1000")                                \
    X(STUDY_OWNER, "SELECT name, owner_host, owner_pid FROM study WHERE id = $1")                  \
    X(STUDY_UPDATE, "UPDATE study SET spec = $2, state = $3, reason = $4, wanted = $5, "           \
                    "by_service = $6, started_at = $7, ended_at = $8, active_ms = $9, "            \
                    "lease_until = $10, stats = $11 WHERE id = $1")                                \
    X(STUDY_RELEASE, "UPDATE study SET owner_host = '', owner_pid = 0, owner_pid_start = 0, "      \
                     "owner_boot_id = '', lease_until = 0 WHERE id = $1")                          \
    X(LEASE_TAKE, "UPDATE study SET epoch = epoch + 1, owner_host = $3, owner_pid = $4, "          \
                  "owner_pid_start = $5, owner_boot_id = $6, lease_until = $7 "                    \
                  "WHERE id = $1 AND epoch = $2 RETURNING " XID ", id")                            \
    X(DELETE_REQUESTS, "DELETE FROM request WHERE study = $1")                                     \
    X(DELETE_OBSERVATIONS, "DELETE FROM observation WHERE study = $1")                             \
    X(DELETE_METRICS, "DELETE FROM metric WHERE study = $1")                                       \
    X(DELETE_ATTEMPTS, "DELETE FROM attempt WHERE study = $1")                                     \
    X(DELETE_TRIALS, "DELETE FROM trial WHERE study = $1")                                         \
    X(DELETE_EVENTS, "DELETE FROM event WHERE study = $1")                                         \
    X(DELETE_STUDY, "DELETE FROM study WHERE id = $1")                                             \
    X(EVENT_INSERT, "INSERT INTO event (study, seq, at, epoch, kind, trial, body) VALUES ($1, "    \
                    "(SELECT coalesce(max(seq), 0) + 1 FROM event WHERE study = $1), "             \
                    "$2, $3, $4, $5, $6)")                                                         \
    X(EVENTS, "SELECT seq, at, epoch, kind, trial, body FROM event WHERE study = $1 AND "          \
              "seq > $2 ORDER BY seq LIMIT $3")                                                    \
    X(TRIAL_UPSERT, "INSERT INTO trial (study, number, origin, state, params, objectives, why, "   \
                    "reason, log_tail, started_at, ended_at) "                                     \
                    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) "                       \
                    "ON CONFLICT (study, number) DO UPDATE SET origin = excluded.origin, "         \
                    "state = excluded.state, params = excluded.params, "                           \
                    "objectives = excluded.objectives, why = excluded.why, "                       \
                    "reason = excluded.reason, log_tail = excluded.log_tail, "                     \
                    "started_at = excluded.started_at, ended_at = excluded.ended_at")              \
    X(TRIALS, "SELECT number, origin, state, params, objectives, why, reason, log_tail, "          \
              "started_at, ended_at FROM trial WHERE study = $1 AND number BETWEEN $2 AND $3 "     \
              "ORDER BY number")                                                                   \
    X(ATTEMPT_UPSERT, "INSERT INTO attempt (study, trial, number, state, node, pid, pid_start, "   \
                      "boot_id, started_at, ended_at, exit_code, exit_signal, spot, reason, "      \
                      "cursor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, "   \
                      "$14, $15) ON CONFLICT (study, trial, number) DO UPDATE SET "                \
                      "state = excluded.state, node = excluded.node, pid = excluded.pid, "         \
                      "pid_start = excluded.pid_start, boot_id = excluded.boot_id, "               \
                      "started_at = excluded.started_at, ended_at = excluded.ended_at, "           \
                      "exit_code = excluded.exit_code, exit_signal = excluded.exit_signal, "       \
                      "spot = excluded.spot, reason = excluded.reason, cursor = excluded.cursor")  \
    X(ATTEMPTS, "SELECT trial, number, state, node, pid, pid_start, boot_id, started_at, "         \
                "ended_at, exit_code, exit_signal, spot, reason, cursor FROM attempt "             \
                "WHERE study = $1 AND trial BETWEEN $2 AND $3 ORDER BY trial, number")             \
    X(METRICS, "SELECT name FROM metric WHERE study = $1 ORDER BY number")                         \
    X(METRIC_INSERT, "INSERT INTO metric (study, number, name) VALUES ($1, $2, $3)")               \
    X(OBSERVATION_INSERT, "INSERT INTO observation (study, trial, attempt, metric, seq, step, "    \
                          "at, value) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")                    \
    /* In portions: what comes after a place, in the order of the key. */                          \
    X(OBSERVATIONS, "SELECT o.trial, o.attempt, m.name, o.seq, o.step, o.at, o.value, o.metric "   \
                    "FROM observation o JOIN metric m ON m.study = o.study AND "                   \
                    "m.number = o.metric WHERE o.study = $1 AND "                                  \
                    "(o.trial, o.attempt, o.metric, o.seq) > ($2, $3, $4, $5) AND o.trial <= $6 "  \
                    "AND ($7::text IS NULL OR m.name = $7) "                                       \
                    "ORDER BY o.trial, o.attempt, o.metric, o.seq LIMIT $8")                       \
    X(COUNTS, "SELECT state, origin, count(*) FROM trial WHERE study = $1 GROUP BY 1, 2 "          \
              "UNION ALL SELECT 'ended', '', coalesce(sum(a.ended_at - a.started_at), 0)::bigint " \
              "FROM attempt a JOIN trial t ON t.study = a.study AND t.number = a.trial "           \
              "WHERE a.study = $1 AND a.ended_at > 0 AND a.started_at > 0 AND "                    \
              "t.origin NOT IN ('imported', 'warm') "                                              \
              "UNION ALL SELECT 'waiting', '', count(*) FROM trial t WHERE t.study = $1 AND "      \
              "t.state = 'running' AND (SELECT a.state FROM attempt a WHERE a.study = $1 AND "     \
              "a.trial = t.number ORDER BY a.number DESC LIMIT 1) = 'waiting'")                    \
    X(VERSION, "SELECT (SELECT coalesce(sum(hashtext(id::text || ' ' || xmin::text)), 0) "         \
               "FROM study)::bigint * 65536 + (SELECT coalesce(max(id), 0) FROM request)")         \
    X(REQUEST_INSERT, "INSERT INTO request (study, at, kind, body) VALUES ($1, $2, $3, $4) "       \
                      "RETURNING " XID ", id")                                                     \
    X(REQUEST_NOTIFY, "SELECT pg_notify('hone_request', $1)")                                      \
    X(REQUEST_NEXT, "SELECT " REQUEST_COLUMNS " FROM request WHERE study = $1 AND "                \
                    "answer IS NULL ORDER BY id LIMIT 1")                                          \
    X(REQUEST_FIND, "SELECT " REQUEST_COLUMNS " FROM request WHERE id = $1")                       \
    X(REQUEST_ANSWER, "UPDATE request SET answer = $1 WHERE id = $2 AND study = $3")

enum sql {
#define SQL_ENUM(name, text) SQL_##name,
    STATEMENTS(SQL_ENUM)
#undef SQL_ENUM
        N_SQL
};

#endif
