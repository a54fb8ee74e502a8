/*
 * Of pqp_hooks.c: the resolver and the dialler, with sockets and transports of the application's.
 */

enum place
{
    RIGHT, THOUSAND, EMPTY, NO_ADDRESS, UNIX_PATH, REFUSED_NAME, LATE_ADDRESS, OWED
};

struct naming
{
    enum place  place;
    int         asked;
    pqp_request *kept;
    pthread_t   thread;
};

static void *
address_later(void *argument)
{
    struct naming *naming = argument;

    usleep(50000);
    CHECK(pqp_answer_addresses(naming->kept, (const char *const[]){"127.0.0.1", NULL}) == PQP_OK);
    pqp_request_free(naming->kept);
    return NULL;
}

static int
give_addresses(void *user, PGconn *conn, pqp_request *request)
{
    struct naming *naming = user;
    static const char *thousand[1001];
    static char texts[1000][20];
    char        path[300];
    int         i;

    (void) conn;
    naming->asked++;
    CHECK(pqp_request_what(request) == PQP_WANT_ADDRESSES);
    CHECK(strcmp(pqp_request_host(request), "db.test") == 0);
    CHECK(*pqp_request_hostaddr(request) == 0 && pqp_request_port(request) == atoi(port));
    switch (naming->place)
    {
        case RIGHT:
            CHECK(pqp_answer_addresses(request, (const char *const[]){"127.0.0.1", NULL}) == PQP_OK);
            return PQP_PROVIDED_ANSWER;
        case THOUSAND:
            /* Nobody listens on this port there: refused at once, all but the last. */
            for (i = 0; i < 999; i++)
            {
                snprintf(texts[i], sizeof texts[i], "127.77.%d.%d", i / 250, 1 + i % 250);
                thousand[i] = texts[i];
            }
            thousand[999] = "127.0.0.1";
            CHECK(pqp_answer_addresses(request, thousand) == PQP_OK);
            return PQP_PROVIDED_ANSWER;
        case EMPTY:
            CHECK(pqp_answer_addresses(request, (const char *const[]){NULL}) == PQP_OK);
            return PQP_PROVIDED_ANSWER;
        case NO_ADDRESS:
            CHECK(pqp_answer_addresses(request, NULL) == PQP_NULL);
            CHECK(pqp_answer_addresses(request, (const char *const[]){"127.0.0.1", "localhost", NULL}) == PQP_INVALID);
            /* It can still be answered. */
            CHECK(pqp_answer_addresses(request, (const char *const[]){"127.0.0.1", NULL}) == PQP_OK);
            return PQP_PROVIDED_ANSWER;
        case UNIX_PATH:
            snprintf(path, sizeof path, "%s/.s.PGSQL.%s", host, port);
            CHECK(pqp_answer_addresses(request, (const char *const[]){path, NULL}) == PQP_OK);
            return PQP_PROVIDED_ANSWER;
        case REFUSED_NAME:
            CHECK(pqp_answer_error(request, "never heard of it") == PQP_OK);
            return PQP_PROVIDED_ANSWER;
        case LATE_ADDRESS:
            naming->kept = pqp_request_ref(request);
            pthread_create(&naming->thread, NULL, address_later, naming);
            return PQP_PROVIDED_ANSWER;
        case OWED:
            return PQP_PROVIDED_ANSWER;
    }
    return 0;
}

static PGconn *
made(pqp_factory *factory, bool steps)
{
    PGconn     *conn;

    if (steps)
    {
        conn = pqp_factory_start(factory);
        CHECK(drive(conn, 15) != PGRES_POLLING_ACTIVE);
    }
    else
        conn = pqp_factory_connect(factory);
    pqp_factory_free(factory);
    return conn;
}

