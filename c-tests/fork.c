/*
 * What becomes of connections, results and cancel objects over fork().
 *
 *   fork CONNINFO
 *
 * Says on standard output which checks failed, and exits with 1 if any did. This is one of our deliberate differences:
 * the reference lets a child use its parent's session, and fails most of this.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpq-events.h"
#include "libpq-fe.h"

#define SENTENCE \
    "connection belongs to the process that opened it\n" \
    "\tThis process inherited it through fork() and must open one of its own.\n"

static const char *conninfo;
static const char *section = "";
static int failures;

#define CHECK(condition) check((condition), #condition, __LINE__)

static void
check(bool holds, const char *text, int line)
{
    if (holds)
        return;
    printf("fork.c:%d: %s: not so: %s\n", line, section, text);
    fflush(stdout);
    failures++;
}

/* ---- what the library asks of the system ---- */

static int getpid_calls;
static int handlers_registered;

/* Found before the C library's: counts how often anybody asks. */
pid_t
getpid(void)
{
    getpid_calls++;
    return (pid_t) syscall(SYS_getpid);
}

/* What pthread_atfork() is inside glibc. */
int
__register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso)
{
    int (*real)(void (*)(void), void (*)(void), void (*)(void), void *);

    *(void **) &real = dlsym(RTLD_NEXT, "__register_atfork");
    handlers_registered++;
    return real(prepare, parent, child, dso);
}

/* ---- processes ---- */

