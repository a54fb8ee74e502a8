/*
 * libpq-porcelain.h - what this library has beyond libpq.
 *
 * Made by cbindgen from src/capi/ (`make header`): change it there.
 *
 * Rules that hold for all of it:
 *
 * - Failure. A function that can fail in a way the caller may want to tell apart returns a
 *   pqp_status, which is 0 (PQP_OK) when it worked; one that makes something returns NULL. Where
 *   there is more to say, the last parameter is `char **error`: on failure, and only then, a text
 *   is written through it, unless it is NULL; free it with PQfreemem. PQerrorMessage is for what
 *   becomes of a connection, as in libpq, and not for misuse of these functions. Outputs are written
 *   only on success. NULL is always checked: it gives the plain failure value, or PQP_NULL.
 * - Ownership. What is handed in is copied or only looked at, unless said otherwise. What a `_new`
 *   or `_ref` gives, the `_free` of the same object takes back. Contexts, factories and requests are
 *   counted: each lives as long as somebody has a reference to it, connections included.
 * - Threads. Contexts, factories and requests may be used by any thread at any time. A connection is
 *   used by one thread at a time, as in libpq, and its hooks are called on the thread that uses it.
 * - Hooks. Each gets the user pointer that it was set with, and may call anything on the connection it
 *   is called for but PQfinish, unless said otherwise. What is called in the midst of a connection's work
 *   cannot use it, and is told so (PQP_IN_USE): see pqp_transport. A hook must return: no longjmp and no C++
 *   exception out of it. `user_free`, where a setter has it, is called with the user pointer when the
 *   hook will not be called any more, on whatever thread that happens, and at once by a setter that
 *   fails; NULL for nothing.
 * - No struct is to be filled in by the caller: what may grow is opaque, with functions to set and ask.
 * - Units stand in names: _ms is milliseconds, _s seconds, _len bytes.
 */
#ifndef LIBPQ_PORCELAIN_H
#define LIBPQ_PORCELAIN_H

#include <stddef.h>
#include <stdint.h>
#include "libpq-fe.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * What a `pqp_` function that can fail returns.
 */
typedef enum pqp_status {
  /**
   * It worked.
   */
  PQP_OK = 0,
  /**
   * A pointer is NULL that must not be.
   */
  PQP_NULL = 1,
  /**
   * A value cannot be: an unknown option, a file policy that is none, a text that is no address.
   */
  PQP_INVALID = 2,
  /**
   * It is too late: the connection has been started, the factory has been started from, or nobody waits for the
   * answer any more.
   */
  PQP_TOO_LATE = 3,
  /**
   * The request has been answered before.
   */
  PQP_TWICE = 4,
  /**
   * The request asks for something else.
   */
  PQP_WRONG_KIND = 5,
  /**
   * There is no memory, or no descriptor.
   */
  PQP_NO_MEMORY = 6,
  /**
   * The library has failed: a bug, to be reported.
   */
  PQP_INTERNAL = 7,
  /**
   * The connection is in use: by the call that has called a function of the application's, which this call was made from.
   */
  PQP_IN_USE = 8
} pqp_status;

/**
 * What has happened.
 */
typedef enum pqp_event_kind {
  /**
   * An attempt to connect has begun: attempt, host, hostaddr, port.
   */
  PQP_EVENT_ATTEMPT_BEGUN = 0,
  /**
   * It has ended: attempt, host, hostaddr, port, status (a pqp_outcome), sqlstate, text.
   */
  PQP_EVENT_ATTEMPT_ENDED = 1,
  /**
   * A command has been queued or sent: bytes of its messages.
   */
  PQP_EVENT_QUERY_SENT = 2,
  /**
   * A command has given its last row, or failed: status (an ExecStatusType), rows, bytes.
   */
  PQP_EVENT_QUERY_FINISHED = 3,
  /**
   * The server has sent a notice: sqlstate, text.
   */
  PQP_EVENT_NOTICE = 4,
  /**
   * The connection has another state: status (a ConnStatusType).
   */
  PQP_EVENT_STATE = 5
} pqp_event_kind;

/**
 * What kind of server it is.
 */
typedef enum pqp_role {
  /**
   * It has not said.
   */
  PQP_ROLE_UNKNOWN = 0,
  /**
   * It takes writes.
   */
  PQP_ROLE_PRIMARY = 1,
  /**
   * It follows another one.
   */
  PQP_ROLE_STANDBY = 2
} pqp_role;

/**
 * How an attempt ended.
 */
typedef enum pqp_outcome {
  /**
   * It goes on.
   */
  PQP_OUTCOME_UNDER_WAY = 0,
  /**
   * The session is up.
   */
  PQP_OUTCOME_CONNECTED = 1,
  /**
   * It failed.
   */
  PQP_OUTCOME_FAILED = 2
} pqp_outcome;

/**
 * The kind of a failure.
 */
typedef enum pqp_failure {
  /**
   * Something that has no kind of its own, or no failure.
   */
  PQP_FAILURE_OTHER = 0,
  /**
   * The host has no address.
   */
  PQP_FAILURE_LOOKUP = 1,
  /**
   * connect(2), or what leads to it, failed: os_errno says why.
   */
  PQP_FAILURE_NETWORK = 2,
  /**
   * The time was over.
   */
  PQP_FAILURE_TIMEOUT = 3,
  /**
   * The server closed the connection, or it broke.
   */
  PQP_FAILURE_CLOSED = 4,
  /**
   * The server has no encryption and nothing else would do.
   */
  PQP_FAILURE_ENCRYPTION_REFUSED = 5,
  /**
   * TLS failed; tls_alert is what the server said.
   */
  PQP_FAILURE_TLS = 6,
  /**
   * The server's certificate was refused.
   */
  PQP_FAILURE_CERTIFICATE = 7,
  /**
   * We could not, or would not, authenticate as the server asked.
   */
  PQP_FAILURE_AUTHENTICATION = 8,
  /**
   * A password was asked for and none was there.
   */
  PQP_FAILURE_PASSWORD_MISSING = 9,
  /**
   * The server said no: sqlstate says why.
   */
  PQP_FAILURE_SERVER = 10,
  /**
   * The server is of another kind than target_session_attrs wants.
   */
  PQP_FAILURE_ROLE = 11,
  /**
   * The server does not keep to the protocol, or is none.
   */
  PQP_FAILURE_PROTOCOL = 12,
  /**
   * The server at a Unix socket runs as another user than requirepeer says.
   */
  PQP_FAILURE_PEER = 13,
  /**
   * A hook of the application refused, failed, or answered nonsense.
   */
  PQP_FAILURE_APPLICATION = 14,
  /**
   * An option's value, or a file it names, is of no use.
   */
  PQP_FAILURE_CONFIGURATION = 15,
  /**
   * Another attempt was faster, or the whole was given up.
   */
  PQP_FAILURE_ABANDONED = 16
} pqp_failure;

