/*
 * libpq-fe.h - the C interface of libpq: connections, commands, results.
 *
 * Every function may be called with a NULL connection or result and then fails the plain way.
 * A connection belongs to one thread at a time; a result may be read by several.
 */
#ifndef LIBPQ_FE_H
#define LIBPQ_FE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "postgres_ext.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- What this version can do (for #ifdef) ---- */

/* since 14 */
#define LIBPQ_HAS_PIPELINING 1
#define LIBPQ_HAS_TRACE_FLAGS 1
/* since 15 */
#define LIBPQ_HAS_SSL_LIBRARY_DETECTION 1
/* since 17 */
#define LIBPQ_HAS_ASYNC_CANCEL 1
#define LIBPQ_HAS_CHANGE_PASSWORD 1
#define LIBPQ_HAS_CHUNK_MODE 1
#define LIBPQ_HAS_CLOSE_PREPARED 1
#define LIBPQ_HAS_SEND_PIPELINE_SYNC 1
#define LIBPQ_HAS_SOCKET_POLL 1
/* since 18 */
#define LIBPQ_HAS_FULL_PROTOCOL_VERSION 1
#define LIBPQ_HAS_PROMPT_OAUTH_DEVICE 1
/* since 19 */
#define LIBPQ_HAS_GET_THREAD_LOCK 1
#define LIBPQ_HAS_OAUTH_BEARER_TOKEN_V2 1


/* ---- Constants ---- */

/* What PQcopyResult copies. */
#define PG_COPYRES_ATTRS 0x01
#define PG_COPYRES_TUPLES 0x02 /* and the columns */
#define PG_COPYRES_EVENTS 0x04
#define PG_COPYRES_NOTICEHOOKS 0x08

/* How PQtrace writes. */
#define PQTRACE_SUPPRESS_TIMESTAMPS (1 << 0)
#define PQTRACE_REGRESS_MODE (1 << 1) /* leave out what differs from run to run */

/* The most parameters one command can have. */
#define PQ_QUERY_PARAM_MAX_LIMIT 65535

/* The error text of old, newline included, of a server that wants a password there is none of. */
#define PQnoPasswordSupplied "fe_sendauth: no password supplied\n"

/* PQsetdbLogin without a user and password. */
#define PQsetdb(host, port, options, tty, dbname) \
    PQsetdbLogin(host, port, options, tty, dbname, NULL, NULL)

/* Frees what PQnotifies has given. */
#define PQfreeNotify(ptr) PQfreemem(ptr)


/* ---- Status values ---- */

/* PQstatus; all but the first two are steps of connecting without blocking. */
typedef enum
{
    CONNECTION_OK,
    CONNECTION_BAD,
    CONNECTION_STARTED,           /* waiting for the connection to be made */
    CONNECTION_MADE,              /* it is made; about to send */
    CONNECTION_AWAITING_RESPONSE, /* waiting for the server's first answer */
    CONNECTION_AUTH_OK,           /* authenticated; the server is starting up */
    CONNECTION_SETENV,            /* no longer seen */
    CONNECTION_SSL_STARTUP,       /* negotiating TLS */
    CONNECTION_NEEDED,            /* about to connect */
    CONNECTION_CHECK_WRITABLE,    /* asking whether the session is read-write */
    CONNECTION_CONSUME,           /* taking in what is left of an answer */
    CONNECTION_GSS_STARTUP,       /* negotiating GSSAPI encryption */
    CONNECTION_CHECK_TARGET,      /* seeing whether the server is of the kind asked for */
    CONNECTION_CHECK_STANDBY,     /* asking whether the server is a standby */
    CONNECTION_ALLOCATED,         /* a cancel connection that is not yet started */
    CONNECTION_AUTHENTICATING     /* an authentication exchange goes on */
} ConnStatusType;

/* PQconnectPoll and its kin: what to wait for before the next call. */
typedef enum
{
    PGRES_POLLING_FAILED = 0,
    PGRES_POLLING_READING, /* until the socket can be read */
    PGRES_POLLING_WRITING, /* until the socket can be written */
    PGRES_POLLING_OK,      /* nothing: done */
    PGRES_POLLING_ACTIVE   /* no longer seen */
} PostgresPollingStatusType;

/* PQresultStatus. */
typedef enum
{
    PGRES_EMPTY_QUERY = 0,  /* the command was empty */
    PGRES_COMMAND_OK,       /* done, no rows */
    PGRES_TUPLES_OK,        /* done, with rows (perhaps none) */
    PGRES_COPY_OUT,         /* COPY from the server has begun */
    PGRES_COPY_IN,          /* COPY to the server has begun */
    PGRES_BAD_RESPONSE,     /* the answer was not understood */
    PGRES_NONFATAL_ERROR,   /* a notice */
    PGRES_FATAL_ERROR,      /* the command failed */
    PGRES_COPY_BOTH,        /* COPY both ways has begun (replication) */
    PGRES_SINGLE_TUPLE,     /* one row, more to come (single-row mode) */
    PGRES_PIPELINE_SYNC,    /* a synchronisation point */
    PGRES_PIPELINE_ABORTED, /* not run, since one before it failed */
    PGRES_TUPLES_CHUNK      /* some rows, more to come (chunked mode) */
} ExecStatusType;

