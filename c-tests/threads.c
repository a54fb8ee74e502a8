/*
 * Many threads at work: a connection each, with every kind of command; a result that all read; cancel requests from
 * another thread; connections made at the same time; and the functions that keep something for the whole process.
 *
 *   threads CONNINFO [THREADS [ROUNDS]]
 *
 * Says on standard output which checks failed, and exits with 1 if any did. Made to be run under race detectors too, so
 * what it shares itself it shares by pthreads' means.
 */
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpq-fe.h"
#include "pqexpbuffer.h"

static const char *conninfo;
static int thread_count = 8;
static int rounds = 3;

static pthread_mutex_t report = PTHREAD_MUTEX_INITIALIZER;
static int failures;

#define CHECK(condition) check((condition), #condition, __LINE__)

static bool
check(bool holds, const char *text, int line)
{
    if (holds)
        return true;
    pthread_mutex_lock(&report);
    printf("threads.c:%d: not so: %s\n", line, text);
    fflush(stdout);
    failures++;
    pthread_mutex_unlock(&report);
    return false;
}

/* Runs `body` in all threads, each with its number, and waits for them. */
static void
in_threads(void *(*body) (void *))
{
    pthread_t threads[64];
    int i;

    for (i = 0; i < thread_count; i++)
        if (pthread_create(&threads[i], NULL, body, (void *) (long) i) != 0)
        {
            printf("threads.c: cannot make a thread\n");
            exit(1);
        }
    for (i = 0; i < thread_count; i++)
        pthread_join(threads[i], NULL);
}

static PGconn *
make_connection(void)
{
    PGconn *conn = PQconnectdb(conninfo);

    if (!CHECK(PQstatus(conn) == CONNECTION_OK))
    {
        printf("threads.c: no connection: %s", PQerrorMessage(conn));
        exit(1);
    }
    return conn;
}

static void
expect(PGresult *result, ExecStatusType status)
{
    if (PQresultStatus(result) != status)
    {
        CHECK(!"the status that was expected");
        printf("threads.c: %s instead of %s: %s\n", PQresStatus(PQresultStatus(result)),
            PQresStatus(status), PQresultErrorMessage(result));
    }
    PQclear(result);
}

/* ---- a connection each ---- */

static void
quiet(void *argument, const char *message)
{
    int *noticed = argument;

    *noticed += strlen(message) > 0;
}

static void
queries(PGconn *conn, int number)
{
    char text[128];
    const char *values[1] = {text};
    PGresult *result;
    int noticed = 0;
    int i;

    snprintf(text, sizeof text, "select %d, g, repeat('x', g %% 50) from generate_series(1, 2000) g", number);
    result = PQexec(conn, text);
    CHECK(PQntuples(result) == 2000);
    for (i = 0; i < PQntuples(result); i++)
        CHECK(atoi(PQgetvalue(result, i, 0)) == number && PQgetlength(result, i, 2) == (i + 1) % 50);
    PQclear(result);

    snprintf(text, sizeof text, "%d", number);
    result = PQexecParams(conn, "select $1::int4", 1, NULL, values, NULL, NULL, 1);
    CHECK(PQgetlength(result, 0, 0) == 4 && PQgetvalue(result, 0, 0)[3] == (char) number);
    PQclear(result);

    expect(PQprepare(conn, "twice", "select 2 * $1::int", 1, NULL), PGRES_COMMAND_OK);
    result = PQexecPrepared(conn, "twice", 1, values, NULL, NULL, 0);
    CHECK(atoi(PQgetvalue(result, 0, 0)) == 2 * number);
    PQclear(result);
    result = PQdescribePrepared(conn, "twice");
    CHECK(PQnparams(result) == 1);
    PQclear(result);
    expect(PQclosePrepared(conn, "twice"), PGRES_COMMAND_OK);

    PQsetNoticeProcessor(conn, quiet, &noticed);
    expect(PQexec(conn, "do $$ begin raise notice 'n'; raise warning 'w'; end $$"), PGRES_COMMAND_OK);
    CHECK(noticed == 2);
    expect(PQexec(conn, "select 1/0"), PGRES_FATAL_ERROR);
    CHECK(strcmp(PQerrorMessage(conn), "ERROR:  division by zero\n") == 0);
    expect(PQexec(conn, "select"), PGRES_TUPLES_OK);
    CHECK(PQerrorMessage(conn)[0] == '\0');
}