/**
 * Where an option's value came from.
 */
typedef enum pqp_source {
  /**
   * The default compiled in.
   */
  PQP_SOURCE_DEFAULT = 0,
  /**
   * The caller: connection string, array, or hook.
   */
  PQP_SOURCE_ARGUMENT = 1,
  /**
   * A service file.
   */
  PQP_SOURCE_SERVICE_FILE = 2,
  /**
   * An environment variable.
   */
  PQP_SOURCE_ENVIRONMENT = 3,
  /**
   * The password file.
   */
  PQP_SOURCE_PASSWORD_FILE = 4,
  /**
   * The name of the operating system's account.
   */
  PQP_SOURCE_OS_USER = 5,
  /**
   * Worked out from other options.
   */
  PQP_SOURCE_DERIVED = 6,
  /**
   * The context's default.
   */
  PQP_SOURCE_CONTEXT = 7
} pqp_source;

/**
 * A part of an attempt: the index into `pqp_attempt.phases`.
 */
typedef enum pqp_phase {
  /**
   * The host's name is looked up.
   */
  PQP_PHASE_LOOKUP = 0,
  /**
   * connect(2), for Unix sockets too.
   */
  PQP_PHASE_TCP = 1,
  /**
   * Encryption is asked for and its handshake done.
   */
  PQP_PHASE_TLS = 2,
  /**
   * From the StartupMessage to AuthenticationOk.
   */
  PQP_PHASE_AUTHENTICATION = 3,
  /**
   * From there to ReadyForQuery: the backend starts.
   */
  PQP_PHASE_STARTUP = 4,
  /**
   * The server is asked for its role (target_session_attrs).
   */
  PQP_PHASE_ROLE_CHECK = 5,
  /**
   * How many there is room for.
   */
  PQP_PHASES = 8
} pqp_phase;

/**
 * What a step gives.
 */
typedef enum pqp_sasl_reply {
  /**
   * Send this and go on. NULL is no initial response in the first step, and an error later.
   */
  PQP_SASL_CONTINUE = 0,
  /**
   * From this side that was all. NULL: there is nothing left to send.
   */
  PQP_SASL_FINISHED = 1
} pqp_sasl_reply;

/**
 * What a provider returns. Any other number fails what was asked for.
 */
typedef enum pqp_provided {
  /**
   * Nothing: what libpq does is to be done, as if there were no provider.
   */
  PQP_PROVIDED_DEFAULT = 0,
  /**
   * An answer: it has been given with a `pqp_answer_` function, or will be, by any thread, for which the provider has taken
   * a reference.
   */
  PQP_PROVIDED_ANSWER = 1,
  /**
   * Nothing, and there is nothing to be had: what was asked for fails.
   */
  PQP_PROVIDED_REFUSED = -1
} pqp_provided;

/**
 * What is asked for.
 */
typedef enum pqp_request_kind {
  /**
   * The pass phrase of the client's private key: `pqp_answer_password`.
   */
  PQP_WANT_KEY_PASSWORD = 0,
  /**
   * The password, which the server has asked for: `pqp_answer_password`.
   */
  PQP_WANT_PASSWORD = 1,
  /**
   * The addresses of a host: `pqp_answer_addresses`.
   */
  PQP_WANT_ADDRESSES = 2,
  /**
   * A connected transport to a host: `pqp_answer_socket`, `pqp_answer_transport`.
   */
  PQP_WANT_TRANSPORT = 3,
  /**
   * A token for OAUTHBEARER: `pqp_answer_password`.
   */
  PQP_WANT_TOKEN = 4,
  /**
   * A step of a SASL mechanism: `pqp_answer_sasl`.
   */
  PQP_WANT_SASL = 5
} pqp_request_kind;

/**
 * Whether files of a kind are read.
 */
typedef enum pqp_file_policy {
  /**
   * As libpq does it.
   */
  PQP_FILE_USUAL = 0,
  /**
   * Never, not even one that the caller's options name.
   */
  PQP_FILE_NEVER = 1,
  /**
   * A given one takes the place of those in the home directory, the system's and what the environment names. One that the
   * caller's options name comes before it.
   */
  PQP_FILE_ONLY = 2
} pqp_file_policy;

/**
 * A context. Opaque; connections and factories made in it keep it alive.
 */
typedef struct pqp_context pqp_context;

/**
 * A factory. Opaque; connections made by it keep it alive.
 *
 * What its connections need for TLS is read from its files and decoded once, and again as soon as one of the files is another
 * one or has changed, which each connection looks at. Read anew for each connection are: files changed in the last two
 * seconds, keys with a pass phrase, the system's authorities (sslrootcert=system), and everything with sslkeylogfile.
 */
typedef struct pqp_factory pqp_factory;

/**
 * How connecting went. Made by pqp_connect_report, freed by pqp_report_free.
 */
typedef struct pqp_report pqp_report;

/**
 * A request to the application. Opaque and counted: a hook that answers later takes a reference with `pqp_request_ref`, and
 * gives it back with `pqp_request_free` when it has answered. That stays safe when the connection has long gone.
 */
typedef struct pqp_request pqp_request;

/**
 * A transport that is being put together. Opaque.
 *
 * Its functions are called by the thread that uses the connection, one at a time, in the midst of its work. They cannot use
 * that connection: what they call on it gives its failure value (`PQP_IN_USE`, CONNECTION_BAD from PQstatus, -1 from
 * PQsocket), PQerrorMessage among it says "connection is in use by the call that this one was made from", PQfinish does
 * nothing, and the connection goes on as if nothing had been called. Other connections may be used. In a child of fork()
 * none of the functions is called, the close function included.
 */
typedef struct pqp_transport pqp_transport;

/**
 * A lock as `PQregisterThreadLock` takes it: taken when the argument is not 0, given back when it is.
 */
typedef void (*pqp_thread_lock)(int acquire);

/**
 * An event. What a kind does not mention is 0 or "". Texts live until the handler returns. Members may be added at the end.
 */