/* PQtransactionStatus. */
typedef enum
{
    PQTRANS_IDLE,    /* in none */
    PQTRANS_ACTIVE,  /* a command is running */
    PQTRANS_INTRANS, /* idle inside one */
    PQTRANS_INERROR, /* idle inside a failed one */
    PQTRANS_UNKNOWN  /* not connected */
} PGTransactionStatusType;

/* PQsetErrorVerbosity. */
typedef enum
{
    PQERRORS_TERSE,   /* severity, text, position */
    PQERRORS_DEFAULT, /* and detail, hint, context */
    PQERRORS_VERBOSE, /* everything */
    PQERRORS_SQLSTATE /* severity and SQLSTATE */
} PGVerbosity;

/* PQsetErrorContextVisibility. */
typedef enum
{
    PQSHOW_CONTEXT_NEVER,
    PQSHOW_CONTEXT_ERRORS, /* for errors, not for notices */
    PQSHOW_CONTEXT_ALWAYS
} PGContextVisibility;

/* PQping. */
typedef enum
{
    PQPING_OK,          /* the server takes connections */
    PQPING_REJECT,      /* it is there and takes none just now */
    PQPING_NO_RESPONSE, /* it could not be reached */
    PQPING_NO_ATTEMPT   /* nothing was tried: the parameters are wrong */
} PGPing;

/* PQpipelineStatus. */
typedef enum
{
    PQ_PIPELINE_OFF,
    PQ_PIPELINE_ON,
    PQ_PIPELINE_ABORTED /* a command failed; ends at the next synchronisation point */
} PGpipelineStatus;

/* What an auth-data hook is asked for; says what its data points to. */
typedef enum
{
    PQAUTHDATA_PROMPT_OAUTH_DEVICE,   /* PGpromptOAuthDevice */
    PQAUTHDATA_OAUTH_BEARER_TOKEN,    /* PGoauthBearerRequest */
    PQAUTHDATA_OAUTH_BEARER_TOKEN_V2  /* PGoauthBearerRequestV2 (since 19) */
} PGauthData;


/* ---- Types ---- */

/* A connection. */
typedef struct pg_conn PGconn;

/* What cancels a query over a connection of its own. */
typedef struct pg_cancel_conn PGcancelConn;

/* A result. */
typedef struct pg_result PGresult;

/* What PQcancel takes. */
typedef struct pg_cancel PGcancel;

/* A notification. Release it, as one block, with PQfreemem. */
typedef struct pgNotify
{
    char *relname;         /* channel */
    int be_pid;            /* process id of the server's side that has sent it */
    char *extra;           /* payload, "" if none */
    struct pgNotify *next; /* not for programs */
} PGnotify;

/* Microseconds since 1970-01-01 00:00 UTC. */
typedef int64_t pg_usec_time_t;

/* Gets each error report the server sends of its own accord; res is cleared afterwards. */
typedef void (*PQnoticeReceiver)(void *arg, const PGresult *res);

/* Gets the text of each notice, newline included. */
typedef void (*PQnoticeProcessor)(void *arg, const char *message);

/* False and true in one byte. */
typedef char pqbool;

/* How PQprint writes. */
typedef struct _PQprintOpt
{
    pqbool header;    /* column names and row count */
    pqbool align;     /* pad the columns */
    pqbool standard;  /* old format */
    pqbool html3;     /* HTML tables */
    pqbool expanded;  /* one line a field */
    pqbool pager;     /* through a pager if it is long */
    char *fieldSep;   /* between fields */
    char *tableOpt;   /* attributes of the HTML table */
    char *caption;    /* caption of the HTML table */
    char **fieldName; /* other names for the columns, ended by NULL */
} PQprintOpt;

/* One connection option. */
typedef struct _PQconninfoOption
{
    char *keyword;  /* name */
    char *envvar;   /* environment variable that gives the default, or NULL */
    char *compiled; /* built-in default, or NULL */
    char *val;      /* value now, or NULL */
    char *label;    /* for a form */
    char *dispchar; /* for a form: "" show, "*" hide (password), "D" only for debugging */
    int dispsize;   /* for a form: width in characters */
} PQconninfoOption;

/* One argument of PQfn. */
typedef struct
{
    int len;   /* bytes */
    int isint; /* not 0: u.integer holds it */
    union
    {
        int *ptr;
        int integer;
    } u;
} PQArgBlock;

/* One column, for PQsetResultAttrs. */
typedef struct pgresAttDesc
{
    char *name;
    Oid tableid;   /* 0 if of no table */
    int columnid;  /* from 1; 0 if of no table */
    int format;    /* 0 text, 1 binary */
    Oid typid;     /* type */
    int typlen;    /* bytes; negative when it varies */
    int atttypmod; /* type modifier, -1 if none */
} PGresAttDesc;

/* See PQregisterThreadLock. */
typedef void (*pgthreadlock_t)(int acquire);