/* Runs `body` in a child; its failures count as ours. A child that hangs is ended by SIGALRM. */
static void
in_child(void (*body) (void *), void *argument)
{
    pid_t child;
    int status;

    fflush(stdout);
    child = fork();
    if (child == 0)
    {
        alarm(60);
        failures = 0;
        body(argument);
        fflush(stdout);
        _exit(failures == 0 ? 0 : 1);
    }
    CHECK(child > 0);
    CHECK(waitpid(child, &status, 0) == child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    {
        printf("fork.c: %s: the child ended with wait status %#x\n", section, status);
        failures++;
    }
}

static PGconn *
connect_or_die(const char *more)
{
    char text[1024];
    PGconn *conn;

    snprintf(text, sizeof text, "%s %s", conninfo, more);
    conn = PQconnectdb(text);
    if (PQstatus(conn) != CONNECTION_OK)
    {
        printf("fork.c: %s: no connection: %s", section, PQerrorMessage(conn));
        exit(1);
    }
    return conn;
}

/* The only value of a query; "" when there is none. */
static const char *
value(PGconn *conn, const char *query)
{
    static char text[256];
    PGresult *result = PQexec(conn, query);

    snprintf(text, sizeof text, "%s", PQntuples(result) == 1 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return text;
}

/* The session is there, and is the one it was: the same process, inside the same transaction, unharmed. */
static void
check_goes_on(PGconn *conn, int pid)
{
    CHECK(PQstatus(conn) == CONNECTION_OK);
    CHECK(atoi(value(conn, "select pg_backend_pid()")) == pid);
    CHECK(strcmp(value(conn, "select 6 * 7"), "42") == 0);
}

static bool
says_sentence(const char *text)
{
    return strncmp(text, SENTENCE, strlen(SENTENCE)) == 0;
}

/* ---- every call on an inherited connection ---- */

static int
call_exec(PGconn *conn)
{
    return PQexec(conn, "select 1") == NULL;
}

static int
call_exec_params(PGconn *conn)
{
    return PQexecParams(conn, "select 1", 0, NULL, NULL, NULL, NULL, 0) == NULL;
}

static int
call_prepare(PGconn *conn)
{
    return PQprepare(conn, "s", "select 1", 0, NULL) == NULL;
}

static int
call_exec_prepared(PGconn *conn)
{
    return PQexecPrepared(conn, "s", 0, NULL, NULL, NULL, 0) == NULL;
}

static int
call_describe_prepared(PGconn *conn)
{
    return PQdescribePrepared(conn, "s") == NULL;
}

static int
call_close_portal(PGconn *conn)
{
    return PQclosePortal(conn, "p") == NULL;
}

static int
call_send_query(PGconn *conn)
{
    return PQsendQuery(conn, "select 1") == 0;
}

static int
call_send_query_params(PGconn *conn)
{
    return PQsendQueryParams(conn, "select 1", 0, NULL, NULL, NULL, NULL, 0) == 0;
}

static int
call_send_prepare(PGconn *conn)
{
    return PQsendPrepare(conn, "s", "select 1", 0, NULL) == 0;
}

static int
call_send_describe(PGconn *conn)
{
    return PQsendDescribePortal(conn, "p") == 0;
}

static int
call_send_close(PGconn *conn)
{
    return PQsendClosePrepared(conn, "s") == 0;
}

static int
call_consume_input(PGconn *conn)
{
    return PQconsumeInput(conn) == 0;
}

static int
call_get_result(PGconn *conn)
{
    return PQgetResult(conn) == NULL;
}

static int
call_is_busy(PGconn *conn)
{
    return PQisBusy(conn) == 0;
}

static int
call_flush(PGconn *conn)
{
    return PQflush(conn) == -1;
}

static int
call_setnonblocking(PGconn *conn)
{
    return PQsetnonblocking(conn, 1) == -1;
}

static int
call_put_copy_data(PGconn *conn)
{
    return PQputCopyData(conn, "x\n", 2) == -1;
}

static int
call_put_copy_end(PGconn *conn)
{
    return PQputCopyEnd(conn, NULL) == -1;
}

static int
call_get_copy_data(PGconn *conn)
{
    char *data;

    return PQgetCopyData(conn, &data, 0) == -2;
}

static int
call_fn(PGconn *conn)
{
    int len;
    int answer;

    return PQfn(conn, 31, &answer, &len, 1, NULL, 0) == NULL;
}

static int
call_send_flush_request(PGconn *conn)
{
    return PQsendFlushRequest(conn) == 0;
}

static int
call_pipeline_sync(PGconn *conn)
{
    return PQpipelineSync(conn) == 0;
}

static int
call_notifies(PGconn *conn)
{
    return PQnotifies(conn) == NULL;
}

static int
call_set_client_encoding(PGconn *conn)
{
    return PQsetClientEncoding(conn, "LATIN1") == -1;
}

static int
call_lo_open(PGconn *conn)
{
    return lo_open(conn, 1, 0x40000) == -1;
}

static int
call_lo_creat(PGconn *conn)
{
    return lo_creat(conn, 0x40000) == 0;
}

static int
call_get_cancel(PGconn *conn)
{
    return PQgetCancel(conn) == NULL;
}

static int
call_cancel_create(PGconn *conn)
{
    PGcancelConn *cancel = PQcancelCreate(conn);
    int failed = PQcancelBlocking(cancel) == 0 && PQcancelStatus(cancel) == CONNECTION_BAD &&
        says_sentence(PQcancelErrorMessage(cancel));

    PQcancelFinish(cancel);
    return failed;
}

static int
call_request_cancel(PGconn *conn)
{
    return PQrequestCancel(conn) == 0;
}

static int
call_connect_poll(PGconn *conn)
{
    return PQconnectPoll(conn) == PGRES_POLLING_FAILED;
}

static int
call_change_password(PGconn *conn)
{
    PGresult *result = PQchangePassword(conn, "nobody", "x");
    int failed = result == NULL || PQresultStatus(result) == PGRES_FATAL_ERROR;

    PQclear(result);
    return failed;
}

static int
call_status(PGconn *conn)
{
    return PQstatus(conn) == CONNECTION_BAD;
}

static int
call_transaction_status(PGconn *conn)
{
    return PQtransactionStatus(conn) == PQTRANS_UNKNOWN;
}

static int
call_socket(PGconn *conn)
{
    return PQsocket(conn) == -1;
}

static int
call_backend_pid(PGconn *conn)
{
    return PQbackendPID(conn) == 0;
}

static int
call_server_version(PGconn *conn)
{
    return PQserverVersion(conn) == 0;
}

static int
call_protocol_version(PGconn *conn)
{
    return PQprotocolVersion(conn) == 0 && PQfullProtocolVersion(conn) == 0;
}

static int
call_client_encoding(PGconn *conn)
{
    return PQclientEncoding(conn) == -1;
}

static int
call_error_message(PGconn *conn)
{
    return strcmp(PQerrorMessage(conn), SENTENCE) == 0;
}

#define CALL(name) {#name, call_##name}
static const struct call
{
    const char *name;
    int (*call) (PGconn *conn);
} calls[] = {
    CALL(exec), CALL(exec_params), CALL(prepare), CALL(exec_prepared), CALL(describe_prepared),
    CALL(close_portal), CALL(send_query), CALL(send_query_params), CALL(send_prepare),
    CALL(send_describe), CALL(send_close), CALL(consume_input), CALL(get_result), CALL(is_busy),
    CALL(flush), CALL(setnonblocking), CALL(put_copy_data), CALL(put_copy_end),
    CALL(get_copy_data), CALL(fn), CALL(send_flush_request), CALL(pipeline_sync), CALL(notifies),
    CALL(set_client_encoding), CALL(lo_open), CALL(lo_creat), CALL(get_cancel),
    CALL(cancel_create), CALL(request_cancel), CALL(connect_poll), CALL(change_password),
    CALL(status), CALL(transaction_status), CALL(socket), CALL(backend_pid), CALL(server_version),
    CALL(protocol_version), CALL(client_encoding), CALL(error_message),
};
#define CALLS (sizeof calls / sizeof calls[0])

static const struct call *first_call;

/* Descriptors this process has open. */
static int
descriptors(void)
{
    int fd;
    int open = 0;

    for (fd = 0; fd < 256; fd++)
        open += fcntl(fd, F_GETFD) != -1;
    return open;
}

static void
make_one_call(void *conn)
{
    int before = descriptors();

    CHECK(first_call->call(conn));
    CHECK(PQstatus(conn) == CONNECTION_BAD);
    CHECK(says_sentence(PQerrorMessage(conn)));
    PQfinish(conn);
    CHECK(descriptors() == before - 1);
}

static void
make_all_calls(void *conn)
{
    char *quoted;
    size_t i;

    for (i = 0; i < CALLS; i++)
    {
        section = calls[i].name;
        if (strcmp(section, "error_message") != 0)
            CHECK(calls[i].call(conn));
        CHECK(says_sentence(PQerrorMessage(conn)));
    }
    section = "what needs no server";
    CHECK(strcmp(PQdb(conn), "postgres") == 0 && PQhost(conn)[0] == '/' && PQport(conn)[0] != '\0');
    CHECK(strcmp(PQparameterStatus(conn, "server_encoding"), "UTF8") == 0);
    quoted = PQescapeLiteral(conn, "a'b", 3);
    CHECK(quoted != NULL && strcmp(quoted, "'a''b'") == 0);
    PQfreemem(quoted);
    PQfinish(conn);
}

static void
only_finish(void *conn)
{
    int before = descriptors();

    PQfinish(conn);
    CHECK(descriptors() == before - 1);
}

static void
every_call_fails_in_the_child_and_the_parent_goes_on(void)
{
    PGconn *conn = connect_or_die("");
    int pid = PQbackendPID(conn);
    size_t i;

    PQclear(PQexec(conn, "begin; create temp table t (x int); insert into t values (7)"));
    for (i = 0; i < CALLS; i++)
    {
        section = calls[i].name;
        first_call = &calls[i];
        in_child(make_one_call, conn);
    }
    section = "all calls";
    in_child(make_all_calls, conn);
    section = "only PQfinish";
    in_child(only_finish, conn);
    section = "after all that";
    CHECK(PQtransactionStatus(conn) == PQTRANS_INTRANS);
    CHECK(strcmp(value(conn, "select x from t"), "7") == 0);
    check_goes_on(conn, pid);
    PQfinish(conn);
}

/* ---- commands under way ---- */

static void
fetch_in_child(void *conn)
{
    PGresult *result = PQgetResult(conn);

    CHECK(PQresultStatus(result) == PGRES_FATAL_ERROR);
    CHECK(says_sentence(PQresultErrorMessage(result)));
    CHECK(PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL);
    PQclear(result);
    CHECK(PQgetResult(conn) == NULL);
    CHECK(PQgetResult(conn) == NULL);
    CHECK(PQisBusy(conn) == 0);
    CHECK(says_sentence(PQerrorMessage(conn)));
    PQfinish(conn);
}

static void
copy_in_child(void *conn)
{
    char *data;

    CHECK(PQputCopyData(conn, "8\n", 2) == -1);
    CHECK(PQputCopyEnd(conn, NULL) == -1);
    CHECK(PQgetCopyData(conn, &data, 0) == -2);
    fetch_in_child(conn);
}

#define BIG (8 * 1024 * 1024)

static void
commands_under_way_end_with_an_error_in_the_child_only(void)
{
    PGconn *conn = connect_or_die("");
    int pid = PQbackendPID(conn);
    PGconn *lock;
    PGresult *result;
    char *data;
    int i;

    section = "a query whose answer is not there yet";
    CHECK(PQsendQuery(conn, "select g from pg_sleep(0.2), generate_series(1, 20000) g"));
    in_child(fetch_in_child, conn);
    result = PQgetResult(conn);
    CHECK(PQntuples(result) == 20000 && strcmp(PQgetvalue(result, 19999, 0), "20000") == 0);
    PQclear(result);
    CHECK(PQgetResult(conn) == NULL);

    section = "between the rows of single-row mode";
    CHECK(PQsendQuery(conn, "select g from generate_series(1, 5000) g"));
    CHECK(PQsetSingleRowMode(conn));
    for (i = 1; (result = PQgetResult(conn)) != NULL && PQntuples(result) == 1; i++)
    {
        CHECK(atoi(PQgetvalue(result, 0, 0)) == i);
        if (i == 100)
            in_child(fetch_in_child, conn);
        PQclear(result);
    }
    CHECK(i == 5001);
    PQclear(result);
    CHECK(PQgetResult(conn) == NULL);

    section = "in COPY to the server";
    PQclear(PQexec(conn, "create temp table c (x int)"));
    PQclear(PQexec(conn, "copy c from stdin"));
    CHECK(PQputCopyData(conn, "7\n", 2) == 1);
    in_child(copy_in_child, conn);
    CHECK(PQputCopyEnd(conn, NULL) == 1);
    result = PQgetResult(conn);
    CHECK(strcmp(PQcmdTuples(result), "1") == 0);
    PQclear(result);
    CHECK(PQgetResult(conn) == NULL);

    section = "in COPY from the server";
    PQclear(PQexec(conn, "copy (select generate_series(1, 1000)) to stdout"));
    for (i = 0; PQgetCopyData(conn, &data, 0) > 0; i++)
    {
        PQfreemem(data);
        if (i == 10)
            in_child(copy_in_child, conn);
    }
    CHECK(i == 1000);
    while ((result = PQgetResult(conn)) != NULL)
        PQclear(result);

    section = "in a pipeline";
    CHECK(PQenterPipelineMode(conn));
    for (i = 0; i < 3; i++)
        CHECK(PQsendQueryParams(conn, "select 1", 0, NULL, NULL, NULL, NULL, 0));
    in_child(fetch_in_child, conn);
    CHECK(PQpipelineSync(conn));
    in_child(fetch_in_child, conn);
    for (i = 0; i < 3; i++)
    {
        result = PQgetResult(conn);
        CHECK(PQresultStatus(result) == PGRES_TUPLES_OK);
        PQclear(result);
        CHECK(PQgetResult(conn) == NULL);
    }
    result = PQgetResult(conn);
    CHECK(PQresultStatus(result) == PGRES_PIPELINE_SYNC);
    PQclear(result);
    CHECK(PQexitPipelineMode(conn));

    section = "with output waiting";
    /* The server reads on only when it has got the lock, so the socket fills up. */
    lock = connect_or_die("");
    PQclear(PQexec(lock, "select pg_advisory_lock(4711)"));
    CHECK(PQsetnonblocking(conn, 1) == 0);
    CHECK(PQenterPipelineMode(conn));
    CHECK(PQsendQueryParams(conn, "select pg_advisory_lock(4711)", 0, NULL, NULL, NULL, NULL, 0));
    data = malloc(BIG + 1);
    memset(data, 'x', BIG);
    data[BIG] = '\0';
    CHECK(PQsendQueryParams(conn, "select length($1)", 1, NULL, (const char *const *) &data, NULL, NULL, 0));
    free(data);
    CHECK(PQpipelineSync(conn));
    CHECK(PQflush(conn) == 1);
    in_child(only_finish, conn);
    in_child(fetch_in_child, conn);
    PQfinish(lock);
    result = PQgetResult(conn);
    CHECK(PQresultStatus(result) == PGRES_TUPLES_OK);
    PQclear(result);
    CHECK(PQgetResult(conn) == NULL);
    result = PQgetResult(conn);
    CHECK(atoi(PQgetvalue(result, 0, 0)) == BIG);
    PQclear(result);
    CHECK(PQgetResult(conn) == NULL);
    result = PQgetResult(conn);
    CHECK(PQresultStatus(result) == PGRES_PIPELINE_SYNC);
    PQclear(result);
    CHECK(PQexitPipelineMode(conn));
    CHECK(PQsetnonblocking(conn, 0) == 0);

    section = "after all that";
    check_goes_on(conn, pid);
    PQfinish(conn);
}

/* ---- connecting ---- */

static void
poll_in_child(void *conn)
{
    CHECK(PQconnectPoll(conn) == PGRES_POLLING_FAILED);
    CHECK(PQstatus(conn) == CONNECTION_BAD);
    CHECK(says_sentence(PQerrorMessage(conn)));
    CHECK(PQsocket(conn) == -1);
    PQfinish(conn);
}

static void
a_connection_that_is_being_made_fails_in_the_child_only(void)
{
    char text[1024];
    int step;

    section = "while connecting";
    /* With a password there are more steps. */
    snprintf(text, sizeof text, "%s user=pqp_scram password=pw-scram", conninfo);
    for (step = 0; step < 100; step++)
    {
        PGconn *conn = PQconnectStart(text);
        PostgresPollingStatusType next = PGRES_POLLING_WRITING;
        int done = 0;

        while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING)
        {
            struct pollfd entry = {
                .fd = PQsocket(conn),
                .events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT
            };

            if (done++ == step)
                in_child(poll_in_child, conn);
            poll(&entry, 1, -1);
            next = PQconnectPoll(conn);
        }
        CHECK(next == PGRES_POLLING_OK);
        CHECK(strcmp(value(conn, "select current_user"), "pqp_scram") == 0);
        PQfinish(conn);
        if (done <= step)
            break;
    }
    CHECK(step >= 2 && step < 100);
}

static void
ask_failed(void *conn)
{
    CHECK(PQstatus(conn) == CONNECTION_BAD);
    CHECK(strstr(PQerrorMessage(conn), "/nowhere") != NULL);
    CHECK(strstr(PQerrorMessage(conn), "fork") == NULL);
    PQfinish(conn);
}

static void
what_had_failed_before_says_why_in_the_child_too(void)
{
    PGconn *conn = PQconnectdb("host=/nowhere port=1 user=u dbname=d");

    section = "failed before";
    CHECK(PQstatus(conn) == CONNECTION_BAD);
    in_child(ask_failed, conn);
    ask_failed(conn);
}

static int parents_pid;

static void
reset_in_child(void *argument)
{
    PGconn *conn = argument;
    int pid;

    PQreset(conn);
    CHECK(PQstatus(conn) == CONNECTION_OK);
    CHECK(PQerrorMessage(conn)[0] == '\0');
    pid = PQbackendPID(conn);
    CHECK(pid != 0 && pid != parents_pid);
    check_goes_on(conn, pid);
    CHECK(PQexec(conn, NULL) == NULL);
    CHECK(strcmp(PQerrorMessage(conn), "command string is a null pointer\n") == 0);
    PQfinish(conn);
}

static void
reset_step_by_step_in_child(void *argument)
{
    PGconn *conn = argument;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;

    /* Not before an error has been seen. */
    CHECK(PQexec(conn, "select 1") == NULL);
    CHECK(PQresetStart(conn) == 1);
    while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING)
    {
        struct pollfd entry = {
            .fd = PQsocket(conn),
            .events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT
        };

        poll(&entry, 1, -1);
        next = PQresetPoll(conn);
    }
    CHECK(next == PGRES_POLLING_OK);
    CHECK(PQbackendPID(conn) != parents_pid);
    check_goes_on(conn, PQbackendPID(conn));
    PQfinish(conn);
}