typedef struct pqp_event {
  /**
   * What has happened.
   */
  enum pqp_event_kind kind;
  /**
   * See the kind.
   */
  int status;
  /**
   * The attempt's number, from 0, as in the connect report.
   */
  size_t attempt;
  /**
   * Rows.
   */
  size_t rows;
  /**
   * Bytes.
   */
  size_t bytes;
  /**
   * The host as given.
   */
  const char *host;
  /**
   * The numeric address.
   */
  const char *hostaddr;
  /**
   * The port as given.
   */
  const char *port;
  /**
   * An SQLSTATE.
   */
  const char *sqlstate;
  /**
   * An error's or notice's text.
   */
  const char *text;
} pqp_event;

/**
 * Told of an event, on the thread that uses the connection, inside the call that it uses it by. The connection may be looked
 * at, and must not be finished.
 */
typedef void (*pqp_event_handler)(void *user, PGconn *conn, const struct pqp_event *event);

/**
 * Frees what a hook was set with. It cannot use a connection that is in use, or half gone, when it is called, as a
 * transport's functions cannot.
 */
typedef void (*pqp_user_free)(void *user);

/**
 * Called between start and first dial, on the thread that starts; again before each reset. `pqp_conn_set_param` and
 * its like may be called on `conn`. 0 goes on; anything else fails the connection (`pqp_conn_refuse` says why).
 */
typedef int (*pqp_start_hook)(void *user, PGconn *conn);

/**
 * Asked for what a connection cannot go on without: see `pqp_provided` for what it returns, and the `pqp_request_`
 * functions for what it is asked. `conn` is the connection; it may be looked at, and must not be finished, polled or reset
 * from within. Called on the thread that connects: in `PQconnectPoll`, `PQconnectdb` and their like. Waiting for an
 * answer that comes later ends with the time for the attempt (`connect_timeout`, `connect_deadline_ms`); without either it
 * has no end.
 */
typedef int (*pqp_provider)(void *user, PGconn *conn, struct pqp_request *request);

/**
 * As `PQauthDataHook_type`, with a pointer of the application's: asked for OAuth tokens, by `PQAUTHDATA_OAUTH_BEARER_TOKEN_V2`
 * first, then by `PQAUTHDATA_OAUTH_BEARER_TOKEN`; `data` is a request of that version. More than 0: a token or a callback is
 * in the request; 0: not by this version; less: there is none, and connecting fails.
 */
typedef int (*pqp_auth_data_hook)(int kind, PGconn *conn, void *data, void *user);

/**
 * When a phase began and ended: microseconds since connecting began; -1 where it did not.
 */
typedef struct pqp_phase_times {
  /**
   * When it began; -1: it was never come to.
   */
  int64_t begin_us;
  /**
   * When it ended; -1: it goes on.
   */
  int64_t end_us;
} pqp_phase_times;

/**
 * One attempt: a dial, or a name that has no address. Times are microseconds since connecting began. Texts are never
 * NULL and belong to the report. Members may be added at the end.
 */
typedef struct pqp_attempt {
  /**
   * The host as given: name, address, or socket directory.
   */
  const char *host;
  /**
   * The numeric address; "" for a Unix socket, and where there is none.
   */
  const char *hostaddr;
  /**
   * The port as given.
   */
  const char *port;
  /**
   * When it began.
   */
  int64_t begin_us;
  /**
   * When it ended; -1 while it goes on.
   */
  int64_t end_us;
  /**
   * Each phase, by pqp_phase.
   */
  struct pqp_phase_times phases[8];
  /**
   * The TLS version, such as "TLSv1.3"; "" without TLS.
   */
  const char *tls_version;
  /**
   * The cipher suite, as OpenSSL names it; "" without TLS.
   */
  const char *tls_cipher;
  /**
   * How the server let us in, or wanted to: "password", "md5", "gss", "sspi", the name of a SASL mechanism, or
   * "none"; "" before it did.
   */
  const char *auth_method;
  /**
   * The part of the error text that this attempt left; "" unless it failed.
   */
  const char *message;
  /**
   * The SQLSTATE the server sent; "" where it sent none.
   */
  char sqlstate[6];
  /**
   * Length of the symmetric key in bits; 0 without TLS.
   */
  int tls_key_bits;
  /**
   * The protocol version as PQfullProtocolVersion gives it, 30002 for 3.2; 0 before anything was sent.
   */
  int protocol_version;
  /**
   * The server's version as PQserverVersion gives it; 0 where it has not said.
   */
  int server_version;
  /**
   * Process id of the backend; 0 where it has not said.
   */
  int backend_pid;
  /**
   * What kind of server it is.
   */
  enum pqp_role role;
  /**
   * How it ended.
   */
  enum pqp_outcome outcome;
  /**
   * Why it failed.
   */
  enum pqp_failure failure;
  /**
   * The system's error number; 0 where none belongs to the failure.
   */
  int os_errno;
  /**
   * The TLS alert the server sent; -1 where it sent none.
   */
  int tls_alert;
} pqp_attempt;

/**
 * An option that has a value. Texts belong to the report. Members may be added at the end.
 */
typedef struct pqp_option_used {
  /**
   * Its keyword.
   */
  const char *keyword;
  /**
   * Its value; "********" for every secret.
   */
  const char *value;
  /**
   * Where it came from.
   */
  enum pqp_source source;
} pqp_option_used;

/**
 * Told that nobody waits for the answer to a request any more.
 */
typedef void (*pqp_cancelled_hook)(void *user, struct pqp_request *request);

/**
 * A SASL mechanism of the application. All of it is copied when it is registered.
 *
 * Of the mechanisms that both sides have, the one with the highest priority is used; among equals, the one that the server
 * names first. SCRAM-SHA-256-PLUS has 100, SCRAM-SHA-256 and OAUTHBEARER have 0. A list in `require_auth` rules an
 * application's mechanisms out, unless it is one of what is not wanted; `channel_binding=require` does always.
 */
