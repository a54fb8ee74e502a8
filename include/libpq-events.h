/*
 * libpq-events.h - being told about the life of connections and results, and hanging data of
 * one's own on them.
 *
 * An event procedure returns not 0 when it has done its part. The structs it gets, and what they
 * point to, are valid only while it runs.
 */
#ifndef LIBPQ_EVENTS_H
#define LIBPQ_EVENTS_H

#include "libpq-fe.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What has happened; says which struct evtInfo points to. */
typedef enum
{
    PGEVT_REGISTER,     /* PGEventRegister: the procedure has been registered */
    PGEVT_CONNRESET,    /* PGEventConnReset: a reset has ended well */
    PGEVT_CONNDESTROY,  /* PGEventConnDestroy: PQfinish has been called */
    PGEVT_RESULTCREATE, /* PGEventResultCreate: a result is about to be handed out */
    PGEVT_RESULTCOPY,   /* PGEventResultCopy: PQcopyResult has made a copy */
    PGEVT_RESULTDESTROY /* PGEventResultDestroy: PQclear has been called */
} PGEventId;

typedef struct
{
    PGconn *conn;
} PGEventRegister;

typedef struct
{
    PGconn *conn;
} PGEventConnReset;

typedef struct
{
    PGconn *conn;
} PGEventConnDestroy;

typedef struct
{
    PGconn *conn;
    PGresult *result;
} PGEventResultCreate;

typedef struct
{
    const PGresult *src;
    PGresult *dest;
} PGEventResultCopy;

typedef struct
{
    PGresult *result;
} PGEventResultDestroy;

/* passThrough is what PQregisterEventProc was given. */
typedef int (*PGEventProc)(PGEventId evtId, void *evtInfo, void *passThrough);

/* Registers a procedure, once a connection; name is for error texts and is copied. 1, or 0. */
extern int PQregisterEventProc(PGconn *conn, PGEventProc proc, const char *name,
    void *passThrough);

/* Hangs data on a connection, for proc. 1, or 0 when proc is not registered. */
extern int PQsetInstanceData(PGconn *conn, PGEventProc proc, void *data);

/* The data hung on a connection for proc, NULL if none. */
extern void *PQinstanceData(const PGconn *conn, PGEventProc proc);

/* Hangs data on a result, for proc. 1, or 0 when proc is not registered. */
extern int PQresultSetInstanceData(PGresult *result, PGEventProc proc, void *data);

/* The data hung on a result for proc, NULL if none. */
extern void *PQresultInstanceData(const PGresult *result, PGEventProc proc);

/* Fires PGEVT_RESULTCREATE for a result the program has made itself. 1, or 0 on a failure. */
extern int PQfireResultCreateEvents(PGconn *conn, PGresult *res);

#ifdef __cplusplus
}
#endif

#endif /* LIBPQ_EVENTS_H */