static void
a_reset_gives_the_child_a_session_of_its_own(void)
{
    PGconn *conn = connect_or_die("");

    section = "reset";
    parents_pid = PQbackendPID(conn);
    PQclear(PQexec(conn, "create temp table t (x int)"));
    in_child(reset_in_child, conn);
    in_child(reset_step_by_step_in_child, conn);
    CHECK(strcmp(value(conn, "select count(*) from t"), "0") == 0);
    check_goes_on(conn, parents_pid);
    PQfinish(conn);
}

static void
have_a_child_of_its_own(void *parents)
{
    PGconn *conn = connect_or_die("");
    int pid = PQbackendPID(conn);

    first_call = &calls[0];
    in_child(make_one_call, conn);
    in_child(make_one_call, parents);
    check_goes_on(conn, pid);
    CHECK(call_exec(parents));
    in_child(make_all_calls, conn);
    check_goes_on(conn, pid);
    PQfinish(conn);
    PQfinish(parents);
}

static void
children_of_children_are_told_apart_too(void)
{
    PGconn *conn = connect_or_die("");
    int pid = PQbackendPID(conn);

    section = "a child's child";
    in_child(have_a_child_of_its_own, conn);
    check_goes_on(conn, pid);
    PQfinish(conn);
}

/* ---- what stays usable ---- */