/* Writes the pass phrase of a client key to buf (size bytes); returns its length. */
typedef int (*PQsslKeyPassHook_OpenSSL_type)(char *buf, int size, PGconn *conn);

/* Above 0: handled. 0: not handled here. Below 0: the attempt fails. */
typedef int (*PQauthDataHook_type)(PGauthData type, PGconn *conn, void *data);

/* PQAUTHDATA_PROMPT_OAUTH_DEVICE: what to show the user. */
typedef struct _PGpromptOAuthDevice
{
    const char *verification_uri;          /* address to go to */
    const char *user_code;                 /* code to type in there */
    const char *verification_uri_complete; /* address with the code in it, or NULL */
    int expires_in;                        /* seconds */
} PGpromptOAuthDevice;

/* PQAUTHDATA_OAUTH_BEARER_TOKEN: where a token is for, and where to leave it. */
typedef struct PGoauthBearerRequest
{
    /* in */
    const char *openid_configuration; /* address of the discovery document, or NULL */
    const char *scope;                /* scopes, or NULL */
    /* out */
    /* Called until it gives PGRES_POLLING_OK and has set token; *altsock is what to wait on. */
    PostgresPollingStatusType (*async)(PGconn *conn, struct PGoauthBearerRequest *request,
        int *altsock);
    /* Called once at the end, also after a failure; may be NULL. */
    void (*cleanup)(PGconn *conn, struct PGoauthBearerRequest *request);
    char *token; /* stays the hook's */
    void *user;  /* the hook's own */
} PGoauthBearerRequest;

/* PQAUTHDATA_OAUTH_BEARER_TOKEN_V2 (since 19). */
typedef struct
{
    PGoauthBearerRequest v1; /* first, so that a pointer to it serves as one to this */
    const char *issuer;      /* in: who issues the token */
    const char *error;       /* out: why there is none; stays the hook's */
} PGoauthBearerRequestV2;


/* ---- Connecting (blocking) ---- */

/*
 * Each of these returns a handle even when the attempt failed (look at PQstatus), NULL only
 * when memory ran out. Release every handle with PQfinish.
 */

/* Connects by a conninfo string ("host=... dbname=...") or a URI. */
extern PGconn *PQconnectdb(const char *conninfo);

/*
 * Connects by two parallel arrays that end with a NULL keyword. With expand_dbname not 0, a
 * dbname value that looks like a conninfo string or URI is taken apart.
 */
extern PGconn *PQconnectdbParams(const char *const *keywords, const char *const *values,
    int expand_dbname);

/*
 * Connects by the fixed set of parameters of old; dbName may be a conninfo string. pgtty is
 * ignored.
 */
extern PGconn *PQsetdbLogin(const char *pghost, const char *pgport, const char *pgoptions,
    const char *pgtty, const char *dbName, const char *login, const char *pwd);

/* Closes the connection and frees the handle, also that of a failed attempt. NULL is allowed. */
extern void PQfinish(PGconn *conn);

/* Closes the connection and opens it again with the same parameters; blocks. */
extern void PQreset(PGconn *conn);

/*
 * Asks whether a server answers at that address; needs no valid user, password or database.
 * Blocks.
 */
extern PGPing PQping(const char *conninfo);

/* PQping with the arguments of PQconnectdbParams. */
extern PGPing PQpingParams(const char *const *keywords, const char *const *values,
    int expand_dbname);


/* ---- Connecting (without blocking) ---- */

/*
 * Begins an attempt; drive it with PQconnectPoll, starting as if that had returned
 * PGRES_POLLING_WRITING.
 */
extern PGconn *PQconnectStart(const char *conninfo);

/* PQconnectStart with the arguments of PQconnectdbParams. */
extern PGconn *PQconnectStartParams(const char *const *keywords, const char *const *values,
    int expand_dbname);

/* Goes one step on; ask for PQsocket again after every call. */
extern PostgresPollingStatusType PQconnectPoll(PGconn *conn);

/* Begins a reset: 1 when begun, 0 on failure. Then call PQresetPoll. */
extern int PQresetStart(PGconn *conn);

/* Goes one step on with a reset. */
extern PostgresPollingStatusType PQresetPoll(PGconn *conn);

/*
 * Waits until sock is ready as asked for, or end_time (microseconds since 1970; -1 for ever, 0
 * not at all): above 0 when ready, 0 at end_time, -1 on error with errno set.
 */
extern int PQsocketPoll(int sock, int forRead, int forWrite, pg_usec_time_t end_time);

/* The time now, in microseconds since 1970, as PQsocketPoll takes it. */
extern pg_usec_time_t PQgetCurrentTimeUSec(void);


/* ---- Connection options ---- */

/* Arrays of options end with a NULL keyword and are released with PQconninfoFree. */

/* Every option with the value it would have by default; NULL when memory ran out. */
extern PQconninfoOption *PQconndefaults(void);

/*
 * Takes a conninfo string apart. On failure NULL, and *errmsg (if errmsg is not NULL) has a
 * text to release with PQfreemem; that text is NULL when memory ran out.
 */
extern PQconninfoOption *PQconninfoParse(const char *conninfo, char **errmsg);