static void
addresses(bool steps)
{
    static const enum place good[] = {RIGHT, THOUSAND, NO_ADDRESS, UNIX_PATH, LATE_ADDRESS};
    struct naming naming = {0};
    pqp_factory *factory;
    PGconn     *conn;
    size_t      i;

    for (i = 0; i < sizeof good / sizeof *good; i++)
    {
        naming = (struct naming) {.place = good[i]};
        factory = factory_for(NULL, "pqp_trust", true, "");
        CHECK(pqp_factory_set_resolver(factory, give_addresses, &naming, NULL) == PQP_OK);
        conn = made(factory, steps);
        if (good[i] == LATE_ADDRESS)
            pthread_join(naming.thread, NULL);
        if (!CHECK(works(conn)))
            printf("    place %d: %s", good[i], PQerrorMessage(conn));
        CHECK(naming.asked == 1);
        if (good[i] != UNIX_PATH)
            CHECK(strcmp(PQhostaddr(conn), "127.0.0.1") == 0);
        PQfinish(conn);
    }
    naming = (struct naming) {.place = EMPTY};
    factory = factory_for(NULL, "pqp_trust", true, "");
    CHECK(pqp_factory_set_resolver(factory, give_addresses, &naming, NULL) == PQP_OK);
    conn = made(factory, steps);
    CHECK(says(conn, "could not translate host name \"db.test\" to address: "));
    PQfinish(conn);
    naming = (struct naming) {.place = REFUSED_NAME};
    factory = factory_for(NULL, "pqp_trust", true, "");
    CHECK(pqp_factory_set_resolver(factory, give_addresses, &naming, NULL) == PQP_OK);
    conn = made(factory, steps);
    CHECK(says(conn, "could not translate host name \"db.test\" to address: never heard of it\n"));
    PQfinish(conn);
    naming = (struct naming) {.place = OWED};
    factory = factory_for(NULL, "pqp_trust", true, "connect_timeout=2");
    CHECK(pqp_factory_set_resolver(factory, give_addresses, &naming, NULL) == PQP_OK);
    conn = made(factory, steps);
    CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, "timeout expired") && says(conn, "db.test"));
    PQfinish(conn);
}

/* ---- transports ---- */

enum way
{
    SOCKET, TRANSPORT, WITH_POLL, LATE_TRANSPORT, NO_DIAL, NOT_OPEN, LIES_READY, LIES_QUIET, TOO_MUCH, NO_BYTES, BREAKS
};

struct tunnel
{
    enum way    way;
    int         asked;
    int         fd;
    int         wake;
    int         closed;
    int         reads;
    int         writes;
    int         polls;
    bool        written;
    pqp_request *kept;
    pthread_t   thread;
};

static int
server_socket(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int         fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(connect(fd, (struct sockaddr *) &address, sizeof address) == 0);
    return fd;
}

static ssize_t
tunnel_read(void *user, char *buf, size_t len)
{
    struct tunnel *tunnel = user;

    tunnel->reads++;
    switch (tunnel->way)
    {
        case LIES_READY:
        case LIES_QUIET:
            errno = EAGAIN;
            return -1;
        case TOO_MUCH:
            return len + 100;
        case BREAKS:
            errno = EIO;
            return -1;
        case WITH_POLL:
            /* So that it is waited for, however fast the server is. */
            if (tunnel->written)
            {
                tunnel->written = false;
                errno = EAGAIN;
                return -1;
            }
            return recv(tunnel->fd, buf, len, MSG_DONTWAIT);
        default:
            return recv(tunnel->fd, buf, len, MSG_DONTWAIT);
    }
}

