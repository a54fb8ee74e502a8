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

static void
values(PGconn *conn, int binary)
{
    static const char *found[ROWS * 3];
    static int  lengths[ROWS * 3];
    PGresult   *res = PQexecParams(conn, "select g, nullif('x'||g, 'x7'), '' from generate_series(1, 5000) g",
                                   0, NULL, NULL, NULL, NULL, binary);
    int         row,
                column;

    CHECK(PQntuples(res) == ROWS);
    CHECK(pqp_result_values(res, 0, ROWS, 0, 3, found, lengths) == PQP_OK);
    for (row = 0; row < ROWS; row++)
        for (column = 0; column < 3; column++)
        {
            int         i = row * 3 + column;

            if (PQgetisnull(res, row, column))
                CHECK(found[i] == NULL && lengths[i] == -1);
            else
                CHECK(found[i] == PQgetvalue(res, row, column) && lengths[i] == PQgetlength(res, row, column));
        }
    CHECK(PQgetisnull(res, 6, 1) == 1 && PQgetisnull(res, 6, 2) == 0);

    /* one column, two rows of it */
    CHECK(pqp_result_values(res, 5, 2, 1, 1, found, NULL) == PQP_OK);
    CHECK(strcmp(found[0], "x6") == 0 && found[1] == NULL);
    CHECK(pqp_result_values(res, ROWS, 0, 0, 3, found, lengths) == PQP_OK);
    CHECK(pqp_result_values(res, ROWS - 1, 2, 0, 3, found, lengths) == PQP_INVALID);
    CHECK(pqp_result_values(res, -1, 1, 0, 3, found, lengths) == PQP_INVALID);
    CHECK(pqp_result_values(res, 0, 1, 2, 2, found, lengths) == PQP_INVALID);
    CHECK(pqp_result_values(NULL, 0, 0, 0, 0, found, lengths) == PQP_NULL);
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
    copy(conn);
    PQfinish(conn);
    if (failures == 0)
        puts("all as it should be");
    return failures != 0;
}