/* The options a connection uses now. */
extern PQconninfoOption *PQconninfo(PGconn *conn);

/* Releases such an array. NULL is allowed. */
extern void PQconninfoFree(PQconninfoOption *connOptions);


/* ---- Cancelling, with a connection of its own ---- */

/*
 * Makes what can cancel the query running on conn, now or later; conn may be used meanwhile.
 * Release with PQcancelFinish.
 */
extern PGcancelConn *PQcancelCreate(PGconn *conn);

/* Sends the request and waits: 1 when sent, 0 on failure. */
extern int PQcancelBlocking(PGcancelConn *cancelConn);

/* Begins the request without blocking: 1 when begun, 0 on failure. Then call PQcancelPoll. */
extern int PQcancelStart(PGcancelConn *cancelConn);

/* Goes one step on, by the rules of PQconnectPoll. */
extern PostgresPollingStatusType PQcancelPoll(PGcancelConn *cancelConn);

/* CONNECTION_ALLOCATED before the start, then as PQstatus. */
extern ConnStatusType PQcancelStatus(const PGcancelConn *cancelConn);

/* The descriptor to wait on, or -1. */
extern int PQcancelSocket(const PGcancelConn *cancelConn);

/* Text of the latest failure; belongs to cancelConn. */
extern char *PQcancelErrorMessage(const PGcancelConn *cancelConn);

/* Makes it ready to be used again. */
extern void PQcancelReset(PGcancelConn *cancelConn);

/* Closes and frees it. NULL is allowed. */
extern void PQcancelFinish(PGcancelConn *cancelConn);


/* ---- Cancelling, the older way ---- */

/*
 * Makes what PQcancel needs; NULL when conn is NULL or has no open socket. Release with
 * PQfreeCancel. On an encrypted connection the first call in a process starts a thread, which
 * waits without cost and takes no signals.
 */
extern PGcancel *PQgetCancel(PGconn *conn);

/* Frees it. NULL is allowed. */
extern void PQfreeCancel(PGcancel *cancel);

/*
 * Sends the request, encrypted if its connection is; safe in a signal handler, but for an
 * encrypted one in a child of fork() that has inherited it. 1 when sent, else 0 with a text in
 * errbuf (errbufsize bytes, 256 will do).
 */
extern int PQcancel(PGcancel *cancel, char *errbuf, int errbufsize);

/*
 * As PQcancel, with the text left in conn; not safe in signal handlers or other threads.
 * Deprecated.
 */
extern int PQrequestCancel(PGconn *conn);


/* ---- State of a connection ---- */

/* Texts belong to the connection and live until it is reset or finished, unless said otherwise. */

/* Name of the database. */
extern char *PQdb(const PGconn *conn);

/* Name of the user. */
extern char *PQuser(const PGconn *conn);

/* The password in use, "" if none. */
extern char *PQpass(const PGconn *conn);

/* Host name, address or socket directory of the host connected to. */
extern char *PQhost(const PGconn *conn);

/* Numeric address of the host connected to, "" when not known. */
extern char *PQhostaddr(const PGconn *conn);

/* Port of the host connected to, as text. */
extern char *PQport(const PGconn *conn);

/* Always "". */
extern char *PQtty(const PGconn *conn);

/* Command-line options sent to the server. */
extern char *PQoptions(const PGconn *conn);

/* CONNECTION_OK or CONNECTION_BAD; another value only while connecting without blocking. */
extern ConnStatusType PQstatus(const PGconn *conn);

/* Where in a transaction the session is. */
extern PGTransactionStatusType PQtransactionStatus(const PGconn *conn);

/*
 * A setting the server reports by itself, NULL when it does not. Valid until the setting
 * changes.
 */
extern const char *PQparameterStatus(const PGconn *conn, const char *paramName);

/* Major version of the protocol (3), 0 when not connected. */
extern int PQprotocolVersion(const PGconn *conn);

/* Version of the protocol as major * 10000 + minor (30000, 30002), 0 when not connected. */
extern int PQfullProtocolVersion(const PGconn *conn);

/* Version of the server as a number (150018 is 15.18), 0 when not connected. */
extern int PQserverVersion(const PGconn *conn);

/* Text of the latest failure on the connection, newline included, "" if there is none. */
extern char *PQerrorMessage(const PGconn *conn);

/* Descriptor of the connection, -1 if there is none. Do not read, write or close it. */
extern int PQsocket(const PGconn *conn);

/* Process id of the server's side, as NOTIFY shows it; 0 when not connected. */
extern int PQbackendPID(const PGconn *conn);

/* Whether pipeline mode is on, and whether the pipeline is aborted. */
extern PGpipelineStatus PQpipelineStatus(const PGconn *conn);

/* 1 when the server wanted a password and there was none. */
extern int PQconnectionNeedsPassword(const PGconn *conn);

/* 1 when the server wanted a password and one was used. */
extern int PQconnectionUsedPassword(const PGconn *conn);

/* 1 when the user was authenticated through GSSAPI. */
extern int PQconnectionUsedGSSAPI(const PGconn *conn);

/* Number of the client encoding, -1 on failure. */
extern int PQclientEncoding(const PGconn *conn);