static char noticed[256];

static void
note(void *argument, const char *message)
{
    CHECK(argument == noticed);
    snprintf(noticed, sizeof noticed, "%s", message);
}

static void
read_result(void *argument)
{
    PGresult *result = argument;
    PGresult *copy;
    int row;

    for (row = 0; row < 3000; row++)
        CHECK(atoi(PQgetvalue(result, row, 0)) == row + 1 && PQgetlength(result, row, 1) == 200);
    CHECK(strcmp(PQcmdStatus(result), "SELECT 3000") == 0);
    noticed[0] = '\0';
    CHECK(PQgetvalue(result, 3000, 0) == NULL);
    CHECK(strcmp(noticed, "row number 3000 is out of range 0..2999\n") == 0);
    copy = PQcopyResult(result, PG_COPYRES_TUPLES);
    CHECK(PQntuples(copy) == 3000 && atoi(PQgetvalue(copy, 2999, 0)) == 3000);
    PQclear(copy);
    PQclear(result);
}

static void
results_and_their_notice_hooks_work_in_the_child(void)
{
    PGconn *conn = connect_or_die("");
    PGresult *result;

    section = "results";
    PQsetNoticeProcessor(conn, note, noticed);
    result = PQexec(conn, "select g, repeat('x', 200) from generate_series(1, 3000) g");
    in_child(read_result, result);
    read_result(result);
    PQfinish(conn);
}