static ssize_t
tunnel_write(void *user, const char *data, size_t len)
{
    struct tunnel *tunnel = user;

    tunnel->writes++;
    tunnel->written = true;
    if (tunnel->way == NO_BYTES)
        return 0;
    return send(tunnel->fd, data, len, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int
tunnel_poll(void *user, int for_read, int for_write, int timeout_ms)
{
    struct tunnel *tunnel = user;
    struct pollfd fd = {.fd = tunnel->fd, .events = (for_read ? POLLIN : 0) | (for_write ? POLLOUT : 0)};

    tunnel->polls++;
    return poll(&fd, 1, timeout_ms);
}

static void
tunnel_close(void *user)
{
    struct tunnel *tunnel = user;

    tunnel->closed++;
    if (tunnel->fd >= 0)
        close(tunnel->fd);
    if (tunnel->wake >= 0)
        close(tunnel->wake);
    tunnel->fd = tunnel->wake = -1;
}

static pqp_transport *
new_tunnel(struct tunnel *tunnel)
{
    pqp_transport *transport;

    tunnel->fd = server_socket();
    /* A liar's descriptor is always ready, or never. */
    tunnel->wake = eventfd(tunnel->way == LIES_READY ? 1 : 0, EFD_NONBLOCK | EFD_CLOEXEC);
    transport = pqp_transport_new(tunnel->way == LIES_READY || tunnel->way == LIES_QUIET ? tunnel->wake : tunnel->fd,
                                  tunnel, tunnel_close);
    CHECK(pqp_transport_set_read(transport, tunnel_read) == PQP_OK);
    CHECK(pqp_transport_set_write(transport, tunnel_write) == PQP_OK);
    if (tunnel->way == WITH_POLL)
        CHECK(pqp_transport_set_poll(transport, tunnel_poll) == PQP_OK);
    return transport;
}

static void *
transport_later(void *argument)
{
    struct tunnel *tunnel = argument;

    usleep(50000);
    CHECK(pqp_answer_transport(tunnel->kept, new_tunnel(tunnel)) == PQP_OK);
    pqp_request_free(tunnel->kept);
    return NULL;
}

static int
dial(void *user, PGconn *conn, pqp_request *request)
{
    struct tunnel *tunnel = user;
    pqp_transport *transport;
    int         fd;

    (void) conn;
    tunnel->asked++;
    CHECK(pqp_request_what(request) == PQP_WANT_TRANSPORT);
    CHECK(strcmp(pqp_request_host(request), "db.test") == 0);
    switch (tunnel->way)
    {
        case SOCKET:
            fd = server_socket();
            CHECK(pqp_answer_socket(request, fd) == PQP_OK);
            CHECK(pqp_answer_socket(request, 0) == PQP_TWICE);
            return PQP_PROVIDED_ANSWER;
        case LATE_TRANSPORT:
            tunnel->kept = pqp_request_ref(request);
            pthread_create(&tunnel->thread, NULL, transport_later, tunnel);
            return PQP_PROVIDED_ANSWER;
        case NO_DIAL:
            CHECK(pqp_answer_error(request, "the tunnel has fallen in") == PQP_OK);
            return PQP_PROVIDED_ANSWER;
        case NOT_OPEN:
            CHECK(pqp_answer_socket(request, -1) == PQP_INVALID);
            CHECK(pqp_answer_socket(request, 1000000) == PQP_INVALID);
            CHECK(pqp_answer_transport(request, NULL) == PQP_NULL);
            transport = pqp_transport_new(0, NULL, NULL);
            CHECK(pqp_answer_transport(request, transport) == PQP_INVALID);
            pqp_transport_free(transport);
            return 4711;
        default:
            CHECK(pqp_answer_transport(request, new_tunnel(tunnel)) == PQP_OK);
            return PQP_PROVIDED_ANSWER;
    }
}

/* Enough rows that the transport is waited for in between. */
static bool
carries_much(PGconn *conn)
{
    PGresult   *result = PQexec(conn, "select repeat('x', 1000) from generate_series(1, 3000)");
    bool        all = PQntuples(result) == 3000 && PQgetlength(result, 2999, 0) == 1000;

    PQclear(result);
    result = PQexec(conn, "select pg_sleep(0.05)");
    all = all && PQresultStatus(result) == PGRES_TUPLES_OK;
    PQclear(result);
    return all;
}

static void
no_notice(void *user, const char *message)
{
    (void) user;
    (void) message;
}

static PGconn *
through(struct tunnel *tunnel, bool steps, const char *more)
{
    pqp_factory *factory = factory_for(NULL, "pqp_trust", true, more);
    PGconn     *conn;

    CHECK(pqp_factory_set_dialler(factory, dial, tunnel, NULL) == PQP_OK);
    conn = made(factory, steps);
    if (tunnel->way == LATE_TRANSPORT)
        pthread_join(tunnel->thread, NULL);
    return conn;
}

static void
transports(bool steps)
{
    static const enum way good[] = {SOCKET, TRANSPORT, WITH_POLL, LATE_TRANSPORT};
    static const enum way bad[] = {TOO_MUCH, NO_BYTES, BREAKS};
    static const char *const modes[] = {"sslmode=disable", "sslmode=require", "sslmode=prefer"};
    struct tunnel tunnel;
    PGconn     *conn;
    size_t      i, m;
    double      begun;

    for (i = 0; i < sizeof good / sizeof *good; i++)
        for (m = 0; m < 3; m++)
        {
            PGcancelConn *cancel;
            pid_t       child;
            int         status;

            tunnel = (struct tunnel) {.way = good[i], .fd = -1, .wake = -1};
            conn = through(&tunnel, steps, modes[m]);
            if (!CHECK(works(conn) && carries_much(conn)))
                printf("    way %d, %s: %s", good[i], modes[m], PQerrorMessage(conn));
            CHECK(PQsslInUse(conn) == (m != 0));
            CHECK(tunnel.asked == 1 && strcmp(PQhost(conn), "db.test") == 0 && *PQhostaddr(conn) == 0);
            CHECK(good[i] != WITH_POLL || tunnel.polls > 0);
            CHECK(good[i] == SOCKET || (tunnel.reads > 0 && tunnel.writes > 0));
            /* A child neither uses nor closes it. */
            fflush(stdout);
            child = fork();
            if (child == 0)
            {
                PQfinish(conn);
                _exit(tunnel.closed);
            }
            CHECK(waitpid(child, &status, 0) == child && status == 0);
            CHECK(works(conn) && tunnel.closed == 0);
            if (good[i] == SOCKET)
            {
                struct pollfd notice = {.fd = PQsocket(conn), .events = POLLIN};

                /* A cancel request takes the same way. The notice says that there is something to cancel. */
                PQsetNoticeProcessor(conn, no_notice, NULL);
                CHECK(PQsendQuery(conn, "do $$ begin raise notice 'up'; perform pg_sleep(30); end $$") == 1);
                CHECK(poll(&notice, 1, 20000) == 1);
                cancel = PQcancelCreate(conn);
                if (!CHECK(PQcancelBlocking(cancel) == 1 && tunnel.asked == 2))
                    printf("    %s", PQcancelErrorMessage(cancel));
                PQcancelFinish(cancel);
                PQclear(PQgetResult(conn));
                PQclear(PQgetResult(conn));
                CHECK(says(conn, "canceling statement"));
                PQreset(conn);
                CHECK(works(conn) && tunnel.asked == 3);
            }
            PQfinish(conn);
            CHECK(good[i] == SOCKET || tunnel.closed == 1);
        }
    tunnel = (struct tunnel) {.way = NO_DIAL, .fd = -1, .wake = -1};
    conn = through(&tunnel, steps, "");
    CHECK(says(conn, "connection to server at \"db.test\", port ") && says(conn, "failed: the tunnel has fallen in\n"));
    PQfinish(conn);
    tunnel = (struct tunnel) {.way = NOT_OPEN, .fd = -1, .wake = -1};
    conn = through(&tunnel, steps, "");
    CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, "the application has not connected to it"));
    PQfinish(conn);
    for (i = 0; i < sizeof bad / sizeof *bad; i++)
        for (m = 0; m < 2; m++)
        {
            tunnel = (struct tunnel) {.way = bad[i], .fd = -1, .wake = -1};
            conn = through(&tunnel, steps, modes[m]);
            CHECK(PQstatus(conn) == CONNECTION_BAD && *PQerrorMessage(conn));
            PQfinish(conn);
            CHECK(tunnel.closed == 1);
        }
    for (i = 0; i < 2; i++)
    {
        tunnel = (struct tunnel) {.way = i ? LIES_READY : LIES_QUIET, .fd = -1, .wake = -1};
        begun = now();
        conn = through(&tunnel, steps, "connect_timeout=2");
        CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, "timeout expired"));
        CHECK(now() - begun < 8);
        PQfinish(conn);
        CHECK(tunnel.closed == 1);
    }
    CHECK(pqp_transport_set_read(NULL, tunnel_read) == PQP_NULL);
    pqp_transport_free(NULL);
}