/* Sets the client encoding by name: 0 when done, -1 on failure. */
extern int PQsetClientEncoding(PGconn *conn, const char *encoding);

/* How much later error texts hold; returns the former setting. */
extern PGVerbosity PQsetErrorVerbosity(PGconn *conn, PGVerbosity verbosity);

/* Whether later error texts show the CONTEXT part; returns the former setting. */
extern PGContextVisibility PQsetErrorContextVisibility(PGconn *conn,
    PGContextVisibility show_context);


/* ---- TLS and GSS encryption ---- */

/* 1 when the connection is encrypted by TLS. */
extern int PQsslInUse(PGconn *conn);

/* A struct of the TLS implementation by its name, NULL when there is none of it. */
extern void *PQsslStruct(PGconn *conn, const char *struct_name);

/* One fact about TLS by its name, NULL when not known. */
extern const char *PQsslAttribute(PGconn *conn, const char *attribute_name);

/* The names PQsslAttribute knows, ended by NULL. */
extern const char *const *PQsslAttributeNames(PGconn *conn);

/* The same as PQsslStruct(conn, "OpenSSL"). */
extern void *PQgetssl(PGconn *conn);

/* Does nothing; kept for old programs. */
extern void PQinitSSL(int do_init);

/* Does nothing; kept for old programs. */
extern void PQinitOpenSSL(int do_ssl, int do_crypto);

/* 1 when the connection is encrypted by GSSAPI. */
extern int PQgssEncInUse(PGconn *conn);

/* The GSSAPI context (a gss_ctx_id_t), NULL if there is none. */
extern void *PQgetgssctx(PGconn *conn);

/* Sets what is asked for the pass phrase of a client key; NULL sets the default. */
extern void PQsetSSLKeyPassHook_OpenSSL(PQsslKeyPassHook_OpenSSL_type hook);

/* The hook in use. */
extern PQsslKeyPassHook_OpenSSL_type PQgetSSLKeyPassHook_OpenSSL(void);

/*
 * The default hook: gives the option sslpassword. Writes at most size bytes, NUL included;
 * returns the length.
 */
extern int PQdefaultSSLKeyPassHook_OpenSSL(char *buf, int size, PGconn *conn);


/* ---- OAuth ---- */

/* Sets what is asked for authentication data; NULL sets the default. */
extern void PQsetAuthDataHook(PQauthDataHook_type hook);

/* The hook in use. */
extern PQauthDataHook_type PQgetAuthDataHook(void);

/* The default hook: 0 for everything, "not handled here". */
extern int PQdefaultAuthDataHook(PGauthData type, PGconn *conn, void *data);


/* ---- Tracing ---- */

/*
 * Writes every message of the connection to debug_port until PQuntrace; the stream stays the
 * caller's.
 */
extern void PQtrace(PGconn *conn, FILE *debug_port);

/* Ends tracing. */
extern void PQuntrace(PGconn *conn);

/* Sets the PQTRACE_ flags; call after PQtrace. */
extern void PQsetTraceFlags(PGconn *conn, int flags);


/* ---- Notices ---- */

/* Sets what notices go to, NULL only asks; returns the former one. */
extern PQnoticeReceiver PQsetNoticeReceiver(PGconn *conn, PQnoticeReceiver proc, void *arg);

/* Sets what the default receiver hands the text to, NULL only asks; returns the former one. */
extern PQnoticeProcessor PQsetNoticeProcessor(PGconn *conn, PQnoticeProcessor proc, void *arg);


/* ---- Threads ---- */

/*
 * Sets the lock (acquire not 0: take, 0: release) around parts that are not thread-safe, NULL
 * the built-in one; returns the former one.
 */
extern pgthreadlock_t PQregisterThreadLock(pgthreadlock_t newhandler);

/* The lock in use (since 19). */
extern pgthreadlock_t PQgetThreadLock(void);

/* Always 1. */
extern int PQisthreadsafe(void);


/* ---- Commands (blocking) ---- */

/*
 * Each result is to be released with PQclear. NULL comes only when memory ran out or the
 * command could not be sent; the text is in PQerrorMessage.
 */

/* Runs one or more commands; the result is the last one's. */
extern PGresult *PQexec(PGconn *conn, const char *query);

/*
 * Runs one command with parameters $1.. ; paramTypes, paramLengths and paramFormats may be NULL
 * (types inferred, all text). Formats: 0 text, 1 binary.
 */
extern PGresult *PQexecParams(PGconn *conn, const char *command, int nParams,
    const Oid *paramTypes, const char *const *paramValues, const int *paramLengths,
    const int *paramFormats, int resultFormat);

/* Prepares a statement; the name "" is the unnamed one. */
extern PGresult *PQprepare(PGconn *conn, const char *stmtName, const char *query, int nParams,
    const Oid *paramTypes);

/* Runs a prepared statement. */
extern PGresult *PQexecPrepared(PGconn *conn, const char *stmtName, int nParams,
    const char *const *paramValues, const int *paramLengths, const int *paramFormats,
    int resultFormat);

