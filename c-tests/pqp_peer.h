/*
 * Of pqp_hooks.c: requirepeer, where the application has connected.
 */
#include <sys/un.h>

enum end
{
    UNIX_END, INTERNET_END, FUNCTIONS_END
};

struct dialling
{
    enum end    end;
    struct tunnel tunnel;
};

static int
dial_end(void *user, PGconn *conn, pqp_request *request)
{
    struct dialling *dialling = user;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int         fd;

    (void) conn;
    switch (dialling->end)
    {
        case UNIX_END:
            snprintf(address.sun_path, sizeof address.sun_path, "%.80s/.s.PGSQL.%.8s", host, port);
            fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
            CHECK(connect(fd, (struct sockaddr *) &address, sizeof address) == 0);
            CHECK(pqp_answer_socket(request, fd) == PQP_OK);
            break;
        case INTERNET_END:
            CHECK(pqp_answer_socket(request, server_socket()) == PQP_OK);
            break;
        case FUNCTIONS_END:
            CHECK(pqp_answer_transport(request, new_tunnel(&dialling->tunnel)) == PQP_OK);
            break;
    }
    return PQP_PROVIDED_ANSWER;
}

/* Connects to a host by name, or to a Unix socket's directory, over something of that kind. */
static PGconn *
over(enum end end, bool by_name, bool steps, const char *more)
{
    static struct dialling dialling;
    pqp_factory *factory = factory_for(NULL, "pqp_trust", by_name, more);

    dialling = (struct dialling) {.end = end, .tunnel = {.way = TRANSPORT, .fd = -1, .wake = -1}};
    CHECK(pqp_factory_set_dialler(factory, dial_end, &dialling, NULL) == PQP_OK);
    return made(factory, steps);
}

static void
requirepeer(bool steps)
{
    static const char unknown[] = "requirepeer specifies \"nobody-at-all\", but the application's transport does not tell its peer\n";
    static const char wrong[] = "requirepeer specifies \"nobody-at-all\", but actual peer user name is \"";
    PGconn     *conn;
    int         by_name;

    for (by_name = 0; by_name < 2; by_name++)
    {
        char        right[100] = "requirepeer=";
        const char *name;

        conn = over(UNIX_END, by_name, steps, "requirepeer=nobody-at-all");
        if (CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, wrong)))
        {
            name = strstr(PQerrorMessage(conn), wrong) + strlen(wrong);
            strncat(right, name, strcspn(name, "\""));
        }
        PQfinish(conn);
        conn = over(UNIX_END, by_name, steps, right);
        CHECK(works(conn));
        PQfinish(conn);

        conn = over(FUNCTIONS_END, by_name, steps, "requirepeer=nobody-at-all");
        CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, unknown));
        PQfinish(conn);

        /* As in libpq it is not asked over IP; but it is not to be got round. */
        conn = over(INTERNET_END, by_name, steps, "requirepeer=nobody-at-all sslmode=disable");
        if (by_name)
            CHECK(works(conn));
        else
            CHECK(PQstatus(conn) == CONNECTION_BAD && says(conn, unknown));
        PQfinish(conn);
    }
}
