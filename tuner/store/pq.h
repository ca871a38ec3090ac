/*
 * pq.h: libpq, loaded when the first PostgreSQL store is opened.
 *
 * libpq brings OpenSSL, Kerberos and LDAP with it: linked in, they would make every start of hone
 * slower, also for the many who never use a server. Its functions are called as pq.NAME.
 */
#ifndef HONE_STORE_PQ_H
#define HONE_STORE_PQ_H

#include <libpq-fe.h>

#include "base/error.h"

#define PQ_FUNCTIONS(X)                                                                            \
    X(PQclear)                                                                                     \
    X(PQconninfo)                                                                                  \
    X(PQconnectPoll)                                                                               \
    X(PQconnectStartParams)                                                                        \
    X(PQconsumeInput)                                                                              \
    X(PQconninfoFree)                                                                              \
    X(PQconninfoParse)                                                                             \
    X(PQenterPipelineMode)                                                                         \
    X(PQerrorMessage)                                                                              \
    X(PQfinish)                                                                                    \
    X(PQfreemem)                                                                                   \
    X(PQgetResult)                                                                                 \
    X(PQgetisnull)                                                                                 \
    X(PQgetvalue)                                                                                  \
    X(PQisBusy)                                                                                    \
    X(PQnotifies)                                                                                  \
    X(PQntuples)                                                                                   \
    X(PQpipelineSync)                                                                              \
    X(PQresultErrorField)                                                                          \
    X(PQresultStatus)                                                                              \
    X(PQsendPrepare)                                                                               \
    X(PQsendQuery)                                                                                 \
    X(PQsendQueryPrepared)                                                                         \
    X(PQsetErrorVerbosity)                                                                         \
    X(PQsetNoticeProcessor)                                                                        \
    X(PQsocket)                                                                                    \
    X(PQstatus)

struct pq {
#define PQ_MEMBER(name) __typeof__(&name) name;
    PQ_FUNCTIONS(PQ_MEMBER)
#undef PQ_MEMBER
};
extern struct pq pq;

/** Load it, once. HONE_EIO: it is not installed, or too old. */
HONE_NODISCARD hone_status pq_load(hone_error *err);

#endif
