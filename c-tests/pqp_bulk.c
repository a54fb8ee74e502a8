/*
 * Values and COPY rows by the many, on a real server: the same as libpq's own functions give one by one.
 *
 *   pqp_bulk CONNINFO
 *
 * Says on standard output which checks failed, and exits with 1 if any did.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libpq-porcelain.h"

#define ROWS 5000

static int failures;

#define CHECK(condition) check((condition), #condition, __LINE__)

static bool
check(bool holds, const char *text, int line)
{
    if (!holds)
    {
        printf("pqp_bulk.c:%d: not so: %s\n", line, text);
        failures++;
    }
    return holds;
}

static PGresult *
run(PGconn *conn, const char *query, ExecStatusType wanted)
{
    PGresult   *res = PQexec(conn, query);

    if (!CHECK(PQresultStatus(res) == wanted))
        printf("%s: %s", query, PQerrorMessage(conn));
    return res;
}

/* What the arrays tell of a value is what the getters tell. */
static void
check_value(const PGresult *res, int row, int column, const char *value, int length, char is_null)
{
    CHECK(is_null == PQgetisnull(res, row, column));
    if (is_null)
        CHECK(value == NULL && length == -1);
    else
        CHECK(value == PQgetvalue(res, row, column) && length == PQgetlength(res, row, column));
}

static void
values(PGconn *conn, int binary)
{
    static const char *found[ROWS * 3];
    static int  lengths[ROWS * 3];
    static char nulls[ROWS * 3];
    PGresult   *res = PQexecParams(conn, "select g, nullif('x'||g, 'x7'), '' from generate_series(1, 5000) g",
                                   0, NULL, NULL, NULL, NULL, binary);
    int         row,
                column;

    CHECK(PQntuples(res) == ROWS);
    memset(nulls, 'n', sizeof nulls);
    CHECK(pqp_result_values(res, 0, ROWS, 0, 3, found, lengths, nulls) == PQP_OK);
    for (row = 0; row < ROWS; row++)
        for (column = 0; column < 3; column++)
        {
            int         i = row * 3 + column;

            check_value(res, row, column, found[i], lengths[i], nulls[i]);
        }
    CHECK(PQgetisnull(res, 6, 1) == 1 && PQgetisnull(res, 6, 2) == 0);

    /* a rectangle within */
    CHECK(pqp_result_values(res, 5, 2, 1, 2, found, lengths, nulls) == PQP_OK);
    for (row = 0; row < 2; row++)
        for (column = 0; column < 2; column++)
            check_value(res, 5 + row, 1 + column, found[row * 2 + column], lengths[row * 2 + column],
                        nulls[row * 2 + column]);
    CHECK(strcmp(found[0], "x6") == 0 && found[2] == NULL);
    for (column = 0; column < 3; column++)
    {
        CHECK(pqp_result_column(res, column, 3, 10, found, lengths, nulls) == PQP_OK);
        for (row = 0; row < 10; row++)
            check_value(res, 3 + row, column, found[row], lengths[row], nulls[row]);
    }

    /* arrays that are not wanted, and areas that are not there */
    found[0] = NULL;
    lengths[0] = 77;
    nulls[0] = 'n';
    CHECK(pqp_result_values(res, 0, 1, 0, 1, NULL, NULL, NULL) == PQP_OK);
    CHECK(pqp_result_values(res, ROWS, 0, 0, 3, found, lengths, nulls) == PQP_OK);
    CHECK(pqp_result_values(res, ROWS - 1, 2, 0, 3, found, lengths, nulls) == PQP_INVALID);
    CHECK(pqp_result_values(res, -1, 1, 0, 3, found, lengths, nulls) == PQP_INVALID);
    CHECK(pqp_result_values(res, 0, -1, 0, 3, found, lengths, nulls) == PQP_INVALID);
    CHECK(pqp_result_values(res, 0, 1, 2, 2, found, lengths, nulls) == PQP_INVALID);
    CHECK(pqp_result_column(res, 3, 0, 1, found, lengths, nulls) == PQP_INVALID);
    CHECK(pqp_result_column(res, -1, 0, 1, found, lengths, nulls) == PQP_INVALID);
    CHECK(pqp_result_values(NULL, 0, 0, 0, 0, found, lengths, nulls) == PQP_NULL);
    CHECK(pqp_result_column(NULL, 0, 0, 0, found, lengths, nulls) == PQP_NULL);
    CHECK(found[0] == NULL && lengths[0] == 77 && nulls[0] == 'n');
    CHECK(pqp_result_column(res, 1, 6, 1, NULL, NULL, nulls) == PQP_OK && nulls[0] == 1);
    CHECK(pqp_result_column(res, 0, 0, 1, NULL, lengths, NULL) == PQP_OK && lengths[0] == (binary ? 4 : 1));
    PQclear(res);
}