typedef struct pqp_sasl_mechanism {
  /**
   * Its registered name, such as "X-TICKET": 1 to 20 of A-Z, 0-9, "-" and "_". One with the name of a former mechanism
   * takes its place, also of the library's own.
   */
  const char *name;
  /**
   * The higher, the better.
   */
  int priority;
  /**
   * Not 0: it is passed over on a connection that is not encrypted.
   */
  int needs_encryption;
  /**
   * Begins an exchange on this connection: its state, for the other two; NULL fails it. The request says host, address,
   * port, user and database.
   */
  void *(*init)(void *user, PGconn *conn, struct pqp_request *request);
  /**
   * The next step: `input` is NULL at first, then what the server has sent, `input_len` bytes; `is_final` is 1 with its
   * last message. Returns a `pqp_provided`: `PQP_PROVIDED_ANSWER` when it has called `pqp_answer_sasl`, or will,
   * from any thread; anything else fails the exchange, with the text of `pqp_answer_error` if that has been called.
   * On the thread that connects; `conn` of `init` may be looked at.
   */
  int (*step)(void *user,
              void *state,
              struct pqp_request *request,
              const char *input,
              size_t input_len,
              int is_final);
  /**
   * Frees the state: once, whatever has become of the exchange. May be NULL.
   */
  void (*free)(void *user, void *state);
} pqp_sasl_mechanism;

/**
 * Reads up to `len` bytes into `buf` without waiting: how many, 0 at the end of the stream, or -1 with `errno` set,
 * `EAGAIN` when there is nothing now.
 */
typedef ptrdiff_t (*pqp_read)(void *user, char *buf, size_t len);

/**
 * Takes up to `len` bytes of `data` without waiting: how many, at least one, or -1 with `errno` set, `EAGAIN` when it
 * can take nothing now. It must not raise SIGPIPE.
 */
typedef ptrdiff_t (*pqp_write)(void *user, const char *data, size_t len);

/**
 * Waits until there is something to read (`for_read` not 0) or room to write (`for_write` not 0), or `timeout_ms` is
 * over, -1 being for ever: 1 when it is ready, 0 when the time is over, -1 with `errno` set.
 */
typedef int (*pqp_poll)(void *user, int for_read, int for_write, int timeout_ms);

/**
 * Where the values of a rectangle of a result lie, row after row: `rows` rows from `first_row` on, of each `columns` columns
 * from `first_column` on. `values`, `lengths` and `nulls` get rows * columns elements each, and any of the three may be NULL
 * to be left out:
 *
 * - `values`: where the value begins, a NUL behind its last byte as with PQgetvalue; NULL for SQL NULL;
 * - `lengths`: its length in bytes, without that NUL; -1 for SQL NULL;
 * - `nulls`: 1 for SQL NULL, else 0.
 *
 * The arrays are the caller's, the values the result's: they live until PQclear. Nothing is copied, allocated or prepared
 * beforehand, so what is never asked for costs nothing. Counts
 * and first numbers are as PQntuples and PQnfields count; a count of 0 is allowed. Any number of threads may look at one
 * result at once. PQP_INVALID, and nothing written, when the rectangle is not within the result; PQP_NULL without a result.
 */
enum pqp_status pqp_result_values(const PGresult *res,
                                  int first_row,
                                  int rows,
                                  int first_column,
                                  int columns,
                                  const char **values,
                                  int *lengths,
                                  char *nulls);

/**
 * As pqp_result_values, for one column, as arrays of it are wanted by column-wise programs: `rows` elements each, of the rows from `first_row`
 * on. A large result is best taken in slices of some hundred rows, which stay in the processor's cache.
 */
enum pqp_status pqp_result_column(const PGresult *res,
                                  int column,
                                  int first_row,
                                  int rows,
                                  const char **values,
                                  int *lengths,
                                  char *nulls);

/**
 * As many rows of a COPY to the client as have come, `most` at the most: `rows` and `lengths` get where they lie and their
 * lengths in bytes. A row is what one CopyData message holds, which is a line of the text format with its newline.
 *
 * Nothing is copied: the rows are the connection's and lie in its receive buffer, without a NUL behind them, until the next
 * call on the connection (also one from a notice hook). Do not free them. Waits for the first of them unless `async` is not
 * 0, never for more; so a call gives what one receive has brought. As with all calls on a connection, one thread at a time.
 *
 * Returns their number; 0 nothing yet (`async` only: wait for the socket, then PQconsumeInput), -1 the data has ended, -2
 * error with the text in PQerrorMessage: as PQgetCopyData, with which it may be mixed. `most` below 1 and NULL arrays are
 * errors without a text.
 */
int pqp_copy_rows(PGconn *conn,
                  int most,
                  const char **rows,
                  int *lengths,
                  int async);

/**
 * Sends `count` pieces of COPY data, gathered from where they lie: as that many calls of PQputCopyData, in one. `lengths` are
 * in bytes. Pieces may be cut anywhere, in the middle of a row too; empty ones are passed over, NULL with them.
 *
 * The pieces stay the caller's and may be changed or freed when the call is back. Small ones are put together behind each other
 * and sent by many; a piece of 8 KiB or more is not copied on a connection without TLS, but sent from where it lies, as far
 * as the socket takes it. As with all calls on a connection, one thread at a time.
 *
 * Returns how many pieces have been taken: fewer than `count` when more would have to wait (non-blocking only: wait until the
 * socket is writable, PQflush, and go on from there); -1 on error, with the text in PQerrorMessage.
 */
int pqp_put_copy_pieces(PGconn *conn,
                        int count,
                        const char *const *pieces,
                        const int *lengths);

/**
 * Sets a connection option as if it had been given with the others; NULL takes its value away. May be called by a start
 * hook, and on a connection of `pqp_factory_start` before its first `PQconnectPoll`; after that it is `PQP_TOO_LATE`.
 * `PQP_INVALID`: there is no such option, or it is "service" or "servicefile", which have had their effect. A value that
 * cannot be fails the connection when it is first polled, with libpq's text.
 */
enum pqp_status pqp_conn_set_param(PGconn *conn,
                                   const char *keyword,
                                   const char *value,
                                   char **error);

/**
 * Sets the password: `pqp_conn_set_param` with "password". Copied; the copies are wiped when they go.
 */
enum pqp_status pqp_conn_set_password(PGconn *conn,
                                      const char *password,
                                      char **error);

/**
 * Ends a connection that has not been dialled yet: it is bad, and `text` its error message. For start hooks that cannot get
 * what the connection needs. Later it is `PQP_TOO_LATE`.
 */
enum pqp_status pqp_conn_refuse(PGconn *conn,
                                const char *text);

/**
 * Whether options and hooks of the connection can still be set: 1, else 0.
 */
int pqp_conn_is_settable(const PGconn *conn);

/**
 * Keeps a pointer of the application's with the connection. It stays the application's, and nothing looks behind it. May be
 * called at any time.
 */
enum pqp_status pqp_conn_set_user_data(PGconn *conn,
                                       void *user_data);

