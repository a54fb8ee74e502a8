/*
 * Two contexts with opposite settings in one process, on many threads, beside libpq's own calls: none of them sees the
 * others' settings or hooks. And what becomes of it all in children. Made to be run under race detectors.
 *
 *   pqp_contexts CONNINFO [THREADS [ROUNDS]]    of a superuser over the Unix socket, as tests/setup/server.sh gives it
 *
 * Says on standard output which checks failed, and exits with 1 if any did.
 */
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpq-porcelain.h"

static int  failures;
static int  rounds = 4;
static char host[256];
static char port[16];

#define CHECK(condition) check((condition), #condition, __LINE__)

static bool
check(bool holds, const char *text, int line)
{
    if (!holds)
    {
        printf("pqp_contexts.c:%d: not so: %s\n", line, text);
        fflush(stdout);
        __atomic_add_fetch(&failures, 1, __ATOMIC_SEQ_CST);
    }
    return holds;
}

/* One side: its context, the factory that the threads share, and what its hooks must see. */
struct side
{
    const char *name;
    pqp_context *context;
    pqp_factory *factory;
    int         starts;
    int         passwords;
    int         notices;
    int         freed;
};

static int
on_start(void *user, PGconn *conn)
{
    struct side *side = user;

    __atomic_add_fetch(&side->starts, 1, __ATOMIC_SEQ_CST);
    return pqp_conn_set_user_data(conn, side);
}

static int
on_password(void *user, PGconn *conn, pqp_request *request)
{
    struct side *side = user;

    CHECK(pqp_conn_user_data(conn) == side);
    __atomic_add_fetch(&side->passwords, 1, __ATOMIC_SEQ_CST);
    CHECK(pqp_answer_password(request, "pw-scram") == PQP_OK);
    return PQP_PROVIDED_ANSWER;
}

static void
on_notice(void *user, const char *message)
{
    struct side *side = user;

    CHECK(strstr(message, side->name) != NULL);
    __atomic_add_fetch(&side->notices, 1, __ATOMIC_SEQ_CST);
}

static void
on_free(void *user)
{
    __atomic_add_fetch(&((struct side *) user)->freed, 1, __ATOMIC_SEQ_CST);
}

static void
use(PGconn *conn, const char *name)
{
    char        query[200];

    if (!CHECK(PQstatus(conn) == CONNECTION_OK))
        printf("    %s: %s", name, PQerrorMessage(conn));
    CHECK(strcmp(PQparameterStatus(conn, "application_name"), name) == 0);
    snprintf(query, sizeof query, "do $$ begin raise notice 'for %s'; end $$", name);
    PQclear(PQexec(conn, query));
}

/* In steps, by a name and in a time: the lookup has a thread of its own, and the descriptor is a composite one. */
static PGconn *
look_up(bool to_the_end)
{
    char        conninfo[200];
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    PGconn     *conn;

    snprintf(conninfo, sizeof conninfo, "host=localhost port=%s user=pqp_trust dbname=postgres sslmode=disable "
             "connect_timeout=60 connect_race_delay_ms=500", port);
    conn = PQconnectStart(conninfo);
    while (to_the_end && next != PGRES_POLLING_OK && next != PGRES_POLLING_FAILED)
    {
        struct pollfd fd = {.fd = PQsocket(conn), .events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT};

        if (!CHECK(poll(&fd, 1, 60000) == 1))
            break;
        next = PQconnectPoll(conn);
    }
    if (!to_the_end)
        PQconnectPoll(conn);
    return conn;
}

static struct side sides[2] = {{.name = "with"}, {.name = "without"}};

static void *
work(void *argument)
{
    long        number = (long) argument;
    struct side *side = &sides[number % 2];
    PGconn     *conn;
    int         i;

    for (i = 0; i < rounds; i++)
    {
        conn = pqp_factory_connect(side->factory);
        use(conn, side->name);
        CHECK(pqp_conn_user_data(conn) == side);
        PQfinish(conn);

        /* Settings may be changed meanwhile: what is set here is what was set before. */
        CHECK(pqp_context_set_env_policy(side->context, side == &sides[0]) == PQP_OK);
        CHECK(pqp_context_set_notice_processor(side->context, on_notice, side) == PQP_OK);

        /* libpq's own: the environment's name, no hook, no user data. */
        conn = PQconnectdb("user=pqp_trust dbname=postgres");
        CHECK(PQstatus(conn) == CONNECTION_OK && pqp_conn_user_data(conn) == NULL);
        CHECK(strcmp(PQparameterStatus(conn, "application_name"), "with") == 0);
        PQfinish(conn);

        conn = look_up(true);
        use(conn, "with");
        PQfinish(conn);
        /* Given up while the name is looked up, as likely as not. */
        PQfinish(look_up(false));
    }
    return NULL;
}

/* ---- forks while other threads change what is shared ---- */