static void
copy(PGconn *conn)
{
    const char *rows[100];
    int         lengths[100];
    int         pieces = 0,
                total = 0,
                count,
                i;
    char        line[ROWS][16];
    const char *lines[ROWS];
    int         line_lengths[ROWS];

    for (i = 0; i < ROWS; i++)
    {
        line_lengths[i] = snprintf(line[i], sizeof line[i], "%d\n", i);
        lines[i] = line[i];
    }
    PQclear(run(conn, "create temp table numbers (n int)", PGRES_COMMAND_OK));
    PQclear(run(conn, "copy numbers from stdin", PGRES_COPY_IN));
    CHECK(pqp_put_copy_pieces(conn, ROWS, lines, line_lengths) == ROWS);
    CHECK(PQputCopyEnd(conn, NULL) == 1);
    PQclear(PQgetResult(conn));
    CHECK(PQgetResult(conn) == NULL);
    CHECK(pqp_put_copy_pieces(conn, 1, lines, line_lengths) == -1);
    CHECK(pqp_put_copy_pieces(NULL, 1, lines, line_lengths) == -1);

    PQclear(run(conn, "copy (select n from numbers order by n) to stdout", PGRES_COPY_OUT));
    while ((count = pqp_copy_rows(conn, 100, rows, lengths, 0)) > 0)
    {
        for (i = 0; i < count; i++, total++)
            CHECK(total < ROWS && lengths[i] == line_lengths[total]
                  && memcmp(rows[i], lines[total], (size_t) lengths[i]) == 0);
        pieces++;
    }
    CHECK(count == -1 && total == ROWS && pieces < ROWS / 10);
    PQclear(PQgetResult(conn));
    CHECK(PQgetResult(conn) == NULL);
    CHECK(pqp_copy_rows(conn, 100, rows, lengths, 0) == -2);
    CHECK(pqp_copy_rows(conn, 0, rows, lengths, 0) == -2);
    CHECK(pqp_copy_rows(NULL, 100, rows, lengths, 0) == -2);
}

/* Values whose lengths the table of a result does not hold: 16 MiB and more. */
static void
long_values(PGconn *conn)
{
    const char *found[6];
    int         lengths[6];
    char        nulls[6];
    PGresult   *res = run(conn, "select repeat('x', n), nullif(n, 2), n from (values (2), (16777216), (3)) v(n)",
                          PGRES_TUPLES_OK);
    int         row,
                column;

    CHECK(pqp_result_values(res, 0, 3, 0, 2, found, lengths, nulls) == PQP_OK);
    for (row = 0; row < 3; row++)
        for (column = 0; column < 2; column++)
            check_value(res, row, column, found[row * 2 + column], lengths[row * 2 + column], nulls[row * 2 + column]);
    CHECK(lengths[2] == 16777216 && nulls[1] == 1);
    PQclear(res);
}

/*
 * Pieces of all sizes, cut anywhere: small ones that are put together, and large ones that are sent from where they lie, of
 * which a socket takes only a part at once.
 */
static void
pieces(PGconn *conn, int nonblocking)
{
    static const int sizes[] = {1, 100, 8187, 8192, 3, 65536, 0, 5000, 4000000, 17, 100000};
    enum
    {
        COUNT = sizeof sizes / sizeof sizes[0]
    };
    static char text[5000000];
    const char *places[COUNT];
    size_t      filled = 0;
    int         count,
                done = 0,
                i;
    PGresult   *res;

    for (i = 0; i < COUNT; i++)
    {
        places[i] = text + filled;
        filled += (size_t) sizes[i];
    }
    CHECK(filled < sizeof text);
    for (i = 0; i < (int) filled; i++)
        text[i] = i % 1000 == 999 ? '\n' : (char) ('a' + i / 7 % 26);
    text[filled - 1] = '\n';

    PQclear(run(conn, "create temp table lines (id serial, line text)", PGRES_COMMAND_OK));
    CHECK(PQsetnonblocking(conn, nonblocking) == 0);
    PQclear(run(conn, "copy lines (line) from stdin", PGRES_COPY_IN));
    while (done < COUNT && (count = pqp_put_copy_pieces(conn, COUNT - done, places + done, sizes + done)) >= 0)
        done += count;
    CHECK(done == COUNT);
    CHECK(PQputCopyEnd(conn, NULL) == 1);
    while ((i = PQflush(conn)) == 1)
        CHECK(PQconsumeInput(conn) == 1);
    CHECK(i == 0 && PQsetnonblocking(conn, 0) == 0);
    res = PQgetResult(conn);
    CHECK(PQresultStatus(res) == PGRES_COMMAND_OK);
    PQclear(res);
    CHECK(PQgetResult(conn) == NULL);

    res = run(conn, "select string_agg(line || e'\\n', '' order by id) from lines", PGRES_TUPLES_OK);
    CHECK((size_t) PQgetlength(res, 0, 0) == filled && memcmp(PQgetvalue(res, 0, 0), text, filled) == 0);
    PQclear(res);
    PQclear(run(conn, "drop table lines", PGRES_COMMAND_OK));
}

int
main(int argc, char **argv)
{
    PGconn     *conn;

    if (argc != 2)
        return 2;
    conn = PQconnectdb(argv[1]);
    CHECK(PQstatus(conn) == CONNECTION_OK);
    values(conn, 0);
    values(conn, 1);
    long_values(conn);
    copy(conn);
    pieces(conn, 0);
    pieces(conn, 1);
    PQfinish(conn);
    if (failures == 0)
        puts("all as it should be");
    return failures != 0;
}