/**
 * The pointer that `pqp_conn_set_user_data` was given; NULL where none was.
 */
void *pqp_conn_user_data(const PGconn *conn);

/**
 * 1 if the connection is up and its server still there, as far as that can be told without asking it: at the cost of one
 * system call, and no packet. 0 if the server has closed it (also while something that came before is still to be read, such as
 * the reason), if it is broken, or not up, and for NULL. A server that has vanished without a word is not found out: that
 * takes `read_timeout_ms`, `tcp_user_timeout` or keepalives. Takes in what has come under TLS, as `PQconsumeInput` does; if
 * TLS has ended, the connection is bad afterwards.
 */
int pqp_conn_is_alive(PGconn *conn);

/**
 * A new context with libpq's ways and no hooks; to be given back with `pqp_context_free`. NULL when memory is out.
 */
struct pqp_context *pqp_context_new(void);

/**
 * The context that libpq's own functions use: `PQconnectdb` and its like make their connections in it, and
 * `PQsetAuthDataHook`, `PQregisterThreadLock` and `PQsetSSLKeyPassHook_OpenSSL` change it and no other. A reference of
 * one's own, to be given back with `pqp_context_free`; the context itself stays.
 */
struct pqp_context *pqp_context_default(void);

/**
 * Another reference to the context, to be given back by a `pqp_context_free` of its own. Returns `context`.
 */
struct pqp_context *pqp_context_ref(struct pqp_context *context);

/**
 * Gives a reference back; NULL is nothing. The context goes with the last of them, and with the last connection and factory
 * made in it.
 */
void pqp_context_free(struct pqp_context *context);

/**
 * Sets what stands in for the compiled-in default of a connection option, such as "gssencmode" or "connect_timeout":
 * caller, service file and environment come before it. NULL takes it back. Counts for connections and factories made
 * afterwards. `PQP_INVALID`: there is no such option, or it is "service" or "servicefile".
 */
enum pqp_status pqp_context_set_default_param(struct pqp_context *context,
                                              const char *keyword,
                                              const char *value);

/**
 * Whether environment variables are read (1, as libpq does) or not (0): those for options, `HOME`, and those sent to the
 * server. Without `HOME` the home directory is the one that the user database has.
 */
enum pqp_status pqp_context_set_env_policy(struct pqp_context *context,
                                           int use_environment);

/**
 * Which service files are read: a `pqp_file_policy`; `path` only with `PQP_FILE_ONLY`. With `PQP_FILE_NEVER` a connection
 * whose caller names a service fails.
 */
enum pqp_status pqp_context_set_service_file_policy(struct pqp_context *context,
                                                    int policy,
                                                    const char *path);

/**
 * Which password files are read: a `pqp_file_policy`; `path` only with `PQP_FILE_ONLY`.
 */
enum pqp_status pqp_context_set_password_file_policy(struct pqp_context *context,
                                                     int policy,
                                                     const char *path);

/**
 * Sets the directory of the server's Unix socket where no host is given, or an abstract name that begins with "@"; NULL:
 * the compiled-in one. `PQP_INVALID`: it begins with neither "/" nor "@".
 */
enum pqp_status pqp_context_set_socket_directory(struct pqp_context *context,
                                                 const char *directory);

/**
 * Whether the operating system's texts in error messages are English (1) or the locale's (0, as in libpq). Texts of this
 * library always are English, and those of the server follow its `lc_messages`.
 */
enum pqp_status pqp_context_set_english(struct pqp_context *context,
                                        int english);

/**
 * Whether `PQsocket` is, while connecting in steps, what it is in libpq 18 (1): the present attempt's socket, so that deadlines
 * are the caller's matter, and `PQconnectPoll` may wait in a name lookup. 0 is this library's way. The environment
 * variable `PQP_CLASSIC_SOCKET=1` does the same for the whole process.
 */
enum pqp_status pqp_context_set_classic_socket(struct pqp_context *context,
                                               int classic);

/**
 * Sets the authorities that servers' certificates must come from, as `len` bytes of PEM, where `sslrootcert` is not given:
 * they take the place of the file in the home directory. Copied. NULL takes them back. What is no PEM fails the connection.
 */
enum pqp_status pqp_context_set_tls_roots(struct pqp_context *context,
                                          const char *pem,
                                          size_t len);

/**
 * Sets the certificate that is shown to servers that ask for one, and its private key, both as PEM of so many bytes,
 * where neither `sslcert` nor `sslkey` is given: they take the place of the files in the home directory. Copied; the copies
 * of the key are wiped when they go. Both NULL takes them back; only one of them NULL is `PQP_NULL`.
 */
enum pqp_status pqp_context_set_tls_identity(struct pqp_context *context,
                                             const char *certificate_pem,
                                             size_t certificate_len,
                                             const char *key_pem,
                                             size_t key_len);

/**
 * Sets who is shown the notices of connections made afterwards, as results, as `PQsetNoticeReceiver` does for one; NULL: the
 * default, which calls the processor. `user` is passed to it, and must be good as long as a connection of the
 * context or one of its results lives.
 */
enum pqp_status pqp_context_set_notice_receiver(struct pqp_context *context,
                                                PQnoticeReceiver receiver,
                                                void *user);

/**
 * Sets who is shown the notices of connections made afterwards, as texts, as `PQsetNoticeProcessor` does for one; NULL: the
 * default, which writes them to standard error. `user` as for `pqp_context_set_notice_receiver`.
 */
enum pqp_status pqp_context_set_notice_processor(struct pqp_context *context,
                                                 PQnoticeProcessor processor,
                                                 void *user);

/**
 * Sets the lock that is taken around calls into libraries that cannot be called by two threads at once (Kerberos); NULL: one of
 * this library's. Of the default context this is what `PQregisterThreadLock` sets.
 */
enum pqp_status pqp_context_set_thread_lock(struct pqp_context *context,
                                            pqp_thread_lock lock);

/**
 * Sets who is told of events on the connections of a context that are started afterwards; NULL: nobody, which costs them
 * nothing.
 */
enum pqp_status pqp_context_set_event_handler(struct pqp_context *context,
                                              pqp_event_handler handler,
                                              void *user,
                                              pqp_user_free user_free);

/**
 * A factory for connections by a connection string or URI, as `PQconnectdb` takes it; to be given back with
 * `pqp_factory_free`. The string is parsed now, once, and completed from service file and environment as `context` says; NULL
 * is the default context. NULL for a string that cannot be parsed, or that is NULL; `error`, where it is not NULL, is then set
 * to a text to be freed with `PQfreemem`.
 */
