/*
 * Of pqp_hooks.c: providers of several attempts side by side, racing or all at once.
 */

struct racing
{
    bool        later;          /* answers come from another thread */
    bool        silent;         /* nobody answers for any host */
    bool        refused;        /* for any host */
    int         names;
    int         passwords;
    int         dials;
    int         cancelled;
};

struct owed
{
    pqp_request *request;
    int         what;
};

/* Another host may have won in the meantime. */
static void
settle(pqp_request *request, int what)
{
    int         fd;
    int         status;

    if (what == PQP_WANT_ADDRESSES)
        status = pqp_answer_addresses(request, (const char *const[]){"127.0.0.1", NULL});
    else if (what == PQP_WANT_PASSWORD)
        status = pqp_answer_password(request, "pw-scram");
    else if ((status = pqp_answer_socket(request, fd = server_socket())) != PQP_OK)
        close(fd);
    CHECK(status == PQP_OK || (status == PQP_TOO_LATE && pqp_request_is_cancelled(request)));
}

static void *
settle_later(void *argument)
{
    struct owed *owed = argument;

    usleep(20000);
    settle(owed->request, owed->what);
    pqp_request_free(owed->request);
    free(owed);
    return NULL;
}

static void
count_cancel(void *user, pqp_request *request)
{
    CHECK(pqp_request_is_cancelled(request) == 1);
    __atomic_add_fetch(&((struct racing *) user)->cancelled, 1, __ATOMIC_SEQ_CST);
}

/* Gives what is wanted, but never for "silent.test". */
static int
give(void *user, PGconn *conn, pqp_request *request)
{
    struct racing *racing = user;
    int         what = pqp_request_what(request);
    struct owed *owed;
    pthread_t   thread;

    CHECK(conn != NULL && PQstatus(conn) != CONNECTION_OK);
    if (what == PQP_WANT_PASSWORD)
        racing->passwords++;
    else if (what == PQP_WANT_ADDRESSES)
        racing->names++;
    else
        racing->dials++;
    if (racing->silent || strcmp(pqp_request_host(request), "silent.test") == 0)
    {
        CHECK(pqp_request_on_cancel(request, count_cancel, racing) == PQP_OK);
        return PQP_PROVIDED_ANSWER;
    }
    if (racing->refused)
    {
        CHECK(pqp_answer_error(request, pqp_request_host(request)[0] == 'd' ? "first no" : "second no") == PQP_OK);
        return PQP_PROVIDED_REFUSED;
    }
    if (!racing->later)
    {
        settle(request, what);
        return PQP_PROVIDED_ANSWER;
    }
    owed = malloc(sizeof *owed);
    owed->request = pqp_request_ref(request);
    owed->what = what;
    CHECK(pthread_create(&thread, NULL, settle_later, owed) == 0);
    pthread_detach(thread);
    return PQP_PROVIDED_ANSWER;
}

static PGconn *
raced(struct racing *racing, bool dials, bool steps, const char *hosts, const char *more)
{
    char        options[512];
    pqp_factory *factory;

    snprintf(options, sizeof options, "sslmode=disable host=%s %s", hosts, more);
    factory = factory_for(NULL, "pqp_scram", true, options);
    CHECK(pqp_factory_set_password_provider(factory, give, racing, NULL) == PQP_OK);
    CHECK(pqp_factory_set_resolver(factory, give, racing, NULL) == PQP_OK);
    if (dials)
        CHECK(pqp_factory_set_dialler(factory, give, racing, NULL) == PQP_OK);
    return made(factory, steps);
}

/* With `side`, the options for it; `together`: all at once, so two may be asked for their password. */
static void
side_by_side(bool steps, const char *side, bool together)
{
    char        more[256];
    PGconn     *conn;

    for (int later = 0; later < 2; later++)
        for (int dials = 0; dials < 2; dials++)
        {
            struct racing racing = {.later = later};

            /* One that never answers holds nobody up, and is told when another has won. */
            conn = raced(&racing, dials, steps, "silent.test,db.test", side);
            if (!CHECK(works(conn)))
                printf("    %s, steps %d, later %d, dials %d: %s", side, steps, later, dials, PQerrorMessage(conn));
            CHECK(strcmp(PQhost(conn), "db.test") == 0);
            CHECK(racing.passwords == 1 && racing.cancelled == 1);
            CHECK(dials ? racing.dials == 2 && racing.names == 0 : racing.names == 2);
            CHECK(PQconnectionUsedPassword(conn) == 1 && PQconnectionNeedsPassword(conn) == 0);
            if (dials)
            {
                /* The way to the server is still the application's. */
                PGcancelConn *cancel = PQcancelCreate(conn);

                CHECK(PQcancelBlocking(cancel) == 1);
                CHECK(racing.dials == 3);
                PQcancelFinish(cancel);
            }
            PQfinish(conn);
            CHECK(racing.cancelled == 1);

            /* Both can. */
            racing = (struct racing) {.later = later};
            conn = raced(&racing, dials, steps, "da.test,db.test", side);
            if (!CHECK(works(conn)))
                printf("    %s, steps %d, later %d, dials %d: %s", side, steps, later, dials, PQerrorMessage(conn));
            CHECK(racing.passwords >= 1 && racing.passwords <= 1 + together);
            PQfinish(conn);
        }
    for (int dials = 0; dials < 2; dials++)
    {
        struct racing racing = {.refused = true};
        const char *first;

        conn = raced(&racing, dials, steps, "da.test,eb.test", side);
        CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, "first no") && says(conn, "second no"));
        first = strstr(PQerrorMessage(conn), "first no");
        CHECK(first && strstr(first, "second no") != NULL);
        PQfinish(conn);

        racing = (struct racing) {.silent = true};
        snprintf(more, sizeof more, "%s connect_deadline_ms=300", side);
        conn = raced(&racing, dials, steps, "da.test,db.test", more);
        CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, "timeout expired"));
        CHECK(racing.cancelled == 2);
        PQfinish(conn);
        CHECK(racing.cancelled == 2);
    }
}