/* Describes a prepared statement: see PQnparams, PQparamtype, PQnfields. */
extern PGresult *PQdescribePrepared(PGconn *conn, const char *stmt);

/* Describes a portal (a cursor). */
extern PGresult *PQdescribePortal(PGconn *conn, const char *portal);

/* Closes a prepared statement. */
extern PGresult *PQclosePrepared(PGconn *conn, const char *stmt);

/* Closes a portal. */
extern PGresult *PQclosePortal(PGconn *conn, const char *portal);

/*
 * Calls a function of the server by its OID (the fast path). result_len is set in bytes;
 * result_buf must have room.
 */
extern PGresult *PQfn(PGconn *conn, int fnid, int *result_buf, int *result_len, int result_is_int,
    const PQArgBlock *args, int nargs);

/* Changes a user's password; it is hashed here, as the server's password_encryption has it. */
extern PGresult *PQchangePassword(PGconn *conn, const char *user, const char *passwd);


/* ---- Commands (without waiting for the answer) ---- */

/* 1 when the command was queued, 0 on failure. Then PQgetResult until it returns NULL. */

/* Sends one or more commands (one in pipeline mode is refused: use PQsendQueryParams). */
extern int PQsendQuery(PGconn *conn, const char *query);

/* Sends one command with parameters; arguments as PQexecParams. */
extern int PQsendQueryParams(PGconn *conn, const char *command, int nParams, const Oid *paramTypes,
    const char *const *paramValues, const int *paramLengths, const int *paramFormats,
    int resultFormat);

/* Sends a request to prepare a statement. */
extern int PQsendPrepare(PGconn *conn, const char *stmtName, const char *query, int nParams,
    const Oid *paramTypes);

/* Sends a request to run a prepared statement. */
extern int PQsendQueryPrepared(PGconn *conn, const char *stmtName, int nParams,
    const char *const *paramValues, const int *paramLengths, const int *paramFormats,
    int resultFormat);

/* Sends a request to describe a prepared statement. */
extern int PQsendDescribePrepared(PGconn *conn, const char *stmt);

/* Sends a request to describe a portal. */
extern int PQsendDescribePortal(PGconn *conn, const char *portal);

/* Sends a request to close a prepared statement. */
extern int PQsendClosePrepared(PGconn *conn, const char *stmt);

/* Sends a request to close a portal. */
extern int PQsendClosePortal(PGconn *conn, const char *portal);

/* The next result, waiting for it if need be; NULL at the end of a command. */
extern PGresult *PQgetResult(PGconn *conn);

/* From here on one result a row, for the command just sent: 1 when set, else 0. */
extern int PQsetSingleRowMode(PGconn *conn);

/*
 * From here on one result for up to chunkSize rows, for the command just sent: 1 when set, else
 * 0.
 */
extern int PQsetChunkedRowsMode(PGconn *conn, int chunkSize);

/* 1 when PQgetResult would wait. */
extern int PQisBusy(PGconn *conn);

/* Takes in what has arrived, without waiting: 1 also when nothing has, 0 on failure. */
extern int PQconsumeInput(PGconn *conn);

/* 1 makes sending never wait, 0 the reverse: 0 when done, -1 on failure. */
extern int PQsetnonblocking(PGconn *conn, int arg);

/* 1 when sending never waits. */
extern int PQisnonblocking(const PGconn *conn);

/* Sends what is queued: 0 when all is sent, 1 when some is left, -1 on failure. */
extern int PQflush(PGconn *conn);


/* ---- Pipeline mode ---- */

/* 1 when on, 0 when the connection is not idle. */
extern int PQenterPipelineMode(PGconn *conn);

/* 1 when off, 0 when answers are still awaited. */
extern int PQexitPipelineMode(PGconn *conn);

/* Ends a group of commands with a synchronisation point, and flushes: 1, or 0 on failure. */
extern int PQpipelineSync(PGconn *conn);

/* As PQpipelineSync, without flushing. */
extern int PQsendPipelineSync(PGconn *conn);

/* Asks the server to send what it has, without a synchronisation point: 1, or 0 on failure. */
extern int PQsendFlushRequest(PGconn *conn);


/* ---- Notifications ---- */

/*
 * The next NOTIFY that has arrived, NULL if none; does not read from the socket. Release with
 * PQfreemem.
 */
extern PGnotify *PQnotifies(PGconn *conn);


/* ---- COPY ---- */

/* Sends nbytes bytes: 1 when queued, 0 when it would wait (nonblocking), -1 on failure. */
extern int PQputCopyData(PGconn *conn, const char *buffer, int nbytes);

/* Ends COPY IN; with errormsg the server is made to fail it. 1, 0 or -1 as PQputCopyData. */
extern int PQputCopyEnd(PGconn *conn, const char *errormsg);

/*
 * One row into *buffer (release with PQfreemem): its length in bytes, 0 when it would wait
 * (async not 0), -1 at the end, -2 on failure.
 */
extern int PQgetCopyData(PGconn *conn, char **buffer, int async);


/* ---- COPY, the older way ---- */

/* Reads one line into buffer: 0 when whole, 1 when cut, EOF at the end. */
extern int PQgetline(PGconn *conn, char *buffer, int length);