struct pqp_factory *pqp_factory_new(struct pqp_context *context,
                                    const char *conninfo,
                                    char **error);

/**
 * As `pqp_factory_new`, from arrays, as `PQconnectdbParams` takes them.
 */
struct pqp_factory *pqp_factory_new_params(struct pqp_context *context,
                                           const char *const *keywords,
                                           const char *const *values,
                                           int expand_dbname,
                                           char **error);

/**
 * Another reference to the factory, to be given back by a `pqp_factory_free` of its own. Returns `factory`.
 */
struct pqp_factory *pqp_factory_ref(struct pqp_factory *factory);

/**
 * Gives a reference back; NULL is nothing. Its connections go on.
 */
void pqp_factory_free(struct pqp_factory *factory);

/**
 * A connection on which no packet has been sent and no name looked up; to be freed with `PQfinish`. The start hook has run
 * on this thread. Go on as after `PQconnectStart`: wait until `PQsocket` is writable, which it is at once, and call
 * `PQconnectPoll`; before that the `pqp_conn_set_` functions may be called. `PQstatus` is `CONNECTION_ALLOCATED` until then, or
 * `CONNECTION_BAD` where the options are not such as one can connect with. NULL for NULL.
 *
 * The first start fixes the factory: setting anything on it is `PQP_TOO_LATE` from then on. May be called by several
 * threads at once. The password file is read by the first start and not again; what SCRAM made of a password is remembered, so
 * that later starts log in quicker.
 */
PGconn *pqp_factory_start(struct pqp_factory *factory);

/**
 * Connects and waits, as `PQconnectdb` does, with the start hook called before anything is dialled. Ask `PQstatus` whether it
 * worked. NULL for NULL. Fixes the factory as `pqp_factory_start` does.
 */
PGconn *pqp_factory_connect(struct pqp_factory *factory);

/**
 * Sets the hook that is called between start and first dial; NULL: nobody. Counts for what is asked afterwards.
 */
enum pqp_status pqp_context_set_start_hook(struct pqp_context *context,
                                           pqp_start_hook hook,
                                           void *user,
                                           pqp_user_free user_free);

/**
 * Sets who gives the pass phrase of the client's private key, where it is encrypted; NULL: nobody. In the default
 * context it comes before the hook that `PQsetSSLKeyPassHook_OpenSSL` sets. Counts for what is asked afterwards.
 */
enum pqp_status pqp_context_set_key_password_provider(struct pqp_context *context,
                                                      pqp_provider provider,
                                                      void *user,
                                                      pqp_user_free user_free);

/**
 * Sets who gives the password when the server asks for one: once for each attempt, with host, address, port, user,
 * database and whether the connection is encrypted; NULL: nobody. It comes before the option and the password file,
 * which serve where it returns `PQP_PROVIDED_DEFAULT`. Counts for what is asked afterwards.
 */
enum pqp_status pqp_context_set_password_provider(struct pqp_context *context,
                                                  pqp_provider provider,
                                                  void *user,
                                                  pqp_user_free user_free);

/**
 * Sets who gives the token when the server asks for one by OAUTHBEARER, with `oauth_issuer` and `oauth_client_id` set;
 * NULL: nobody. The request says what it says for a password, and where the token is to be got:
 * `pqp_request_openid_configuration`, `pqp_request_issuer`, `pqp_request_scope`. It is answered by
 * `pqp_answer_password`; "could not get token" and the text of `pqp_answer_error` are in the error message where there
 * is none. Counts for what is asked afterwards.
 *
 * An auth-data hook gets what is left to it, by `PQP_PROVIDED_DEFAULT` or `pqp_answer_default`: that of the
 * connection, else of the factory, else of the context, else, in the default context, of the process. A hook that is
 * nearer to the connection than the provider is asked in its stead; of the same object the provider comes first.
 *
 * An answer that comes later may take the time for the attempt. Where `oauth_issuer` is the address of the discovery
 * document itself the server waits meanwhile, for its `authentication_timeout` (60 s, if not set); else it does not.
 */
enum pqp_status pqp_context_set_token_provider(struct pqp_context *context,
                                               pqp_provider provider,
                                               void *user,
                                               pqp_user_free user_free);

/**
 * Sets who gives the addresses of hosts given by name; NULL: nobody. Numeric addresses, `hostaddr` and Unix sockets
 * are no names. Counts for what is asked afterwards.
 */
enum pqp_status pqp_context_set_resolver(struct pqp_context *context,
                                         pqp_provider provider,
                                         void *user,
                                         pqp_user_free user_free);

/**
 * Sets who connects to hosts: it is asked for each of them, Unix sockets too, before its name is looked up, and again
 * where encryption needs another connection; NULL: nobody. A cancel request to such a connection asks it as well, by
 * `PQcancelStart` and `PQcancelBlocking`; `PQcancel`, which may be called in a signal handler, cannot and fails.
 * Counts for what is asked afterwards.
 */
enum pqp_status pqp_context_set_dialler(struct pqp_context *context,
                                        pqp_provider provider,
                                        void *user,
                                        pqp_user_free user_free);

/**
 * As `pqp_context_set_start_hook`, for the connections of one factory. `PQP_TOO_LATE` once a connection has been
 * started from the factory. It comes before the context's.
 */
enum pqp_status pqp_factory_set_start_hook(struct pqp_factory *factory,
                                           pqp_start_hook hook,
                                           void *user,
                                           pqp_user_free user_free);

/**
 * As `pqp_context_set_key_password_provider`, for the connections of one factory. `PQP_TOO_LATE` once a connection has
 * been started from the factory. It comes before the context's.
 */
enum pqp_status pqp_factory_set_key_password_provider(struct pqp_factory *factory,
                                                      pqp_provider provider,
                                                      void *user,
                                                      pqp_user_free user_free);

/**
 * As `pqp_context_set_password_provider`, for the connections of one factory. `PQP_TOO_LATE` once a connection has
 * been started from the factory. It comes before the context's.
 */
enum pqp_status pqp_factory_set_password_provider(struct pqp_factory *factory,
                                                  pqp_provider provider,
                                                  void *user,
                                                  pqp_user_free user_free);

/**
 * As `pqp_context_set_token_provider`, for the connections of one factory. `PQP_TOO_LATE` once a connection has been
 * started from the factory. It comes before the context's.
 */