static void
cancel_from_child(void *cancel)
{
    char error[256] = "";

    CHECK(PQcancel(cancel, error, sizeof error) == 1);
    CHECK(error[0] == '\0');
    PQfreeCancel(cancel);
}

static void
cancel_over_connection_from_child(void *cancel)
{
    CHECK(PQcancelStatus(cancel) == CONNECTION_ALLOCATED);
    CHECK(PQcancelBlocking(cancel) == 1);
    CHECK(PQcancelStatus(cancel) == CONNECTION_OK);
    PQcancelFinish(cancel);
}

/* Waits until the session sleeps: a request that comes before its query is forgotten. */
static void
wait_asleep(PGconn *monitor, int pid)
{
    char query[128];

    snprintf(query, sizeof query,
        "select 'yes' from pg_stat_activity where pid = %d and wait_event = 'PgSleep'", pid);
    while (strcmp(value(monitor, query), "yes") != 0 && PQstatus(monitor) == CONNECTION_OK)
        ;
}

static void
check_cancelled(PGconn *conn)
{
    PGresult *result = PQgetResult(conn);

    CHECK(PQresultStatus(result) == PGRES_FATAL_ERROR &&
        strcmp(PQresultErrorField(result, PG_DIAG_SQLSTATE), "57014") == 0);
    PQclear(result);
    CHECK(PQgetResult(conn) == NULL);
}

