/*
 * Contexts, factories, start hooks and providers on a real server: what they may do, and what happens when they do what
 * they should not.
 *
 *   pqp_hooks CONNINFO      of a superuser over the Unix socket, as tests/setup/server.sh gives it
 *
 * Says on standard output which checks failed, and exits with 1 if any did.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libpq-events.h"
#include "libpq-porcelain.h"

static int failures;

#define CHECK(condition) check((condition), #condition, __LINE__)

static bool
check(bool holds, const char *text, int line)
{
    if (!holds)
    {
        printf("pqp_hooks.c:%d: not so: %s\n", line, text);
        fflush(stdout);
        failures++;
    }
    return holds;
}

static char host[256];
static char port[16];

static double
now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

/* Polls until it has ended; a hang is PGRES_POLLING_ACTIVE. Counts the wake-ups. */
static int wakeups;

static PostgresPollingStatusType
drive(PGconn *conn, double seconds)
{
    double      end = now() + seconds;
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;

    wakeups = 0;
    while (now() < end)
    {
        struct pollfd fd = {.fd = PQsocket(conn), .events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT};

        if (fd.fd < 0)
            return PGRES_POLLING_FAILED;
        if (poll(&fd, 1, 100) == 0)
            continue;
        wakeups++;
        status = PQconnectPoll(conn);
        if (status == PGRES_POLLING_OK || status == PGRES_POLLING_FAILED)
            return status;
    }
    return PGRES_POLLING_ACTIVE;
}

static bool
works(PGconn *conn)
{
    PGresult   *result = PQexec(conn, "select 40 + 2");
    bool        works = PQresultStatus(result) == PGRES_TUPLES_OK && strcmp(PQgetvalue(result, 0, 0), "42") == 0;

    PQclear(result);
    return works;
}

static bool
says(PGconn *conn, const char *words)
{
    bool        found = strstr(PQerrorMessage(conn), words) != NULL;

    if (!found)
        printf("    it says: %s", PQerrorMessage(conn));
    return found;
}

/* A factory over the Unix socket, or TCP at "db.test" where tcp; more is appended. */
static pqp_factory *
factory_for(pqp_context *context, const char *user, bool tcp, const char *more)
{
    char        conninfo[1024];
    char       *error = NULL;
    pqp_factory *factory;

    snprintf(conninfo, sizeof conninfo, "host=%s port=%s user=%s dbname=postgres %s", tcp ? "db.test" : host, port,
             user, more);
    factory = pqp_factory_new(context, conninfo, &error);
    if (!CHECK(factory != NULL))
        printf("    %s\n", error);
    return factory;
}

/* ---- contexts and factories ---- */

static int  freed;

static void
count_free(void *user)
{
    __atomic_add_fetch((int *) user, 1, __ATOMIC_SEQ_CST);
}

static int
start_noop(void *user, PGconn *conn)
{
    (void) user;
    (void) conn;
    return 0;
}

static int
answer_default(void *user, PGconn *conn, pqp_request *request)
{
    (void) user;
    (void) conn;
    (void) request;
    return PQP_PROVIDED_DEFAULT;
}