enum pqp_status pqp_factory_set_token_provider(struct pqp_factory *factory,
                                               pqp_provider provider,
                                               void *user,
                                               pqp_user_free user_free);

/**
 * As `pqp_context_set_resolver`, for the connections of one factory. `PQP_TOO_LATE` once a connection has been started
 * from the factory. It comes before the context's.
 */
enum pqp_status pqp_factory_set_resolver(struct pqp_factory *factory,
                                         pqp_provider provider,
                                         void *user,
                                         pqp_user_free user_free);

/**
 * As `pqp_context_set_dialler`, for the connections of one factory. `PQP_TOO_LATE` once a connection has been started
 * from the factory. It comes before the context's.
 */
enum pqp_status pqp_factory_set_dialler(struct pqp_factory *factory,
                                        pqp_provider provider,
                                        void *user,
                                        pqp_user_free user_free);

/**
 * As `pqp_context_set_key_password_provider`, for one connection, until its first dial, as `pqp_conn_set_param`; then
 * `PQP_TOO_LATE`. It comes before the factory's and the context's.
 */
enum pqp_status pqp_conn_set_key_password_provider(PGconn *conn,
                                                   pqp_provider provider,
                                                   void *user,
                                                   pqp_user_free user_free);

/**
 * As `pqp_context_set_password_provider`, for one connection, until its first dial, as `pqp_conn_set_param`; then
 * `PQP_TOO_LATE`. It comes before the factory's and the context's.
 */
enum pqp_status pqp_conn_set_password_provider(PGconn *conn,
                                               pqp_provider provider,
                                               void *user,
                                               pqp_user_free user_free);

/**
 * As `pqp_context_set_token_provider`, for one connection, until its first dial, as `pqp_conn_set_param`; then
 * `PQP_TOO_LATE`. It comes before the factory's and the context's.
 */
enum pqp_status pqp_conn_set_token_provider(PGconn *conn,
                                            pqp_provider provider,
                                            void *user,
                                            pqp_user_free user_free);

/**
 * As `pqp_context_set_resolver`, for one connection, until its first dial, as `pqp_conn_set_param`; then
 * `PQP_TOO_LATE`. It comes before the factory's and the context's.
 */
enum pqp_status pqp_conn_set_resolver(PGconn *conn,
                                      pqp_provider provider,
                                      void *user,
                                      pqp_user_free user_free);

/**
 * As `pqp_context_set_dialler`, for one connection, until its first dial, as `pqp_conn_set_param`; then
 * `PQP_TOO_LATE`. It comes before the factory's and the context's.
 */
enum pqp_status pqp_conn_set_dialler(PGconn *conn,
                                     pqp_provider provider,
                                     void *user,
                                     pqp_user_free user_free);

/**
 * Sets who gets OAuth tokens for the connections of a context, in libpq's way; NULL: nobody. In the default context it
 * comes before the hook that `PQsetAuthDataHook` sets, which no other context knows. Counts for what is asked
 * afterwards.
 */
enum pqp_status pqp_context_set_auth_data_hook(struct pqp_context *context,
                                               pqp_auth_data_hook hook,
                                               void *user,
                                               pqp_user_free user_free);

/**
 * As `pqp_context_set_auth_data_hook`, for the connections of one factory. `PQP_TOO_LATE` once a connection has been
 * started from the factory. It is asked instead of the context's.
 */
enum pqp_status pqp_factory_set_auth_data_hook(struct pqp_factory *factory,
                                               pqp_auth_data_hook hook,
                                               void *user,
                                               pqp_user_free user_free);

/**
 * As `pqp_context_set_auth_data_hook`, for one connection. `PQP_TOO_LATE` once the connection has been dialled. It is
 * asked instead of the factory's and the context's.
 */
enum pqp_status pqp_conn_set_auth_data_hook(PGconn *conn,
                                            pqp_auth_data_hook hook,
                                            void *user,
                                            pqp_user_free user_free);

/**
 * How connecting went, since the last start of it: on success, on failure, and while it goes on. The report is a copy, to
 * be freed with pqp_report_free; NULL for NULL. Any thread may read it; making it needs the connection for itself.
 */
struct pqp_report *pqp_connect_report(const PGconn *conn);

/**
 * Frees a report and everything it has handed out. NULL is nothing.
 */
void pqp_report_free(struct pqp_report *report);

/**
 * How many attempts the report has; 0 for NULL.
 */
size_t pqp_report_attempt_count(const struct pqp_report *report);

/**
 * Attempt number i in the order they began, from 0; NULL where there is none. It belongs to the report.
 */
const struct pqp_attempt *pqp_report_attempt(const struct pqp_report *report,
                                             size_t i);

/**
 * How many attempts more there were than a report keeps (1024).
 */
size_t pqp_report_omitted_count(const struct pqp_report *report);

/**
 * How many options have a value; 0 for NULL.
 */
size_t pqp_report_option_count(const struct pqp_report *report);

/**
 * Option number i of those that have a value, from 0; NULL where there is none. It belongs to the report.
 */
const struct pqp_option_used *pqp_report_option(const struct pqp_report *report,
                                                size_t i);

/**
 * When connecting began: microseconds since 1970 by the system's clock; -1 where nothing was tried.
 */
int64_t pqp_report_started_us(const struct pqp_report *report);

/**
 * How long connecting took, in microseconds; -1 while it goes on, and where nothing was tried.
 */
int64_t pqp_report_duration_us(const struct pqp_report *report);

/**
 * The whole report as one JSON object, in UTF-8. The text belongs to the report; NULL for NULL.
 */
const char *pqp_report_json(const struct pqp_report *report);

/**
 * A reference to the request, to be given back with `pqp_request_free`. Returns `request`.
 */
struct pqp_request *pqp_request_ref(struct pqp_request *request);

/**
 * Gives a reference back that `pqp_request_ref` gave; NULL is nothing. A request that nobody answered stays unanswered until
 * its time is over: answer it first.
 */
void pqp_request_free(struct pqp_request *request);

/**
 * What is asked for: a `pqp_request_kind`; -1 for NULL.
 */
int pqp_request_what(const struct pqp_request *request);

/**
 * The host as the options name it; "" where they give only an address. As all texts of a request: it lives as long as
 * the request, and is "" where it is not known.
 */
const char *pqp_request_host(const struct pqp_request *request);

/**
 * The numeric address; "" before the lookup, for a Unix socket, and where the transport is the application's.
 */
const char *pqp_request_hostaddr(const struct pqp_request *request);