static void
copies(PGconn *conn, int number)
{
    char line[64];
    char *data;
    PGresult *result;
    int count;
    int i;

    expect(PQexec(conn, "create temp table if not exists c (x int, y text); truncate c"), PGRES_COMMAND_OK);
    expect(PQexec(conn, "copy c from stdin"), PGRES_COPY_IN);
    for (i = 0; i < 500; i++)
    {
        snprintf(line, sizeof line, "%d\t%d\n", number, i);
        CHECK(PQputCopyData(conn, line, (int) strlen(line)) == 1);
    }
    CHECK(PQputCopyEnd(conn, NULL) == 1);
    expect(PQgetResult(conn), PGRES_COMMAND_OK);
    CHECK(PQgetResult(conn) == NULL);
    expect(PQexec(conn, "copy c to stdout"), PGRES_COPY_OUT);
    for (count = 0; PQgetCopyData(conn, &data, 0) > 0; count++)
    {
        CHECK(atoi(data) == number);
        PQfreemem(data);
    }
    CHECK(count == 500);
    while ((result = PQgetResult(conn)) != NULL)
        PQclear(result);
}

static void
pipeline(PGconn *conn, int number)
{
    PGresult *result;
    int i;

    CHECK(PQenterPipelineMode(conn));
    for (i = 0; i < 20; i++)
        CHECK(PQsendQueryParams(conn, i == 10 ? "select 1/0" : "select pg_backend_pid()",
            0, NULL, NULL, NULL, NULL, 0));
    CHECK(PQpipelineSync(conn));
    for (i = 0; i < 20; i++)
    {
        result = PQgetResult(conn);
        CHECK(PQresultStatus(result) == (i < 10 ? PGRES_TUPLES_OK :
            i == 10 ? PGRES_FATAL_ERROR : PGRES_PIPELINE_ABORTED));
        if (i < 10)
            CHECK(atoi(PQgetvalue(result, 0, 0)) == PQbackendPID(conn));
        PQclear(result);
        CHECK(PQgetResult(conn) == NULL);
    }
    expect(PQgetResult(conn), PGRES_PIPELINE_SYNC);
    CHECK(PQexitPipelineMode(conn));
    (void) number;
}

static void
rows_one_by_one(PGconn *conn, int number)
{
    char text[128];
    PGresult *result;
    int count = 0;

    snprintf(text, sizeof text, "select %d from generate_series(1, 300)", number);
    CHECK(PQsetnonblocking(conn, 1) == 0);
    CHECK(PQsendQuery(conn, text));
    CHECK(number % 2 ? PQsetSingleRowMode(conn) : PQsetChunkedRowsMode(conn, 7));
    CHECK(PQflush(conn) == 0);
    for (;;)
    {
        while (PQisBusy(conn))
        {
            struct pollfd entry = {.fd = PQsocket(conn), .events = POLLIN};

            poll(&entry, 1, -1);
            if (!CHECK(PQconsumeInput(conn)))
                return;
        }
        result = PQgetResult(conn);
        if (result == NULL)
            break;
        count += PQntuples(result);
        if (PQntuples(result) > 0)
            CHECK(atoi(PQgetvalue(result, 0, 0)) == number);
        PQclear(result);
    }
    CHECK(count == 300);
    CHECK(PQsetnonblocking(conn, 0) == 0);
}