static void
contexts_and_factories(void)
{
    pqp_context *context = pqp_context_new();
    pqp_context *standard = pqp_context_default();
    pqp_factory *factory;
    PGconn     *conn;
    char       *error = NULL;

    CHECK(standard != context);
    CHECK(pqp_context_ref(context) == context);
    pqp_context_free(context);
    pqp_context_free(standard);
    pqp_context_free(NULL);
    CHECK(pqp_context_ref(NULL) == NULL);
    CHECK(pqp_context_set_env_policy(NULL, 0) == PQP_NULL);
    CHECK(pqp_context_set_default_param(context, NULL, "x") == PQP_NULL);
    CHECK(pqp_context_set_default_param(context, "nonsense", "x") == PQP_INVALID);
    CHECK(pqp_context_set_default_param(context, "service", "x") == PQP_INVALID);
    CHECK(pqp_context_set_service_file_policy(context, 77, NULL) == PQP_INVALID);
    CHECK(pqp_context_set_service_file_policy(context, PQP_FILE_ONLY, NULL) == PQP_NULL);
    CHECK(pqp_context_set_socket_directory(context, "relative") == PQP_INVALID);
    CHECK(pqp_context_set_tls_identity(context, "x", 1, NULL, 0) == PQP_NULL);

    CHECK(pqp_factory_new(context, "nonsense=1", NULL) == NULL);
    CHECK(pqp_factory_new(context, "nonsense=1", &error) == NULL);
    CHECK(error != NULL && strstr(error, "nonsense") != NULL);
    PQfreemem(error);
    error = NULL;
    CHECK(pqp_factory_new(context, NULL, &error) == NULL && error == NULL);
    CHECK(pqp_factory_start(NULL) == NULL && pqp_factory_connect(NULL) == NULL);

    /* What the options leave open comes from the context; nothing happens before the first poll. */
    CHECK(pqp_context_set_socket_directory(context, host) == PQP_OK);
    CHECK(pqp_context_set_default_param(context, "port", port) == PQP_OK);
    CHECK(pqp_context_set_default_param(context, "user", "pqp_trust") == PQP_OK);
    CHECK(pqp_context_set_start_hook(context, start_noop, &freed, count_free) == PQP_OK);
    factory = pqp_factory_new(context, "dbname=postgres application_name=mine", NULL);
    CHECK(pqp_factory_set_password_provider(factory, answer_default, &freed, count_free) == PQP_OK);
    conn = pqp_factory_start(factory);
    CHECK(PQstatus(conn) == CONNECTION_ALLOCATED);
    CHECK(pqp_conn_is_settable(conn) == 1);
    CHECK(pqp_factory_set_password_provider(factory, NULL, NULL, NULL) == PQP_TOO_LATE);
    CHECK(pqp_conn_set_param(conn, "nonsense", "x", &error) == PQP_INVALID);
    CHECK(error != NULL && strstr(error, "nonsense") != NULL);
    PQfreemem(error);
    CHECK(pqp_conn_set_param(conn, NULL, "x", NULL) == PQP_NULL);
    CHECK(pqp_conn_set_param(NULL, "port", "x", NULL) == PQP_NULL);
    CHECK(pqp_conn_set_param(conn, "application_name", "other", NULL) == PQP_OK);
    CHECK(pqp_conn_set_user_data(conn, &failures) == PQP_OK);
    CHECK(pqp_conn_user_data(conn) == &failures);

    /* Both are freed under the connection's feet. */
    pqp_factory_free(factory);
    pqp_context_free(context);
    CHECK(freed == 0);
    CHECK(drive(conn, 10) == PGRES_POLLING_OK);
    CHECK(works(conn));
    CHECK(strcmp(PQparameterStatus(conn, "application_name"), "other") == 0);
    error = NULL;
    CHECK(pqp_conn_set_param(conn, "port", "1", &error) == PQP_TOO_LATE);
    CHECK(error != NULL && strstr(error, "started") != NULL);
    PQfreemem(error);
    CHECK(pqp_conn_set_password(conn, "x", NULL) == PQP_TOO_LATE);
    CHECK(pqp_conn_refuse(conn, "x") == PQP_TOO_LATE);
    CHECK(pqp_conn_set_dialler(conn, answer_default, NULL, NULL) == PQP_TOO_LATE);
    CHECK(pqp_conn_is_settable(conn) == 0);
    PQreset(conn);
    CHECK(works(conn));
    PQfinish(conn);
    CHECK(freed == 2);
}

/* A value that cannot be, set late, fails the connection with libpq's words. */
static void
late_values(void)
{
    pqp_factory *factory = factory_for(NULL, "pqp_trust", false, "");
    PGconn     *conn = pqp_factory_start(factory);

    CHECK(pqp_conn_set_param(conn, "sslmode", "perhaps", NULL) == PQP_OK);
    CHECK(drive(conn, 10) == PGRES_POLLING_FAILED);
    CHECK(says(conn, "invalid sslmode value: \"perhaps\""));
    PQfinish(conn);
    conn = pqp_factory_start(factory);
    PQfinish(conn);
    conn = pqp_factory_connect(factory);
    CHECK(works(conn));
    PQfinish(conn);
    pqp_factory_free(factory);
}