/* AddressSanitizer's allocator has locks of its own, which a child may inherit locked. */
#ifdef __SANITIZE_ADDRESS__
#define ALLOCATOR_IS_THE_SANITIZERS 1
#else
#define ALLOCATOR_IS_THE_SANITIZERS 0
#endif

static pqp_context *changing;
static pqp_factory *making;
static int  no_more_changes;

static void
change_all(void)
{
    pqp_factory *factory;

    CHECK(pqp_context_set_env_policy(changing, 0) == PQP_OK);
    CHECK(pqp_context_set_english(changing, 0) == PQP_OK);
    CHECK(pqp_context_set_notice_processor(changing, on_notice, NULL) == PQP_OK);
    CHECK(pqp_context_set_start_hook(changing, NULL, NULL, NULL) == PQP_OK);
    PQregisterThreadLock(NULL);
    PQsetAuthDataHook(PQgetAuthDataHook());
    PQsetSSLKeyPassHook_OpenSSL(PQgetSSLKeyPassHook_OpenSSL());
    PQfinish(pqp_factory_start(making));
    factory = pqp_factory_new(changing, "user=u dbname=d", NULL);
    CHECK(pqp_factory_set_start_hook(factory, on_start, NULL, NULL) == PQP_OK);
    PQfinish(PQconnectStart("nonsense"));
    pqp_factory_free(factory);
}

static void *
go_on_changing(void *argument)
{
    while (!__atomic_load_n(&no_more_changes, __ATOMIC_ACQUIRE))
        change_all();
    return argument;
}

/* A child has all locks as they were in the midst of the other threads' work, and nobody to unlock them. */
static void
forks(int count)
{
    pthread_t   threads[3];
    int         i, status;

    changing = pqp_context_new();
    making = pqp_factory_new(changing, "user=u dbname=d", NULL);
    for (i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, go_on_changing, NULL);
    for (i = 0; i < count; i++)
    {
        pid_t       child = fork();

        if (child == 0)
        {
            /* One that hangs is ended. */
            alarm(60);
            failures = 0;
            change_all();
            _exit(failures != 0);
        }
        if (!CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0))
            break;
    }
    __atomic_store_n(&no_more_changes, 1, __ATOMIC_RELEASE);
    for (i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    pqp_factory_free(making);
    pqp_context_free(changing);
}

int
main(int argc, char **argv)
{
    PQconninfoOption *options, *option;
    pthread_t   threads[64];
    int         count = argc > 2 ? atoi(argv[2]) : 8;
    long        i;

    if (argc < 2 || count > 64 || (options = PQconninfoParse(argv[1], NULL)) == NULL)
        return 2;
    if (argc > 3)
        rounds = atoi(argv[3]);
    for (option = options; option->keyword; option++)
    {
        if (option->val && strcmp(option->keyword, "host") == 0)
            snprintf(host, sizeof host, "%s", option->val);
        if (option->val && strcmp(option->keyword, "port") == 0)
            snprintf(port, sizeof port, "%s", option->val);
    }
    PQconninfoFree(options);
    /* Of one side's settings come from the environment; the other side does not look at it. */
    setenv("PGHOST", host, 1);
    setenv("PGPORT", port, 1);
    setenv("PGAPPNAME", "with", 1);
    for (i = 0; i < 2; i++)
    {
        struct side *side = &sides[i];

        side->context = pqp_context_new();
        CHECK(pqp_context_set_env_policy(side->context, i == 0) == PQP_OK);
        CHECK(pqp_context_set_notice_processor(side->context, on_notice, side) == PQP_OK);
        CHECK(pqp_context_set_start_hook(side->context, on_start, side, on_free) == PQP_OK);
        CHECK(pqp_context_set_password_provider(side->context, on_password, side, on_free) == PQP_OK);
        CHECK(pqp_context_set_password_file_policy(side->context, PQP_FILE_NEVER, NULL) == PQP_OK);
        if (i == 1)
        {
            CHECK(pqp_context_set_socket_directory(side->context, host) == PQP_OK);
            CHECK(pqp_context_set_default_param(side->context, "port", port) == PQP_OK);
            CHECK(pqp_context_set_default_param(side->context, "application_name", "without") == PQP_OK);
            CHECK(pqp_context_set_english(side->context, 1) == PQP_OK);
        }
        side->factory = pqp_factory_new(side->context, "user=pqp_scram dbname=postgres", NULL);
        CHECK(side->factory != NULL);
    }
    for (i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, work, (void *) i);
    for (i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    for (i = 0; i < 2; i++)
    {
        struct side *side = &sides[i];
        int         expected = rounds * ((count + 1 - (int) i) / 2);

        CHECK(side->starts == expected && side->passwords == expected && side->notices == expected);
        CHECK(side->freed == 0);
        pqp_context_free(side->context);
        pqp_factory_free(side->factory);
        CHECK(side->freed == 2);
    }
    if (!ALLOCATOR_IS_THE_SANITIZERS)
        forks(rounds * 50);
    if (failures == 0)
        printf("all as it should be\n");
    return failures != 0;
}