static void
notifications(PGconn *conn, int number)
{
    char text[128];
    PGnotify *notify;

    snprintf(text, sizeof text, "listen c%d; notify c%d, 'p'", number, number);
    expect(PQexec(conn, text), PGRES_COMMAND_OK);
    notify = PQnotifies(conn);
    if (CHECK(notify != NULL))
        CHECK(strcmp(notify->extra, "p") == 0 && notify->be_pid == PQbackendPID(conn));
    PQfreemem(notify);
    expect(PQexec(conn, "unlisten *"), PGRES_COMMAND_OK);
}

static void
large_object(PGconn *conn)
{
    char data[1000];
    Oid object;
    int fd;

    expect(PQexec(conn, "begin"), PGRES_COMMAND_OK);
    object = lo_create(conn, 0);
    CHECK(object != 0);
    fd = lo_open(conn, object, 0x60000);
    memset(data, 'l', sizeof data);
    CHECK(lo_write(conn, fd, data, sizeof data) == sizeof data);
    CHECK(lo_lseek64(conn, fd, 0, SEEK_SET) == 0);
    CHECK(lo_read(conn, fd, data, sizeof data) == sizeof data);
    CHECK(lo_close(conn, fd) == 0);
    CHECK(lo_unlink(conn, object) == 1);
    expect(PQexec(conn, "commit"), PGRES_COMMAND_OK);
}

static void *
work(void *argument)
{
    int number = (int) (long) argument;
    int i;

    for (i = 0; i < rounds; i++)
    {
        PGconn *conn = make_connection();

        queries(conn, number);
        copies(conn, number);
        pipeline(conn, number);
        rows_one_by_one(conn, number);
        notifications(conn, number);
        large_object(conn);
        if (i == 0)
        {
            PQreset(conn);
            queries(conn, number);
        }
        PQfinish(conn);
    }
    return NULL;
}

/* ---- a result that all read ---- */

static PGresult *shared;

static void *
read_shared(void *argument)
{
    int number = (int) (long) argument;
    int rows = PQntuples(shared);
    int i;

    CHECK(rows == 20000 && PQnfields(shared) == 3);
    CHECK(PQfnumber(shared, "pad") == 2 && strcmp(PQfname(shared, 1), "null") == 0);
    CHECK(PQftype(shared, 0) == 23 && PQfformat(shared, 0) == 0 && PQbinaryTuples(shared) == 0);
    CHECK(strcmp(PQcmdStatus(shared), "SELECT 20000") == 0 && strcmp(PQcmdTuples(shared), "20000") == 0);
    CHECK(PQresultStatus(shared) == PGRES_TUPLES_OK && PQresultErrorMessage(shared)[0] == '\0');
    CHECK(PQoidValue(shared) == 0 && PQresultMemorySize(shared) > 20000);
    for (i = 0; i < rows; i++)
    {
        /* Each in an order of its own: forwards, backwards, in leaps. */
        int row = number % 3 == 0 ? i : number % 3 == 1 ? rows - 1 - i : (int) (i * 7919L % rows);

        CHECK(atoi(PQgetvalue(shared, row, 0)) == row + 1);
        CHECK(PQgetisnull(shared, row, 1) == 1 && PQgetlength(shared, row, 2) == (row + 1) % 300);
    }
    /* Copying only reads. */
    if (number < 2)
    {
        PGresult *copy = PQcopyResult(shared, PG_COPYRES_TUPLES | PG_COPYRES_ATTRS);

        CHECK(PQntuples(copy) == 20000);
        PQclear(copy);
    }
    return NULL;
}

static PGresult *shared_error;

static void *
read_shared_error(void *argument)
{
    char *text;

    (void) argument;
    CHECK(strcmp(PQresultErrorField(shared_error, PG_DIAG_SQLSTATE), "22012") == 0);
    CHECK(strcmp(PQresultErrorMessage(shared_error), "ERROR:  division by zero\n") == 0);
    text = PQresultVerboseErrorMessage(shared_error, PQERRORS_VERBOSE, PQSHOW_CONTEXT_ALWAYS);
    CHECK(strncmp(text, "ERROR:  22012: division by zero\n", 32) == 0);
    PQfreemem(text);
    return NULL;
}