/* ---- the start hook ---- */

static int  started;

static int
start_with_password(void *user, PGconn *conn)
{
    started++;
    CHECK(PQstatus(conn) != CONNECTION_OK);
    CHECK(pqp_conn_set_user_data(conn, user) == PQP_OK);
    if (strcmp(user, "refuse") == 0)
    {
        CHECK(pqp_conn_refuse(conn, "no token today") == PQP_OK);
        return 1;
    }
    if (strcmp(user, "fail") == 0)
        return 1;
    return pqp_conn_set_password(conn, user, NULL);
}

static void
start_hooks(void)
{
    pqp_context *context = pqp_context_default();
    char        conninfo[1024];
    PGconn     *conn;

    /* Of libpq's own calls, by the default context. */
    CHECK(pqp_context_set_start_hook(context, start_with_password, "pw-scram", NULL) == PQP_OK);
    snprintf(conninfo, sizeof conninfo, "host=%s port=%s user=pqp_scram dbname=postgres", host, port);
    conn = PQconnectdb(conninfo);
    CHECK(works(conn) && started == 1);
    CHECK(strcmp(pqp_conn_user_data(conn), "pw-scram") == 0);
    PQreset(conn);
    CHECK(works(conn) && started == 2);
    CHECK(PQresetStart(conn) == 1 && started == 3);
    PQfinish(conn);
    conn = PQconnectStart(conninfo);
    CHECK(started == 4);
    CHECK(drive(conn, 10) == PGRES_POLLING_OK);
    PQfinish(conn);
    CHECK(PQping(conninfo) == PQPING_OK && started == 5);

    pqp_context_set_start_hook(context, start_with_password, "refuse", NULL);
    conn = PQconnectdb(conninfo);
    CHECK(PQstatus(conn) == CONNECTION_BAD && strcmp(PQerrorMessage(conn), "no token today\n") == 0);
    PQfinish(conn);
    pqp_context_set_start_hook(context, start_with_password, "fail", NULL);
    conn = PQconnectStart(conninfo);
    CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, "start hook"));
    CHECK(PQconnectPoll(conn) == PGRES_POLLING_FAILED);
    PQfinish(conn);
    pqp_context_set_start_hook(context, NULL, NULL, NULL);
    conn = PQconnectdb(conninfo);
    CHECK(says(conn, "no password supplied"));
    PQfinish(conn);
    pqp_context_free(context);
}

/* ---- passwords ---- */

enum how
{
    AT_ONCE, TWICE, LATER, NEVER, REFUSE, ERROR_TEXT, ERROR_LATER, NONSENSE, WRONG_KIND, AND_DEFAULT, REENTER, LOOK
};

struct asking
{
    enum how    how;
    const char *password;
    int         asked;
    int         encrypted;
    int         cancelled;
    pqp_request *kept;
    pthread_t   thread;
};

static void *
answer_later(void *argument)
{
    struct asking *asking = argument;

    usleep(50000);
    if (asking->how == ERROR_LATER)
        CHECK(pqp_answer_error(asking->kept, "the vault is sealed") == PQP_OK);
    else
        CHECK(pqp_answer_password(asking->kept, asking->password) == PQP_OK);
    CHECK(pqp_answer_password(asking->kept, "wrong") == PQP_TWICE);
    pqp_request_free(asking->kept);
    return NULL;
}

static void
note_cancel(void *user, pqp_request *request)
{
    struct asking *asking = user;

    asking->cancelled++;
    CHECK(request == asking->kept);
    CHECK(pqp_request_is_cancelled(request) == 1);
    CHECK(pqp_answer_password(request, "late") == PQP_TOO_LATE);
}

