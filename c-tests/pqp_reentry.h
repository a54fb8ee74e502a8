/*
 * Of pqp_hooks.c: functions of the application's that use the connection they are called for. Hooks may; what is called in the
 * midst of its work is refused, and the work goes on.
 */

/* Everything that is refused, on a connection that is in use. */
static void
is_refused(PGconn *conn)
{
    char        buffer[8];
    char       *copied = buffer;
    char       *error = NULL;
    PGcancel   *cancel;

    CHECK(PQstatus(conn) == CONNECTION_BAD && PQsocket(conn) == -1 && PQbackendPID(conn) == 0);
    CHECK(strcmp(PQerrorMessage(conn), "connection is in use by the call that this one was made from\n") == 0);
    CHECK(PQtransactionStatus(conn) == PQTRANS_UNKNOWN && PQparameterStatus(conn, "server_version") == NULL);
    CHECK(PQexec(conn, "select 1") == NULL);
    CHECK(PQsendQuery(conn, "select 1") == 0 && PQgetResult(conn) == NULL && PQconsumeInput(conn) == 0);
    CHECK(PQputCopyData(conn, "x", 1) == -1 && PQputCopyEnd(conn, NULL) == -1 && PQgetCopyData(conn, &copied, 0) == -2);
    CHECK(PQflush(conn) == -1 && PQnotifies(conn) == NULL && PQsetnonblocking(conn, 1) == -1);
    CHECK(PQconnectPoll(conn) == PGRES_POLLING_FAILED && PQresetStart(conn) == 0);
    CHECK(PQenterPipelineMode(conn) == 0 && PQpipelineSync(conn) == 0);
    cancel = PQgetCancel(conn);
    CHECK(cancel == NULL);
    CHECK(pqp_conn_set_param(conn, "port", "1", &error) == PQP_IN_USE && error == NULL);
    CHECK(pqp_conn_set_user_data(conn, buffer) == PQP_IN_USE && pqp_conn_user_data(conn) == NULL);
    CHECK(pqp_conn_set_dialler(conn, answer_default, NULL, NULL) == PQP_IN_USE);
    CHECK(pqp_conn_is_alive(conn) == 0 && pqp_connect_report(conn) == NULL);
    PQreset(conn);
    PQtrace(conn, stdout);
    PQfinish(conn);
}

/* Another connection, which the functions use instead. */
static PGconn *other;
static int  others_notices;

static void
look_at_other(void *user, const char *message)
{
    (void) user;
    others_notices++;
    CHECK(strstr(message, "to the other") != NULL);
    CHECK(PQstatus(other) == CONNECTION_OK && *PQerrorMessage(other) == 0);
    CHECK(PQparameterStatus(other, "server_version") != NULL);
}

struct reentry
{
    struct tunnel tunnel;
    PGconn     *conn;
    int         reads;
    int         writes;
    int         polls;
    int         closes;
    int         freed;
};

static ssize_t
reentering_read(void *user, char *buf, size_t len)
{
    struct reentry *reentry = user;

    reentry->reads++;
    is_refused(reentry->conn);
    /* Another connection may be used, by its own hooks too. */
    if (reentry->reads % 16 == 1)
        PQclear(PQexec(other, "do $$ begin raise notice 'to the other'; end $$"));
    return tunnel_read(&reentry->tunnel, buf, len);
}

static ssize_t
reentering_write(void *user, const char *data, size_t len)
{
    struct reentry *reentry = user;

    reentry->writes++;
    is_refused(reentry->conn);
    return tunnel_write(&reentry->tunnel, data, len);
}

static int
reentering_poll(void *user, int for_read, int for_write, int timeout_ms)
{
    struct reentry *reentry = user;
    struct pollfd fd = {.fd = reentry->tunnel.fd, .events = (for_read ? POLLIN : 0) | (for_write ? POLLOUT : 0)};

    reentry->polls++;
    is_refused(reentry->conn);
    return poll(&fd, 1, timeout_ms);
}

static void
reentering_close(void *user)
{
    struct reentry *reentry = user;

    reentry->closes++;
    is_refused(reentry->conn);
    close(reentry->tunnel.fd);
}

static void
reentering_free(void *user)
{
    struct reentry *reentry = user;

    reentry->freed++;
    is_refused(reentry->conn);
}

static int
dial_reentering(void *user, PGconn *conn, pqp_request *request)
{
    struct reentry *reentry = user;
    pqp_transport *transport;

    /* A provider is a hook: it may look. */
    CHECK(PQstatus(conn) != CONNECTION_BAD && PQuser(conn) != NULL && *PQerrorMessage(conn) == 0);
    reentry->conn = conn;
    reentry->tunnel.fd = server_socket();
    transport = pqp_transport_new(reentry->tunnel.fd, reentry, reentering_close);
    CHECK(pqp_transport_set_read(transport, reentering_read) == PQP_OK);
    CHECK(pqp_transport_set_write(transport, reentering_write) == PQP_OK);
    CHECK(pqp_transport_set_poll(transport, reentering_poll) == PQP_OK);
    CHECK(pqp_answer_transport(request, transport) == PQP_OK);
    return PQP_PROVIDED_ANSWER;
}