/* Sends a string: 0, or EOF on failure. */
extern int PQputline(PGconn *conn, const char *string);

/* Reads a row without waiting: bytes read, 0 when there is none yet, -1 at the end. */
extern int PQgetlineAsync(PGconn *conn, char *buffer, int bufsize);

/* Sends nbytes bytes: 0, or EOF on failure. */
extern int PQputnbytes(PGconn *conn, const char *buffer, int nbytes);

/* Ends a COPY of the older way: 0, not 0 on failure. */
extern int PQendcopy(PGconn *conn);


/* ---- Results ---- */

/* Texts and values belong to the result and live until PQclear, unless said otherwise. */

/* What kind of result it is; PGRES_FATAL_ERROR for NULL. */
extern ExecStatusType PQresultStatus(const PGresult *res);

/* Name of a status, "invalid ExecStatusType code" for an unknown one. A constant. */
extern char *PQresStatus(ExecStatusType status);

/* Text of the error, newline included, "" if there is none. */
extern char *PQresultErrorMessage(const PGresult *res);

/* The text made anew with that verbosity and context. Release with PQfreemem. */
extern char *PQresultVerboseErrorMessage(const PGresult *res, PGVerbosity verbosity,
    PGContextVisibility show_context);

/* One field of an error or notice by its PG_DIAG_ code, NULL when not there. */
extern char *PQresultErrorField(const PGresult *res, int fieldcode);

/* Number of rows. */
extern int PQntuples(const PGresult *res);

/* Number of columns. */
extern int PQnfields(const PGresult *res);

/* 1 when all columns are binary. */
extern int PQbinaryTuples(const PGresult *res);

/* Name of a column, NULL when out of range. */
extern char *PQfname(const PGresult *res, int field_num);

/* Number of the column of that name (folded to lower case unless in double quotes), -1 if none. */
extern int PQfnumber(const PGresult *res, const char *field_name);

/* OID of the table a column comes from, 0 when none. */
extern Oid PQftable(const PGresult *res, int field_num);

/* Number of the column in that table, from 1; 0 when none. */
extern int PQftablecol(const PGresult *res, int field_num);

/* Format of a column: 0 text, 1 binary. */
extern int PQfformat(const PGresult *res, int field_num);

/* OID of the type of a column. */
extern Oid PQftype(const PGresult *res, int field_num);

/* Size of that type in the server, in bytes; negative when it varies. */
extern int PQfsize(const PGresult *res, int field_num);

/* Type modifier of a column, -1 when none. */
extern int PQfmod(const PGresult *res, int field_num);

/* The command tag. */
extern char *PQcmdStatus(PGresult *res);

/* OID of the row inserted, as text, "" when none. Old; see PQoidValue. */
extern char *PQoidStatus(const PGresult *res);

/* OID of the row inserted, 0 when none. */
extern Oid PQoidValue(const PGresult *res);

/* Number of rows the command affected, as text, "" when there is none. */
extern char *PQcmdTuples(PGresult *res);

/* Value of a field, NUL-terminated; "" when null. */
extern char *PQgetvalue(const PGresult *res, int tup_num, int field_num);

/* Length of a field in bytes, without the NUL. */
extern int PQgetlength(const PGresult *res, int tup_num, int field_num);

/* 1 when a field is null. */
extern int PQgetisnull(const PGresult *res, int tup_num, int field_num);

/* Number of parameters of a described statement. */
extern int PQnparams(const PGresult *res);

/* OID of the type of a parameter. */
extern Oid PQparamtype(const PGresult *res, int param_num);

/* Frees a result. NULL is allowed. */
extern void PQclear(PGresult *res);

/* Frees what this library has allocated for the caller. NULL is allowed. */
extern void PQfreemem(void *ptr);


/* ---- Results made by the caller ---- */

/*
 * A result without rows; with a conn of an error status, its error text too. NULL when memory
 * ran out.
 */
extern PGresult *PQmakeEmptyPGresult(PGconn *conn, ExecStatusType status);

/* A copy, with the parts the PG_COPYRES_ flags name; its status is PGRES_TUPLES_OK. */
extern PGresult *PQcopyResult(const PGresult *src, int flags);

/* Sets the columns of a result that has none: not 0 when done. */
extern int PQsetResultAttrs(PGresult *res, int numAttributes, PGresAttDesc *attDescs);

/* nBytes bytes that are freed with the result, aligned for any type. */
extern void *PQresultAlloc(PGresult *res, size_t nBytes);

/* Bytes allocated for the result. */
extern size_t PQresultMemorySize(const PGresult *res);

/*
 * Sets a field; tup_num may be one past the last row, which adds one. len -1, or value NULL,
 * means null. Not 0 when done.
 */
extern int PQsetvalue(PGresult *res, int tup_num, int field_num, char *value, int len);


/* ---- Escaping ---- */

/*
 * Escapes length bytes for use between single quotes. to needs 2 * length + 1 bytes; returns
 * the length written. *error (may be NULL) is not 0 on invalid text.
 */
extern size_t PQescapeStringConn(PGconn *conn, char *to, const char *from, size_t length,
    int *error);