static int
give_password(void *user, PGconn *conn, pqp_request *request)
{
    struct asking *asking = user;
    int         fd;

    asking->asked++;
    asking->encrypted = pqp_request_is_encrypted(request);
    CHECK(pqp_request_what(request) == PQP_WANT_PASSWORD);
    CHECK(strcmp(pqp_request_user(request), "pqp_scram") == 0);
    CHECK(strcmp(pqp_request_dbname(request), "postgres") == 0);
    CHECK(pqp_request_port(request) == atoi(port));
    CHECK(pqp_request_attempt(request) > 0);
    CHECK(pqp_request_is_cancelled(request) == 0);
    CHECK(*pqp_request_openid_configuration(request) == 0 && *pqp_request_scope(request) == 0);
    switch (asking->how)
    {
        case AT_ONCE:
            CHECK(pqp_answer_password(request, asking->password) == PQP_OK);
            return PQP_PROVIDED_ANSWER;
        case TWICE:
            CHECK(pqp_answer_password(request, asking->password) == PQP_OK);
            CHECK(pqp_answer_password(request, "wrong") == PQP_TWICE);
            CHECK(pqp_answer_error(request, "wrong") == PQP_TWICE);
            CHECK(pqp_request_on_cancel(request, note_cancel, asking) == PQP_TWICE);
            return PQP_PROVIDED_ANSWER;
        case LATER:
        case ERROR_LATER:
            asking->kept = pqp_request_ref(request);
            pthread_create(&asking->thread, NULL, answer_later, asking);
            return PQP_PROVIDED_ANSWER;
        case NEVER:
            asking->kept = pqp_request_ref(request);
            CHECK(pqp_request_on_cancel(request, note_cancel, asking) == PQP_OK);
            return PQP_PROVIDED_ANSWER;
        case REFUSE:
            return PQP_PROVIDED_REFUSED;
        case ERROR_TEXT:
            CHECK(pqp_answer_error(request, "the vault is sealed") == PQP_OK);
            return PQP_PROVIDED_REFUSED;
        case NONSENSE:
            return 4711;
        case WRONG_KIND:
            CHECK(pqp_answer_password(request, NULL) == PQP_NULL);
            CHECK(pqp_answer_addresses(request, (const char *const[]){NULL}) == PQP_WRONG_KIND);
            CHECK(pqp_answer_socket(request, 0) == PQP_WRONG_KIND);
            CHECK(pqp_answer_password(request, asking->password) == PQP_OK);
            return PQP_PROVIDED_ANSWER;
        case AND_DEFAULT:
            /* An answer, and the word that there is none: the word counts. */
            asking->kept = pqp_request_ref(request);
            return PQP_PROVIDED_DEFAULT;
        case REENTER:
            /* It stands still; nothing is decided behind the provider's back. */
            CHECK(PQconnectPoll(conn) == PGRES_POLLING_READING);
            CHECK(PQstatus(conn) != CONNECTION_OK && PQerrorMessage(conn) != NULL);
            PQclear(PQexec(conn, "select 1"));
            CHECK(PQgetResult(conn) == NULL && PQisBusy(conn) == 0 && PQnotifies(conn) == NULL);
            CHECK(pqp_answer_password(request, asking->password) == PQP_OK);
            return PQP_PROVIDED_ANSWER;
        case LOOK:
            fd = PQsocket(conn);
            CHECK(fd >= 0);
            CHECK(strcmp(PQuser(conn), "pqp_scram") == 0);
            CHECK(pqp_answer_password(request, asking->password) == PQP_OK);
            return PQP_PROVIDED_ANSWER;
    }
    return 0;
}

/* Connects, in steps or at once, with a provider that behaves like that. */
static PGconn *
with_provider(struct asking *asking, bool steps, const char *more)
{
    pqp_factory *factory = factory_for(NULL, "pqp_scram", false, more);
    PGconn     *conn;

    CHECK(pqp_factory_set_password_provider(factory, give_password, asking, NULL) == PQP_OK);
    if (steps)
    {
        conn = pqp_factory_start(factory);
        CHECK(drive(conn, 10) != PGRES_POLLING_ACTIVE);
    }
    else
        conn = pqp_factory_connect(factory);
    pqp_factory_free(factory);
    if (asking->how == LATER || asking->how == ERROR_LATER)
        pthread_join(asking->thread, NULL);
    return conn;
}