static void
cancel_objects_work_in_the_child(void)
{
    PGconn *monitor = connect_or_die("");
    int way;

    for (way = 0; way < 2; way++)
    {
        PGconn *conn = connect_or_die("");
        int pid = PQbackendPID(conn);
        PGcancel *cancel = PQgetCancel(conn);
        PGcancelConn *cancel_conn = PQcancelCreate(conn);

        section = way == 0 ? "PQcancel" : "PQcancelBlocking";
        CHECK(PQsendQuery(conn, "select pg_sleep(50)"));
        wait_asleep(monitor, pid);
        if (way == 0)
            in_child(cancel_from_child, cancel);
        else
            in_child(cancel_over_connection_from_child, cancel_conn);
        check_cancelled(conn);
        /* A server may act twice on one request. */
        PQclear(PQexec(conn, "select pg_sleep(0.05)"));
        check_goes_on(conn, pid);
        PQfreeCancel(cancel);
        PQcancelFinish(cancel_conn);
        PQfinish(conn);
    }
    PQfinish(monitor);
}

static int destroyed;

static int
on_event(PGEventId id, void *info, void *argument)
{
    (void) info;
    (void) argument;
    destroyed += id == PGEVT_CONNDESTROY;
    return 1;
}

static void
finish_with_event(void *conn)
{
    PQfinish(conn);
    CHECK(destroyed == 1);
}