/* A whole SQL literal, quotes included; NULL on failure. Release with PQfreemem. */
extern char *PQescapeLiteral(PGconn *conn, const char *str, size_t len);

/* A whole SQL identifier, double quotes included; NULL on failure. Release with PQfreemem. */
extern char *PQescapeIdentifier(PGconn *conn, const char *str, size_t len);

/* Escapes binary data; *to_length counts the NUL. NULL on failure. Release with PQfreemem. */
extern unsigned char *PQescapeByteaConn(PGconn *conn, const unsigned char *from,
    size_t from_length, size_t *to_length);

/* Binary data from its text form; NULL on failure. Release with PQfreemem. */
extern unsigned char *PQunescapeBytea(const unsigned char *strtext, size_t *retbuflen);

/* As PQescapeStringConn, guessing by the connection used last. Old. */
extern size_t PQescapeString(char *to, const char *from, size_t length);

/* As PQescapeByteaConn, guessing by the connection used last. Old. */
extern unsigned char *PQescapeBytea(const unsigned char *from, size_t from_length,
    size_t *to_length);


/* ---- Printing ---- */

/* Writes the rows as po says. */
extern void PQprint(FILE *fout, const PGresult *res, const PQprintOpt *po);

/* Writes the rows. Old. */
extern void PQdisplayTuples(const PGresult *res, FILE *fp, int fillAlign, const char *fieldSep,
    int printHeader, int quiet);

/* Writes the rows. Old. */
extern void PQprintTuples(const PGresult *res, FILE *fout, int PrintAttNames, int TerseOutput,
    int colWidth);


/* ---- Large objects ---- */

/*
 * -1 on failure (0, InvalidOid, where an Oid is returned), unless said otherwise. Only inside a
 * transaction.
 */

/* Opens a large object with INV_READ, INV_WRITE or both: its descriptor. */
extern int lo_open(PGconn *conn, Oid lobjId, int mode);

/* Closes a descriptor: 0. */
extern int lo_close(PGconn *conn, int fd);

/* Reads up to len bytes: the number read. */
extern int lo_read(PGconn *conn, int fd, char *buf, size_t len);

/* Writes len bytes: the number written. */
extern int lo_write(PGconn *conn, int fd, const char *buf, size_t len);

/* Moves to offset (whence as for lseek): the new position, which must fit an int. */
extern int lo_lseek(PGconn *conn, int fd, int offset, int whence);

/* As lo_lseek, 64 bits. */
extern int64_t lo_lseek64(PGconn *conn, int fd, int64_t offset, int whence);

/* Makes a large object: its OID. */
extern Oid lo_creat(PGconn *conn, int mode);

/* Makes a large object with that OID (0: any): its OID. */
extern Oid lo_create(PGconn *conn, Oid lobjId);

/* The position, which must fit an int. */
extern int lo_tell(PGconn *conn, int fd);

/* The position, 64 bits. */
extern int64_t lo_tell64(PGconn *conn, int fd);

/* Cuts or extends to len bytes: 0. */
extern int lo_truncate(PGconn *conn, int fd, size_t len);

/* As lo_truncate, 64 bits. */
extern int lo_truncate64(PGconn *conn, int fd, int64_t len);

/* Removes a large object: 1. */
extern int lo_unlink(PGconn *conn, Oid lobjId);

/* Makes a large object of a file of this machine: its OID. */
extern Oid lo_import(PGconn *conn, const char *filename);

/* As lo_import, with a given OID (0: any). */
extern Oid lo_import_with_oid(PGconn *conn, const char *filename, Oid lobjId);

/* Writes a large object to a file of this machine: 1. */
extern int lo_export(PGconn *conn, Oid lobjId, const char *filename);


/* ---- Encodings and passwords ---- */

/* Version of this library's libpq interface as a number: 180006 is 18.6. */
extern int PQlibVersion(void);

/* Length in bytes of the character at s. */
extern int PQmblen(const char *s, int encoding);

/* As PQmblen, never past the NUL. */
extern int PQmblenBounded(const char *s, int encoding);

/* Width in columns of the character at s. */
extern int PQdsplen(const char *s, int encoding);

/* The encoding PGCLIENTENCODING names, SQL_ASCII (0) if none. */
extern int PQenv2encoding(void);

/*
 * A password as ALTER ROLE takes it; algorithm "md5", "scram-sha-256" or NULL (as the server
 * has it). NULL on failure. Release with PQfreemem.
 */
extern char *PQencryptPasswordConn(PGconn *conn, const char *passwd, const char *user,
    const char *algorithm);

/* As PQencryptPasswordConn with "md5". Old. */
extern char *PQencryptPassword(const char *passwd, const char *user);

/* Number of the encoding of that name, -1 if none. */
extern int pg_char_to_encoding(const char *name);

/* Name of the encoding of that number, "" if none. */
extern const char *pg_encoding_to_char(int encoding);

/* 1 when a database can have that encoding. */
extern int pg_valid_server_encoding_id(int encoding);

#ifdef __cplusplus
}
#endif

#endif /* LIBPQ_FE_H */