static void
passwords(bool steps)
{
    static const enum how good[] = {AT_ONCE, TWICE, LATER, WRONG_KIND, LOOK};
    PGconn     *conn;
    size_t      i;

    for (i = 0; i < sizeof good / sizeof *good; i++)
    {
        struct asking asking = {.how = good[i], .password = "pw-scram"};

        conn = with_provider(&asking, steps, "");
        if (!CHECK(works(conn)))
            printf("    way %d: %s", good[i], PQerrorMessage(conn));
        CHECK(asking.asked == 1 && asking.encrypted == 0);
        CHECK(PQconnectionUsedPassword(conn) == 1 && PQconnectionNeedsPassword(conn) == 0);
        /* For a new attempt a new password. */
        PQreset(conn);
        if (good[i] == LATER)
            pthread_join(asking.thread, NULL);
        CHECK(works(conn) && asking.asked == 2);
        PQfinish(conn);
    }
    {
        struct asking asking = {.how = AT_ONCE, .password = "wrong"};

        conn = with_provider(&asking, steps, "");
        CHECK(says(conn, "password authentication failed") && asking.asked == 1);
        CHECK(PQconnectionNeedsPassword(conn) == 0);
        PQfinish(conn);
    }
    {
        struct asking asking = {.how = REFUSE};

        conn = with_provider(&asking, steps, "password=pw-scram");
        CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, "could not get password"));
        PQfinish(conn);
        asking.how = NONSENSE;
        conn = with_provider(&asking, steps, "password=pw-scram");
        CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, "could not get password"));
        PQfinish(conn);
        asking.how = ERROR_TEXT;
        conn = with_provider(&asking, steps, "password=pw-scram");
        CHECK(says(conn, "could not get password: the vault is sealed"));
        PQfinish(conn);
        asking.how = ERROR_LATER;
        conn = with_provider(&asking, steps, "password=pw-scram");
        CHECK(says(conn, "could not get password: the vault is sealed"));
        PQfinish(conn);
    }
    {
        struct asking asking = {.how = AND_DEFAULT};

        conn = with_provider(&asking, steps, "password=pw-scram");
        CHECK(works(conn));
        CHECK(pqp_answer_password(asking.kept, "x") == PQP_TOO_LATE);
        PQfinish(conn);
        CHECK(pqp_answer_password(asking.kept, "x") == PQP_TOO_LATE);
        pqp_request_free(asking.kept);
    }
    {
        /* Never answered: the attempt's time ends it, and the one who owes the answer is told. */
        struct asking asking = {.how = NEVER};
        double      begun = now();

        conn = with_provider(&asking, steps, "connect_timeout=2");
        CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, "timeout expired"));
        CHECK(now() - begun > 1.5 && asking.cancelled == 1);
        CHECK(wakeups < 20);
        CHECK(pqp_answer_password(asking.kept, "x") == PQP_TOO_LATE);
        PQfinish(conn);
        CHECK(pqp_answer_password(asking.kept, "x") == PQP_TOO_LATE && asking.cancelled == 1);
        pqp_request_free(asking.kept);
        asking = (struct asking) {.how = NEVER};
        conn = with_provider(&asking, steps, "connect_deadline_ms=300");
        CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, "timeout expired") && asking.cancelled == 1);
        PQfinish(conn);
        pqp_request_free(asking.kept);
    }
}

