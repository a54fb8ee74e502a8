/*
 * libpq-porcelain.h - what this library has beyond libpq.
 *
 * Made by cbindgen from src/capi/ (`make header`): change it there. Functions return the plain
 * failure value for NULL; what is handed in stays the caller's unless said otherwise.
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
  PQP_ROLE_STANDBY = 2,
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
  PQP_OUTCOME_FAILED = 2,
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
  PQP_FAILURE_ABANDONED = 16,
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
  PQP_PHASES = 8,
} pqp_phase;

/**
 * How connecting went. Made by pqp_connect_report, freed by pqp_report_free.
 */
typedef struct pqp_report pqp_report;

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
 * How connecting went, since the last start of it: on success, on failure, and while it goes on. The report is a copy, to
 * be freed with pqp_report_free; NULL for NULL. Any thread may read it; making it needs the connection for itself.
 *
 * # Safety
 * `conn` is NULL or a connection that no other thread changes now.
 */
struct pqp_report *pqp_connect_report(const PGconn *conn);

/**
 * Frees a report and everything it has handed out. NULL is nothing.
 *
 * # Safety
 * `report` is NULL or from `pqp_connect_report` and not yet freed.
 */
void pqp_report_free(struct pqp_report *report);

/**
 * How many attempts the report has; 0 for NULL.
 *
 * # Safety
 * `report` is NULL or has not been freed.
 */
size_t pqp_report_attempt_count(const struct pqp_report *report);

/**
 * Attempt number i in the order they began, from 0; NULL where there is none. It belongs to the report.
 *
 * # Safety
 * `report` is NULL or has not been freed.
 */
const struct pqp_attempt *pqp_report_attempt(const struct pqp_report *report,
                                             size_t i);

/**
 * How many attempts more there were than a report keeps (1024).
 *
 * # Safety
 * `report` is NULL or has not been freed.
 */
size_t pqp_report_omitted_count(const struct pqp_report *report);

/**
 * How many options have a value; 0 for NULL.
 *
 * # Safety
 * `report` is NULL or has not been freed.
 */
size_t pqp_report_option_count(const struct pqp_report *report);

/**
 * Option number i of those that have a value, from 0; NULL where there is none. It belongs to the report.
 *
 * # Safety
 * `report` is NULL or has not been freed.
 */
const struct pqp_option_used *pqp_report_option(const struct pqp_report *report,
                                                size_t i);

/**
 * When connecting began: microseconds since 1970 by the system's clock; -1 where nothing was tried.
 *
 * # Safety
 * `report` is NULL or has not been freed.
 */
int64_t pqp_report_started_us(const struct pqp_report *report);

/**
 * How long connecting took, in microseconds; -1 while it goes on, and where nothing was tried.
 *
 * # Safety
 * `report` is NULL or has not been freed.
 */
int64_t pqp_report_duration_us(const struct pqp_report *report);

/**
 * The whole report as one JSON object, in UTF-8. The text belongs to the report; NULL for NULL.
 *
 * # Safety
 * `report` is NULL or has not been freed.
 */
const char *pqp_report_json(const struct pqp_report *report);

/**
 * Name and version of this library, and the libpq version it stands in for, such as
 * "libpq-porcelain 0.1.0 (libpq 18.6)". A constant; not to be freed.
 */
const char *pqp_version(void);

#ifdef __cplusplus
}
#endif

#endif /* LIBPQ_PORCELAIN_H */