/* In hooks that are called between steps, what libpq allows in them goes on working. */
static int  told;

static void
processor_looks(void *user, const char *message)
{
    PGconn     *conn = *(PGconn **) user;

    (void) message;
    told++;
    CHECK(PQstatus(conn) == CONNECTION_OK && PQsocket(conn) >= 0 && PQbackendPID(conn) > 0);
    CHECK(PQparameterStatus(conn, "server_version") != NULL && *PQerrorMessage(conn) == 0);
    CHECK(PQtransactionStatus(conn) == PQTRANS_ACTIVE && PQclientEncoding(conn) >= 0);
    CHECK(pqp_conn_set_user_data(conn, NULL) == PQP_OK);
}

static int
procedure_uses(PGEventId id, void *info, void *user)
{
    (void) user;
    if (id == PGEVT_RESULTCREATE)
    {
        PGEventResultCreate *event = info;

        told++;
        CHECK(PQstatus(event->conn) == CONNECTION_OK && PQinstanceData(event->conn, procedure_uses) == &told);
        CHECK(PQsetInstanceData(event->conn, procedure_uses, &told) == 1);
    }
    else if (id == PGEVT_REGISTER)
        CHECK(PQsetInstanceData(((PGEventRegister *) info)->conn, procedure_uses, &told) == 1);
    else if (id == PGEVT_CONNDESTROY)
    {
        told++;
        CHECK(PQinstanceData(((PGEventConnDestroy *) info)->conn, procedure_uses) == &told);
    }
    return 1;
}

/* Given up while an answer is owed: who is told of that comes back. */
static PGconn *owing;
static int  owed_told;

static void
cancel_uses(void *user, pqp_request *request)
{
    (void) user;
    (void) request;
    owed_told++;
    is_refused(owing);
}

static int
owe(void *user, PGconn *conn, pqp_request *request)
{
    (void) user;
    owing = conn;
    CHECK(pqp_request_on_cancel(request, cancel_uses, NULL) == PQP_OK);
    return PQP_PROVIDED_ANSWER;
}

static void
reentry(bool steps)
{
    static const char *const modes[] = {"sslmode=disable", "sslmode=require"};
    pqp_factory *factory;
    PGconn     *conn;
    size_t      m;

    factory = factory_for(NULL, "pqp_trust", false, "");
    other = pqp_factory_connect(factory);
    pqp_factory_free(factory);
    PQsetNoticeProcessor(other, look_at_other, NULL);
    others_notices = 0;
    for (m = 0; m < 2; m++)
    {
        struct reentry reentry = {.tunnel.way = WITH_POLL};

        factory = factory_for(NULL, "pqp_trust", true, modes[m]);
        conn = pqp_factory_start(factory);
        CHECK(pqp_conn_set_dialler(conn, dial_reentering, &reentry, reentering_free) == PQP_OK);
        if (steps)
            CHECK(drive(conn, 15) == PGRES_POLLING_OK);
        else
        {
            /* All at once: as PQreset does it. */
            PQreset(conn);
        }
        if (!CHECK(works(conn) && carries_much(conn)))
            printf("    %s: %s", modes[m], PQerrorMessage(conn));
        CHECK(*PQerrorMessage(conn) == 0 && PQstatus(conn) == CONNECTION_OK);
        CHECK(reentry.reads > 0 && reentry.writes > 0 && reentry.polls > 0 && reentry.closes == 0);
        /* An error of the work is what stays, not that a call in between was refused. */
        PQclear(PQexec(conn, "select nonsense"));
        CHECK(says(conn, "column \"nonsense\" does not exist"));

        told = 0;
        PQsetNoticeProcessor(conn, processor_looks, &conn);
        PQclear(PQexec(conn, "do $$ begin raise notice 'n'; end $$"));
        CHECK(told == 1);
        CHECK(PQregisterEventProc(conn, procedure_uses, "uses", NULL) == 1);
        PQclear(PQexec(conn, "select 1"));
        CHECK(told == 2);
        PQfinish(conn);
        CHECK(told == 3 && reentry.closes == 1 && reentry.freed == 1);
        pqp_factory_free(factory);
    }
    CHECK(others_notices > 2);
    PQfinish(other);

    factory = factory_for(NULL, "pqp_scram", false, "connect_deadline_ms=300");
    CHECK(pqp_factory_set_password_provider(factory, owe, NULL, NULL) == PQP_OK);
    owed_told = 0;
    conn = made(factory, steps);
    CHECK(owed_told == 1 && PQstatus(conn) == CONNECTION_BAD && says(conn, "timeout expired"));
    PQfinish(conn);
    CHECK(owed_told == 1);
}