static void
odd_passwords(void)
{
    pqp_factory *factory;
    PGconn     *conn;
    struct asking asking = {.how = NEVER};

    /* Finished and reset while the answer is owed. */
    factory = factory_for(NULL, "pqp_scram", false, "");
    CHECK(pqp_factory_set_password_provider(factory, give_password, &asking, NULL) == PQP_OK);
    conn = pqp_factory_start(factory);
    while (asking.asked == 0)
        CHECK(drive(conn, 0.3) == PGRES_POLLING_ACTIVE);
    PQfinish(conn);
    CHECK(asking.cancelled == 1);
    CHECK(pqp_answer_password(asking.kept, "pw-scram") == PQP_TOO_LATE);
    pqp_request_free(asking.kept);

    asking = (struct asking) {.how = NEVER, .password = "pw-scram"};
    conn = pqp_factory_start(factory);
    while (asking.asked == 0)
        CHECK(drive(conn, 0.3) == PGRES_POLLING_ACTIVE);
    asking.how = REENTER;
    PQreset(conn);
    CHECK(asking.cancelled == 1 && works(conn));
    PQfinish(conn);
    pqp_request_free(asking.kept);
    pqp_factory_free(factory);

    /* Over TLS it is told so. */
    asking = (struct asking) {.how = LATER, .password = "pw-scram"};
    factory = factory_for(NULL, "pqp_scram", true, "hostaddr=127.0.0.1 sslmode=require");
    CHECK(pqp_factory_set_password_provider(factory, give_password, &asking, NULL) == PQP_OK);
    conn = pqp_factory_connect(factory);
    pthread_join(asking.thread, NULL);
    CHECK(works(conn) && asking.encrypted == 1 && PQsslInUse(conn) == 1);
    PQfinish(conn);
    pqp_factory_free(factory);

    /* NULL in every place. */
    CHECK(pqp_answer_default(NULL) == PQP_NULL && pqp_answer_error(NULL, "x") == PQP_NULL);
    CHECK(pqp_answer_password(NULL, "x") == PQP_NULL && pqp_answer_socket(NULL, 0) == PQP_NULL);
    CHECK(pqp_answer_transport(NULL, NULL) == PQP_NULL && pqp_answer_addresses(NULL, NULL) == PQP_NULL);
    CHECK(pqp_request_what(NULL) == -1 && *pqp_request_host(NULL) == 0 && pqp_request_ref(NULL) == NULL);
    CHECK(pqp_request_on_cancel(NULL, note_cancel, NULL) == PQP_NULL);
    pqp_request_free(NULL);
    CHECK(pqp_conn_set_password_provider(NULL, NULL, NULL, NULL) == PQP_NULL);
    CHECK(pqp_factory_set_resolver(NULL, NULL, NULL, NULL) == PQP_NULL);
    CHECK(pqp_context_set_dialler(NULL, NULL, NULL, NULL) == PQP_NULL);
    pqp_factory_free(NULL);
}

#include "pqp_transports.h"
#include "pqp_race.h"
#include "pqp_reentry.h"
#include "pqp_peer.h"

int
main(int argc, char **argv)
{
    PQconninfoOption *options, *option;

    if (argc != 2 || (options = PQconninfoParse(argv[1], NULL)) == NULL)
    {
        printf("usage: pqp_hooks CONNINFO\n");
        return 2;
    }
    for (option = options; option->keyword; option++)
    {
        if (option->val && strcmp(option->keyword, "host") == 0)
            snprintf(host, sizeof host, "%s", option->val);
        if (option->val && strcmp(option->keyword, "port") == 0)
            snprintf(port, sizeof port, "%s", option->val);
    }
    PQconninfoFree(options);
    setvbuf(stdout, NULL, _IOLBF, 0);
    contexts_and_factories();
    late_values();
    start_hooks();
    passwords(true);
    passwords(false);
    odd_passwords();
    addresses(true);
    addresses(false);
    transports(true);
    transports(false);
    reentry(true);
    reentry(false);
    requirepeer(true);
    requirepeer(false);
    for (int steps = 0; steps < 2; steps++)
    {
        side_by_side(steps, "connect_race_delay_ms=30", false);
        side_by_side(steps, "host_probe=parallel", true);
    }
    if (failures == 0)
        printf("all as it should be\n");
    return failures != 0;
}