static void
a_result_is_read_by_all(void)
{
    PGconn *conn = make_connection();

    shared = PQexec(conn, "select g, null as null, repeat('x', g % 300) as pad from generate_series(1, 20000) g");
    shared_error = PQexec(conn, "select 1/0");
    PQfinish(conn);
    in_threads(read_shared);
    in_threads(read_shared_error);
    PQclear(shared);
    PQclear(shared_error);
}

/* ---- cancelling from another thread ---- */

struct handover
{
    int pid;
    PGcancel *cancel;
    PGcancelConn *cancel_conn;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* A query has been sent that waits to be cancelled; it has ended; the canceller has seen either. */
    enum { NOTHING, SENT, ENDED, OVER } state;
};

static void
set_state(struct handover *h, int state)
{
    pthread_mutex_lock(&h->lock);
    h->state = state;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->lock);
}

static void
wait_state(struct handover *h, int state)
{
    pthread_mutex_lock(&h->lock);
    while ((int) h->state != state)
        pthread_cond_wait(&h->changed, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

static bool
has_ended(struct handover *h)
{
    bool ended;

    pthread_mutex_lock(&h->lock);
    ended = h->state == ENDED;
    pthread_mutex_unlock(&h->lock);
    return ended;
}

#define CANCELS 4

static void *
canceller(void *argument)
{
    struct handover *h = argument;
    PGconn *monitor = make_connection();
    char asleep[128];
    char error[256];
    int i;

    snprintf(asleep, sizeof asleep,
        "select from pg_stat_activity where pid = %d and wait_event = 'PgSleep'", h->pid);
    for (i = 0; i < CANCELS; i++)
    {
        bool sleeping = false;

        wait_state(h, SENT);
        /* A request that comes before the query is forgotten. And a server may act twice on one, so that the next
         * query ends by itself. */
        while (!sleeping && !has_ended(h) && CHECK(PQstatus(monitor) == CONNECTION_OK))
        {
            PGresult *result = PQexec(monitor, asleep);

            sleeping = PQntuples(result) == 1;
            PQclear(result);
        }
        if (i % 2 == 0)
            CHECK(PQcancel(h->cancel, error, sizeof error) == 1);
        else
        {
            CHECK(PQcancelBlocking(h->cancel_conn) == 1);
            PQcancelReset(h->cancel_conn);
        }
        wait_state(h, ENDED);
        set_state(h, OVER);
    }
    PQfinish(monitor);
    return NULL;
}

static void *
be_cancelled(void *argument)
{
    PGconn *conn = make_connection();
    struct handover h = {
        .pid = PQbackendPID(conn),
        .cancel = PQgetCancel(conn),
        .cancel_conn = PQcancelCreate(conn),
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    pthread_t other;
    PGresult *result;
    int i;

    (void) argument;
    pthread_create(&other, NULL, canceller, &h);
    for (i = 0; i < CANCELS; i++)
    {
        CHECK(PQsendQuery(conn, "select pg_sleep(100)"));
        set_state(&h, SENT);
        result = PQgetResult(conn);
        if (CHECK(PQresultStatus(result) == PGRES_FATAL_ERROR))
            CHECK(strcmp(PQresultErrorField(result, PG_DIAG_SQLSTATE), "57014") == 0);
        PQclear(result);
        CHECK(PQgetResult(conn) == NULL);
        set_state(&h, ENDED);
        wait_state(&h, OVER);
    }
    pthread_join(other, NULL);
    PQfreeCancel(h.cancel);
    PQcancelFinish(h.cancel_conn);
    PQfinish(conn);
    return NULL;
}

/* ---- what belongs to the whole process ---- */

static void *
use_globals(void *argument)
{
    int number = (int) (long) argument;
    PGconn *conn = make_connection();
    int i;

    for (i = 0; i < 20 * rounds; i++)
    {
        char out[64];
        PQconninfoOption *options;
        PQExpBuffer buffer;
        unsigned char *bytes;
        size_t len;
        char *text;
        char *error = NULL;
        PGresult *empty;

        CHECK(PQescapeString(out, "it's", 4) == 5);
        CHECK(strcmp(out, "it''s") == 0);
        bytes = PQescapeBytea((const unsigned char *) "a\\b", 3, &len);
        CHECK(bytes != NULL);
        PQfreemem(bytes);
        text = PQescapeIdentifier(conn, "na\"me", 5);
        CHECK(strcmp(text, "\"na\"\"me\"") == 0);
        PQfreemem(text);
        bytes = PQunescapeBytea((const unsigned char *) "\\x6162", &len);
        CHECK(len == 2 && bytes[1] == 'b');
        PQfreemem(bytes);
        options = PQconndefaults();
        CHECK(options != NULL);
        PQconninfoFree(options);
        options = PQconninfoParse("host=h port=1", &error);
        CHECK(options != NULL && error == NULL);
        PQconninfoFree(options);
        CHECK(PQconninfoParse("nonsense", &error) == NULL && error != NULL);
        PQfreemem(error);
        /* The other is 4096 hashes, too slow under valgrind to do it often. */
        text = PQencryptPasswordConn(conn, "secret", "user", i > 0 ? "md5" : "scram-sha-256");
        CHECK(text != NULL);
        PQfreemem(text);
        CHECK(strcmp(pg_encoding_to_char(pg_char_to_encoding("utf-8")), "UTF8") == 0);
        CHECK(PQmblen("\xc3\xa4", 6) == 2 && PQdsplen("a", 6) == 1);
        CHECK(strcmp(PQresStatus(PGRES_TUPLES_OK), "PGRES_TUPLES_OK") == 0);
        buffer = createPQExpBuffer();
        printfPQExpBuffer(buffer, "%d:%d", number, i);
        appendPQExpBufferStr(buffer, "!");
        CHECK(buffer->len > 3);
        destroyPQExpBuffer(buffer);
        empty = PQmakeEmptyPGresult(NULL, PGRES_EMPTY_QUERY);
        CHECK(PQresultStatus(empty) == PGRES_EMPTY_QUERY);
        PQclear(empty);
        if (i % 10 == 0)
        {
            /* Each of these reports its encoding and quoting to the process. */
            expect(PQexec(conn, "set client_encoding to 'LATIN1'; set client_encoding to 'UTF8'"), PGRES_COMMAND_OK);
            CHECK(PQping(conninfo) == PQPING_OK);
        }
    }
    PQfinish(conn);
    return NULL;
}

/* ---- forks while others work ---- */

static void *
fork_and_work(void *argument)
{
    PGconn *conn = make_connection();
    int number = (int) (long) argument;
    int i;

    for (i = 0; i < rounds; i++)
    {
        if (number % 2 == 0)
        {
            pid_t child = fork();
            int status = -1;

            if (child == 0)
                _exit(PQstatus(conn) == CONNECTION_BAD && PQexec(conn, "select 1") == NULL ? 0 : 1);
            CHECK(waitpid(child, &status, 0) == child && status == 0);
        }
        expect(PQexec(conn, "select g from generate_series(1, 1000) g"), PGRES_TUPLES_OK);
    }
    PQfinish(conn);
    return NULL;
}

int
main(int argc, char **argv)
{
    if (argc < 2 || argc > 4)
    {
        fprintf(stderr, "usage: %s CONNINFO [THREADS [ROUNDS]]\n", argv[0]);
        return 2;
    }
    conninfo = argv[1];
    if (argc > 2)
        thread_count = atoi(argv[2]);
    if (argc > 3)
        rounds = atoi(argv[3]);
    if (thread_count < 1 || thread_count > 64)
        return 2;
    alarm(570);
    CHECK(PQisthreadsafe() == 1);
    in_threads(work);
    a_result_is_read_by_all();
    in_threads(be_cancelled);
    in_threads(use_globals);
    in_threads(fork_and_work);
    if (failures == 0)
        printf("all as it should be\n");
    return failures == 0 ? 0 : 1;
}