/**
 * The port; 0 where there is none.
 */
int pqp_request_port(const struct pqp_request *request);

/**
 * The user.
 */
const char *pqp_request_user(const struct pqp_request *request);

/**
 * The database.
 */
const char *pqp_request_dbname(const struct pqp_request *request);

/**
 * Where the discovery document of the token's issuer is, an https address: the server's word, or the option's.
 */
const char *pqp_request_openid_configuration(const struct pqp_request *request);

/**
 * The identifier of the token's issuer. It agrees with `oauth_issuer`, whatever the server says.
 */
const char *pqp_request_issuer(const struct pqp_request *request);

/**
 * The scopes to ask for, separated by spaces: the option's, else the server's; "" leaves them to the issuer.
 */
const char *pqp_request_scope(const struct pqp_request *request);

/**
 * 1 where the connection is encrypted, its server verified as far as the options ask; else 0.
 */
int pqp_request_is_encrypted(const struct pqp_request *request);

/**
 * A number that grows with every lookup and every address of a connection that is tried.
 */
int pqp_request_attempt(const struct pqp_request *request);

/**
 * 1 where nobody waits for the answer any more, else 0.
 */
int pqp_request_is_cancelled(const struct pqp_request *request);

/**
 * Has `cancelled` called, once, when nobody waits for the answer any more: the time is over, or the connection is reset or
 * finished. It is called by the thread that does that, and cannot use the connection, as a transport's functions cannot. It is
 * not called for a request that is answered in time. `PQP_TOO_LATE`, `PQP_TWICE`: it would never be called.
 */
enum pqp_status pqp_request_on_cancel(struct pqp_request *request,
                                      pqp_cancelled_hook cancelled,
                                      void *user);

/**
 * Answers that libpq's own way is to be taken, as if there were no provider.
 */
enum pqp_status pqp_answer_default(struct pqp_request *request);

/**
 * Answers that what was asked for cannot be had; `text` becomes part of the connection's error message. Copied.
 *
 * As for all answers: the first one counts. `PQP_TWICE`: there was one before. `PQP_TOO_LATE`: nobody waits any more.
 * `PQP_WRONG_KIND`: something else was asked for. Whenever it is not `PQP_OK` nothing was taken.
 */
enum pqp_status pqp_answer_error(struct pqp_request *request,
                                 const char *text);

/**
 * Answers with the password, pass phrase or token. Copied; the copies are wiped when they go.
 */
enum pqp_status pqp_answer_password(struct pqp_request *request, const char *password);

/**
 * Answers with the addresses of the host, in the order they are to be tried: a list ended by NULL, of numeric internet
 * addresses such as "192.0.2.1" and "2001:db8::1", and paths of Unix sockets, which begin with "/", or "@" for abstract
 * ones. The port is the request's. Copied. An empty list fails the host. `PQP_INVALID`: one of them is no address, or there
 * are more than 65536.
 */
enum pqp_status pqp_answer_addresses(struct pqp_request *request,
                                     const char *const *addresses);

/**
 * Answers with a connected stream socket, which is the library's from then on if the answer is `PQP_OK`: it is put into
 * blocking mode, and closed with the connection. `PQP_INVALID`: it is no open descriptor.
 *
 * The option requirepeer is checked on a Unix socket, whatever the host. Where the host is a Unix socket any other descriptor
 * fails with requirepeer; where it is not, an internet socket is not asked, as in libpq.
 */
enum pqp_status pqp_answer_socket(struct pqp_request *request,
                                  int descriptor);

/**
 * Answers with a transport of the application's, which is the library's from then on if the answer is `PQP_OK`: its close
 * function is called with the end of the connection. TLS works on top of it as on a socket. With the option requirepeer the
 * attempt fails, for nobody can say who is at the other end.
 */
enum pqp_status pqp_answer_transport(struct pqp_request *request,
                                     struct pqp_transport *transport);

/**
 * Registers a SASL mechanism for the connections of a context that are started afterwards. `PQP_INVALID` for a name that is
 * none, and where `init` or `step` is NULL.
 */
enum pqp_status pqp_context_register_sasl(struct pqp_context *context,
                                          const struct pqp_sasl_mechanism *mechanism,
                                          void *user,
                                          pqp_user_free user_free);

/**
 * Answers a step of a SASL mechanism: `data` of `len` bytes is sent, and `reply`, a `pqp_sasl_reply`, says whether that was all.
 * From any thread. `PQP_TWICE`, `PQP_TOO_LATE` and `PQP_WRONG_KIND` as with the other answers.
 */
enum pqp_status pqp_answer_sasl(struct pqp_request *request,
                                int reply,
                                const char *data,
                                size_t len);

/**
 * What a status means, in a few words. A constant; not to be freed.
 */
const char *pqp_status_text(int status);

/**
 * A transport with no functions yet; to be given away with `pqp_answer_transport` or freed with `pqp_transport_free`.
 * `user` is handed to its functions. `close` is called with it once, when the transport goes: with the connection, or
 * when it is freed; NULL for nothing.
 *
 * `descriptor` is what is waited on, and what `PQsocket` shows: it must be readable whenever reading would not give `EAGAIN`,
 * bytes that the transport holds back included, and writable whenever writing would not. It stays the caller's, and open
 * until `close` is called. A transport whose descriptor is never ready ends with the time for the attempt.
 */
struct pqp_transport *pqp_transport_new(int descriptor,
                                        void *user,
                                        pqp_user_free close);

/**
 * Frees a transport that has not been given away; NULL is nothing. Calls its close function.
 */
void pqp_transport_free(struct pqp_transport *transport);

/**
 * Sets the function that reads. It is needed.
 */
enum pqp_status pqp_transport_set_read(struct pqp_transport *transport,
                                       pqp_read read);

/**
 * Sets the function that writes. It is needed.
 */
enum pqp_status pqp_transport_set_write(struct pqp_transport *transport, pqp_write write);

/**
 * Sets the function by which calls wait on a connection that is up. Without it they wait on the descriptor with poll(2), as
 * everything does while connecting.
 */
enum pqp_status pqp_transport_set_poll(struct pqp_transport *transport,
                                       pqp_poll poll);

/**
 * Name and version of this library, and the libpq version it stands in for, such as
 * "libpq-porcelain 0.1.0 (libpq 18.6)". A constant; not to be freed.
 */
const char *pqp_version(void);

#ifdef __cplusplus
}
#endif

#endif /* LIBPQ_PORCELAIN_H */