static void
event_procedures_hear_of_the_end_in_the_child(void)
{
    PGconn *conn = connect_or_die("");

    section = "events";
    CHECK(PQregisterEventProc(conn, on_event, "on_event", NULL));
    in_child(finish_with_event, conn);
    CHECK(destroyed == 0);
    PQfinish(conn);
}

/* ---- what is no fork for us ---- */

static void
other_programs_do_no_harm(void)
{
    extern char **environ;
    PGconn *conn = connect_or_die("");
    int pid = PQbackendPID(conn);
    char *arguments[] = {"true", NULL};
    pid_t child;
    int status;

    section = "system and posix_spawn";
    CHECK(system("true") == 0);
    CHECK(posix_spawnp(&child, "true", NULL, NULL, arguments, environ) == 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    child = vfork();
    if (child == 0)
    {
        execlp("true", "true", NULL);
        _exit(127);
    }
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    check_goes_on(conn, pid);
    PQfinish(conn);
}

static void
stream_in_child(void *conn)
{
    PGresult *result;

    CHECK(PQstatus(conn) == CONNECTION_OK);
    result = PQexec(conn, "IDENTIFY_SYSTEM");
    CHECK(PQntuples(result) == 1);
    PQclear(result);
    PQfinish(conn);
}

static void
streaming_connections_may_be_handed_to_a_child(void)
{
    PGconn *conn = connect_or_die("replication=true");

    /* pg_basebackup opens the connection its child streams from. */
    section = "physical replication";
    in_child(stream_in_child, conn);
    PQfinish(conn);

    section = "logical replication";
    conn = connect_or_die("replication=database");
    first_call = &calls[0];
    in_child(make_one_call, conn);
    PQfinish(conn);

    section = "no replication";
    conn = connect_or_die("replication=off");
    in_child(make_one_call, conn);
    PQfinish(conn);
}

static void
the_guard_costs_no_system_call(void)
{
    PGconn *conn = connect_or_die("");
    int before = getpid_calls;
    int handlers = handlers_registered;
    int i;

    section = "cost";
    for (i = 0; i < 100; i++)
    {
        CHECK(PQstatus(conn) == CONNECTION_OK);
        PQclear(PQexec(conn, "select 1"));
    }
    CHECK(getpid_calls == before);
    PQfinish(conn);
    PQfinish(connect_or_die(""));
    CHECK(handlers_registered == handlers);
}

int
main(int argc, char **argv)
{
    if (argc != 2)
    {
        fprintf(stderr, "usage: %s CONNINFO\n", argv[0]);
        return 2;
    }
    conninfo = argv[1];
    alarm(300);
    section = "at load time";
    CHECK(handlers_registered == 0);
    PQfinish(connect_or_die(""));
    CHECK(handlers_registered == 1);
    every_call_fails_in_the_child_and_the_parent_goes_on();
    commands_under_way_end_with_an_error_in_the_child_only();
    a_connection_that_is_being_made_fails_in_the_child_only();
    what_had_failed_before_says_why_in_the_child_too();
    a_reset_gives_the_child_a_session_of_its_own();
    children_of_children_are_told_apart_too();
    results_and_their_notice_hooks_work_in_the_child();
    cancel_objects_work_in_the_child();
    event_procedures_hear_of_the_end_in_the_child();
    other_programs_do_no_harm();
    streaming_connections_may_be_handed_to_a_child();
    the_guard_costs_no_system_call();
    if (failures == 0)
        printf("all as it should be\n");
    return failures == 0 ? 0 : 1;
}
