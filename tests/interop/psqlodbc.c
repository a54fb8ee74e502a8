/*
 * psqlodbc through unixODBC: connecting, values of every C type, parameters, cursors, catalog,
 * errors, transactions, arrays, long data. Prints what run.py reads: one line a test, with what the
 * test saw. The connection string is the only argument.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sql.h>
#include <sqlext.h>

static SQLHENV env;
static SQLHDBC dbc;
static char seen[16384];
static size_t used;
static int failed;

static void
saw(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    used += (size_t) vsnprintf(seen + used, used < sizeof seen ? sizeof seen - used : 0, format, args);
    va_end(args);
    if (used >= sizeof seen)
        used = sizeof seen - 1;
}

static void
test(const char *name, void (*run)(void))
{
    const char *at;
    const char *host = getenv("PQP_HOST");
    const char *port = getenv("PQP_PORT");

    used = 0;
    seen[0] = '\0';
    failed = 0;
    run();
    printf("%s - %s\t", failed ? "not ok" : "ok", name);
    for (at = seen; *at != '\0'; at++)
    {
        if (host != NULL && strncmp(at, host, strlen(host)) == 0)
        {
            printf("HOST");
            at += strlen(host) - 1;
        }
        else if (port != NULL && strncmp(at, port, strlen(port)) == 0)
        {
            printf("PORT");
            at += strlen(port) - 1;
        }
        else if (*at == '\n')
            printf("\\n");
        else
            putchar(*at);
    }
    putchar('\n');
    fflush(stdout);
}

static void
diagnostics(SQLSMALLINT kind, SQLHANDLE handle)
{
    SQLCHAR state[6], text[1024];
    SQLINTEGER native;
    SQLSMALLINT length;
    SQLSMALLINT i;

    for (i = 1; SQL_SUCCEEDED(SQLGetDiagRec(kind, handle, i, state, &native, text, sizeof text, &length)); i++)
        saw("[%s %d %s]", (char *) state, (int) native, (char *) text);
}

/* the call must succeed */
static SQLRETURN
must(SQLRETURN code, SQLSMALLINT kind, SQLHANDLE handle)
{
    if (!SQL_SUCCEEDED(code) && code != SQL_NO_DATA && code != SQL_NEED_DATA)
    {
        failed = 1;
        saw("code %d ", (int) code);
        diagnostics(kind, handle);
    }
    return code;
}

#define STMT(call) must((call), SQL_HANDLE_STMT, stmt)

static SQLHSTMT
statement(void)
{
    SQLHSTMT stmt = SQL_NULL_HSTMT;

    must(SQLAllocHandle(SQL_HANDLE_STMT, dbc, &stmt), SQL_HANDLE_DBC, dbc);
    return stmt;
}

static void
leave(SQLHSTMT stmt)
{
    SQLFreeHandle(SQL_HANDLE_STMT, stmt);
}

static SQLCHAR *
text(const char *string)
{
    return (SQLCHAR *) string;
}

static void
rows(SQLHSTMT stmt)
{
    SQLSMALLINT columns = 0;

    STMT(SQLNumResultCols(stmt, &columns));
    while (SQL_SUCCEEDED(STMT(SQLFetch(stmt))))
    {
        saw("(");
        for (SQLUSMALLINT i = 1; i <= columns; i++)
        {
            char value[256];
            SQLLEN length;

            STMT(SQLGetData(stmt, i, SQL_C_CHAR, value, sizeof value, &length));
            saw("%s%s", i > 1 ? "|" : "", length == SQL_NULL_DATA ? "null" : value);
        }
        saw(")");
    }
}

static void
query(const char *sql)
{
    SQLHSTMT stmt = statement();
    SQLRETURN code = SQLExecDirect(stmt, text(sql), SQL_NTS);
    SQLLEN count = -1;

    if (!SQL_SUCCEEDED(code) && code != SQL_NO_DATA)
        diagnostics(SQL_HANDLE_STMT, stmt);
    else
    {
        SQLSMALLINT columns = 0;

        STMT(SQLRowCount(stmt, &count));
        STMT(SQLNumResultCols(stmt, &columns));
        if (columns > 0)
            rows(stmt);
        else
            saw("<%ld>", (long) count);
    }
    leave(stmt);
}

static void
information(void)
{
    static const SQLUSMALLINT kinds[] = {SQL_DBMS_NAME, SQL_DBMS_VER, SQL_DATABASE_NAME, SQL_USER_NAME, SQL_DRIVER_NAME, SQL_SERVER_NAME};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    {
        char value[256] = "";

        must(SQLGetInfo(dbc, kinds[i], value, sizeof value, NULL), SQL_HANDLE_DBC, dbc);
        saw("%s ", value);
    }
}

static void
refusals(void)
{
    static const char *more[] = {";Database=absent", ";Port=1;Servername=127.0.0.1", ";Username=pqp_scram;Servername=127.0.0.1;Password=no", ";Username=pqp_scram;Servername=127.0.0.1", NULL};

    for (int i = 0; more[i] != NULL; i++)
    {
        char string[1024];
        SQLHDBC other;

        /* the first of two settings counts */
        snprintf(string, sizeof string, "Driver=PostgreSQL Unicode%s;Servername=%s;Port=%s;Database=%s;Username=postgres", more[i], getenv("PQP_HOST"), getenv("PQP_PORT"), getenv("PGDATABASE"));
        SQLAllocHandle(SQL_HANDLE_DBC, env, &other);
        if (SQL_SUCCEEDED(SQLDriverConnect(other, NULL, text(string), SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT)))
        {
            saw("connected ");
            SQLDisconnect(other);
        }
        else
            diagnostics(SQL_HANDLE_DBC, other);
        SQLFreeHandle(SQL_HANDLE_DBC, other);
    }
}

static void
passwords(void)
{
    static const char *ways[] = {"password", "md5", "scram"};

    for (int i = 0; i < 3; i++)
    {
        char string[1024];
        SQLHDBC kept = dbc;

        snprintf(string, sizeof string, "Driver=PostgreSQL Unicode;Servername=127.0.0.1;Port=%s;Database=%s;Username=pqp_%s;Password=pw-%s", getenv("PQP_PORT"), getenv("PGDATABASE"), ways[i], ways[i]);
        SQLAllocHandle(SQL_HANDLE_DBC, env, &dbc);
        must(SQLDriverConnect(dbc, NULL, text(string), SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT), SQL_HANDLE_DBC, dbc);
        query("select current_user");
        SQLDisconnect(dbc);
        SQLFreeHandle(SQL_HANDLE_DBC, dbc);
        dbc = kept;
    }
}

static void
values(void)
{
    query("select 1, -2::int8, 1.5::float8, 'it''s', true, null, '12345678901234567890.5'::numeric, '2024-02-29'::date, '2024-02-29 12:34:56.789'::timestamp, '\\x00ff'::bytea, '{1,2}'::int[]");
}

static void
typed_values(void)
{
    SQLHSTMT stmt = statement();
    SQLINTEGER number = 0;
    SQLBIGINT big = 0;
    double real = 0;
    SQL_TIMESTAMP_STRUCT when;
    unsigned char bytes[8];
    SQLLEN ind[5];

    STMT(SQLExecDirect(stmt, text("select 42, 9007199254740993::int8, 2.25::float8, '2024-02-29 12:34:56'::timestamp, '\\x0001ff'::bytea"), SQL_NTS));
    STMT(SQLBindCol(stmt, 1, SQL_C_SLONG, &number, 0, &ind[0]));
    STMT(SQLBindCol(stmt, 2, SQL_C_SBIGINT, &big, 0, &ind[1]));
    STMT(SQLBindCol(stmt, 3, SQL_C_DOUBLE, &real, 0, &ind[2]));
    STMT(SQLBindCol(stmt, 4, SQL_C_TYPE_TIMESTAMP, &when, 0, &ind[3]));
    STMT(SQLBindCol(stmt, 5, SQL_C_BINARY, bytes, sizeof bytes, &ind[4]));
    STMT(SQLFetch(stmt));
    saw("%d %lld %g %d-%d-%d %d:%d:%d %ld %02x%02x%02x", number, (long long) big, real, when.year, when.month, when.day, when.hour, when.minute, when.second, (long) ind[4], bytes[0], bytes[1], bytes[2]);
    leave(stmt);
}

static void
wide_text(void)
{
    SQLHSTMT stmt = statement();
    SQLWCHAR wide[16];
    SQLLEN length;

    STMT(SQLExecDirect(stmt, text("select U&'\\00fc\\20ac\\+01f600'"), SQL_NTS));
    STMT(SQLFetch(stmt));
    STMT(SQLGetData(stmt, 1, SQL_C_WCHAR, wide, sizeof wide, &length));
    for (int i = 0; i < (int) (length / 2); i++)
        saw("%04x ", wide[i]);
    leave(stmt);
}

static void
parameters(void)
{
    SQLHSTMT stmt = statement();
    SQLINTEGER number = 5;
    char name[] = "it's ?";
    SQLLEN nts = SQL_NTS, null = SQL_NULL_DATA, size = 3;
    unsigned char bytes[] = {0, 39, 255};

    STMT(SQLPrepare(stmt, text("select ?::int + 1, ?::text || '!', ?::text, encode(?::bytea, 'hex')"), SQL_NTS));
    STMT(SQLBindParameter(stmt, 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &number, 0, NULL));
    STMT(SQLBindParameter(stmt, 2, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 100, 0, name, sizeof name, &nts));
    STMT(SQLBindParameter(stmt, 3, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_VARCHAR, 100, 0, NULL, 0, &null));
    STMT(SQLBindParameter(stmt, 4, SQL_PARAM_INPUT, SQL_C_BINARY, SQL_VARBINARY, 100, 0, bytes, sizeof bytes, &size));
    for (; number < 8; number++)
    {
        STMT(SQLExecute(stmt));
        rows(stmt);
        STMT(SQLCloseCursor(stmt));
    }
    leave(stmt);
}

static void
described(void)
{
    SQLHSTMT stmt = statement();
    SQLSMALLINT columns, parameters;

    STMT(SQLPrepare(stmt, text("select id, name, price from goods where id > ?"), SQL_NTS));
    STMT(SQLNumParams(stmt, &parameters));
    STMT(SQLNumResultCols(stmt, &columns));
    saw("%d %d ", parameters, columns);
    for (SQLUSMALLINT i = 1; i <= columns; i++)
    {
        char name[64];
        SQLSMALLINT type, digits, nullable;
        SQLULEN size;

        STMT(SQLDescribeCol(stmt, i, text(name), sizeof name, NULL, &type, &size, &digits, &nullable));
        saw("%s %d %lu %d %d;", name, type, (unsigned long) size, digits, nullable);
    }
    leave(stmt);
}

static void
table(void)
{
    query("create table goods (id serial primary key, name varchar(40) not null, price numeric(8,2) check (price >= 0))");
    query("insert into goods (name, price) values ('apple', 1.25), ('pear', null), ('fig', 3)");
    query("update goods set price = price + 1 where id <> 2");
    query("delete from goods where id = 99");
    query("select * from goods order by id");
}

static void
errors(void)
{
    query("select 1/0");
    query("select * from nowhere");
    query("selec");
    query("insert into goods (name, price) values ('x', -1)");
    query("insert into goods (id, name) values (1, 'x')");
    query("select 'x'::int");
    query("select 1");
}

static void
messages(void)
{
    SQLHSTMT stmt = statement();

    saw("%d ", SQLExecDirect(stmt, text("do $$ begin raise notice 'one'; raise warning 'two'; end $$"), SQL_NTS));
    diagnostics(SQL_HANDLE_STMT, stmt);
    leave(stmt);
}

static void
transactions(void)
{
    must(SQLSetConnectAttr(dbc, SQL_ATTR_AUTOCOMMIT, (SQLPOINTER) SQL_AUTOCOMMIT_OFF, 0), SQL_HANDLE_DBC, dbc);
    query("insert into goods (name) values ('gone')");
    must(SQLEndTran(SQL_HANDLE_DBC, dbc, SQL_ROLLBACK), SQL_HANDLE_DBC, dbc);
    query("insert into goods (name) values ('kept')");
    query("select 1/0");
    query("select name from goods where name in ('gone', 'kept')");
    must(SQLEndTran(SQL_HANDLE_DBC, dbc, SQL_COMMIT), SQL_HANDLE_DBC, dbc);
    query("select name from goods where name in ('gone', 'kept')");
    must(SQLEndTran(SQL_HANDLE_DBC, dbc, SQL_COMMIT), SQL_HANDLE_DBC, dbc);
    must(SQLSetConnectAttr(dbc, SQL_ATTR_AUTOCOMMIT, (SQLPOINTER) SQL_AUTOCOMMIT_ON, 0), SQL_HANDLE_DBC, dbc);
}

static void
catalog(void)
{
    SQLHSTMT stmt = statement();

    STMT(SQLTables(stmt, NULL, 0, text("public"), SQL_NTS, text("%"), SQL_NTS, text("TABLE"), SQL_NTS));
    while (SQL_SUCCEEDED(STMT(SQLFetch(stmt))))
    {
        char name[64];

        STMT(SQLGetData(stmt, 3, SQL_C_CHAR, name, sizeof name, NULL));
        saw("%s ", name);
    }
    STMT(SQLCloseCursor(stmt));
    STMT(SQLColumns(stmt, NULL, 0, text("public"), SQL_NTS, text("goods"), SQL_NTS, NULL, 0));
    while (SQL_SUCCEEDED(STMT(SQLFetch(stmt))))
    {
        char name[64], type[64], size[64];

        STMT(SQLGetData(stmt, 4, SQL_C_CHAR, name, sizeof name, NULL));
        STMT(SQLGetData(stmt, 6, SQL_C_CHAR, type, sizeof type, NULL));
        STMT(SQLGetData(stmt, 7, SQL_C_CHAR, size, sizeof size, NULL));
        saw("%s %s %s;", name, type, size);
    }
    STMT(SQLCloseCursor(stmt));
    STMT(SQLPrimaryKeys(stmt, NULL, 0, text("public"), SQL_NTS, text("goods"), SQL_NTS));
    STMT(SQLFetch(stmt));
    {
        char name[64] = "";

        STMT(SQLGetData(stmt, 4, SQL_C_CHAR, name, sizeof name, NULL));
        saw("key %s", name);
    }
    STMT(SQLCloseCursor(stmt));
    STMT(SQLStatistics(stmt, NULL, 0, text("public"), SQL_NTS, text("goods"), SQL_NTS, SQL_INDEX_ALL, SQL_QUICK));
    rows(stmt);
    leave(stmt);
}

static void
scrolling(void)
{
    SQLHSTMT stmt = statement();
    SQLINTEGER number = 0;
    static const struct
    {
        SQLSMALLINT way;
        SQLLEN offset;
    } steps[] = {{SQL_FETCH_NEXT, 0}, {SQL_FETCH_LAST, 0}, {SQL_FETCH_PRIOR, 0}, {SQL_FETCH_ABSOLUTE, 10}, {SQL_FETCH_RELATIVE, -3}, {SQL_FETCH_FIRST, 0}};

    STMT(SQLSetStmtAttr(stmt, SQL_ATTR_CURSOR_TYPE, (SQLPOINTER) SQL_CURSOR_STATIC, 0));
    STMT(SQLExecDirect(stmt, text("select g from generate_series(1, 500) g"), SQL_NTS));
    STMT(SQLBindCol(stmt, 1, SQL_C_SLONG, &number, 0, NULL));
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
    {
        STMT(SQLFetchScroll(stmt, steps[i].way, steps[i].offset));
        saw("%d ", number);
    }
    leave(stmt);
}

static void
arrays(void)
{
    SQLHSTMT stmt = statement();
    SQLINTEGER numbers[100];
    SQLUSMALLINT status[100];
    SQLULEN done = 0;

    query("create temp table many (x int)");
    for (int i = 0; i < 100; i++)
        numbers[i] = i * i;
    STMT(SQLSetStmtAttr(stmt, SQL_ATTR_PARAMSET_SIZE, (SQLPOINTER) 100, 0));
    STMT(SQLSetStmtAttr(stmt, SQL_ATTR_PARAM_STATUS_PTR, status, 0));
    STMT(SQLSetStmtAttr(stmt, SQL_ATTR_PARAMS_PROCESSED_PTR, &done, 0));
    STMT(SQLBindParameter(stmt, 1, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, numbers, 0, NULL));
    STMT(SQLExecDirect(stmt, text("insert into many values (?)"), SQL_NTS));
    saw("%lu ", (unsigned long) done);
    leave(stmt);
    query("select count(*), sum(x) from many");

    stmt = statement();
    STMT(SQLSetStmtAttr(stmt, SQL_ATTR_ROW_ARRAY_SIZE, (SQLPOINTER) 30, 0));
    STMT(SQLSetStmtAttr(stmt, SQL_ATTR_ROWS_FETCHED_PTR, &done, 0));
    STMT(SQLBindCol(stmt, 1, SQL_C_SLONG, numbers, 0, NULL));
    STMT(SQLExecDirect(stmt, text("select x from many order by x"), SQL_NTS));
    while (SQL_SUCCEEDED(STMT(SQLFetch(stmt))))
        saw("%lu:%d ", (unsigned long) done, numbers[0]);
    leave(stmt);
}

static void
long_data(void)
{
    SQLHSTMT stmt = statement();
    SQLLEN later = SQL_LEN_DATA_AT_EXEC(3000000);
    SQLPOINTER token;
    static char piece[100000];
    SQLLEN length;
    SQLRETURN code;
    long total = 0;

    STMT(SQLPrepare(stmt, text("select length(?::text), md5(?::text)"), SQL_NTS));
    STMT(SQLBindParameter(stmt, 1, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_LONGVARCHAR, 3000000, 0, (SQLPOINTER) 1, 0, &later));
    STMT(SQLBindParameter(stmt, 2, SQL_PARAM_INPUT, SQL_C_CHAR, SQL_LONGVARCHAR, 3000000, 0, (SQLPOINTER) 2, 0, &later));
    code = STMT(SQLExecute(stmt));
    while (code == SQL_NEED_DATA && (code = STMT(SQLParamData(stmt, &token))) == SQL_NEED_DATA)
        for (int i = 0; i < 30; i++)
        {
            memset(piece, 'a' + i % 26, sizeof piece);
            STMT(SQLPutData(stmt, piece, sizeof piece));
        }
    rows(stmt);
    leave(stmt);

    stmt = statement();
    STMT(SQLExecDirect(stmt, text("select repeat('x', 2500000)"), SQL_NTS));
    STMT(SQLFetch(stmt));
    while (SQL_SUCCEEDED(code = SQLGetData(stmt, 1, SQL_C_CHAR, piece, sizeof piece, &length)))
        total += (long) strlen(piece);
    saw("%ld", total);
    leave(stmt);
}

static void
large_objects(void)
{
    SQLHSTMT stmt = statement();
    static unsigned char data[70000], back[70000];
    SQLLEN size = sizeof data, length = 0;

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char) (i * 7);
    must(SQLSetConnectAttr(dbc, SQL_ATTR_AUTOCOMMIT, (SQLPOINTER) SQL_AUTOCOMMIT_OFF, 0), SQL_HANDLE_DBC, dbc);
    query("create table pictures (id int, picture lo)");
    STMT(SQLPrepare(stmt, text("insert into pictures values (1, ?)"), SQL_NTS));
    STMT(SQLBindParameter(stmt, 1, SQL_PARAM_INPUT, SQL_C_BINARY, SQL_LONGVARBINARY, sizeof data, 0, data, sizeof data, &size));
    STMT(SQLExecute(stmt));
    leave(stmt);
    stmt = statement();
    STMT(SQLExecDirect(stmt, text("select picture from pictures"), SQL_NTS));
    STMT(SQLFetch(stmt));
    STMT(SQLGetData(stmt, 1, SQL_C_BINARY, back, sizeof back, &length));
    saw("%ld %s", (long) length, memcmp(data, back, sizeof data) == 0 ? "same" : "other");
    leave(stmt);
    query("select length(lo_get(picture::oid)) from pictures");
    must(SQLEndTran(SQL_HANDLE_DBC, dbc, SQL_COMMIT), SQL_HANDLE_DBC, dbc);
    must(SQLSetConnectAttr(dbc, SQL_ATTR_AUTOCOMMIT, (SQLPOINTER) SQL_AUTOCOMMIT_ON, 0), SQL_HANDLE_DBC, dbc);
}

static void
several_results(void)
{
    SQLHSTMT stmt = statement();

    STMT(SQLExecDirect(stmt, text("select 1; select 2, 'b'; select 3"), SQL_NTS));
    do
        rows(stmt);
    while (SQL_SUCCEEDED(STMT(SQLMoreResults(stmt))));
    leave(stmt);
}

static void
called(void)
{
    SQLHSTMT stmt = statement();
    SQLINTEGER in = 20, out = 0;

    query("create function twice(int) returns int language sql as 'select $1 * 2'");
    STMT(SQLBindParameter(stmt, 1, SQL_PARAM_OUTPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &out, 0, NULL));
    STMT(SQLBindParameter(stmt, 2, SQL_PARAM_INPUT, SQL_C_SLONG, SQL_INTEGER, 0, 0, &in, 0, NULL));
    STMT(SQLExecDirect(stmt, text("{ ? = call twice(?) }"), SQL_NTS));
    saw("%d", out);
    leave(stmt);
}

static void *
cancel_soon(void *stmt)
{
    usleep(300000);
    SQLCancel((SQLHSTMT) stmt);
    return NULL;
}

static void
cancelled(void)
{
    SQLHSTMT stmt = statement();
    pthread_t thread;

    pthread_create(&thread, NULL, cancel_soon, stmt);
    saw("%d ", SQLExecDirect(stmt, text("select pg_sleep(60)"), SQL_NTS));
    diagnostics(SQL_HANDLE_STMT, stmt);
    pthread_join(thread, NULL);
    leave(stmt);
    query("select 1");
}

static void
many_rows(void)
{
    SQLHSTMT stmt = statement();
    SQLINTEGER number;
    long count = 0, sum = 0;

    STMT(SQLExecDirect(stmt, text("select g from generate_series(1, 100000) g"), SQL_NTS));
    STMT(SQLBindCol(stmt, 1, SQL_C_SLONG, &number, 0, NULL));
    while (SQL_SUCCEEDED(STMT(SQLFetch(stmt))))
    {
        count++;
        sum += number;
    }
    saw("%ld %ld", count, sum);
    leave(stmt);
}

static void
killed(void)
{
    query("select pg_terminate_backend(pg_backend_pid())");
    query("select 1");
}

int
main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    SQLAllocHandle(SQL_HANDLE_ENV, SQL_NULL_HANDLE, &env);
    SQLSetEnvAttr(env, SQL_ATTR_ODBC_VERSION, (SQLPOINTER) SQL_OV_ODBC3, 0);
    SQLAllocHandle(SQL_HANDLE_DBC, env, &dbc);
    if (!SQL_SUCCEEDED(SQLDriverConnect(dbc, NULL, text(argv[1]), SQL_NTS, NULL, 0, NULL, SQL_DRIVER_NOPROMPT)))
    {
        diagnostics(SQL_HANDLE_DBC, dbc);
        printf("not ok - connect\t%s\n", seen);
        return 1;
    }
    test("information", information);
    test("passwords", passwords);
    test("refusals", refusals);
    test("values", values);
    test("typed values", typed_values);
    test("wide text", wide_text);
    test("parameters", parameters);
    test("table", table);
    test("described", described);
    test("errors", errors);
    test("messages", messages);
    test("transactions", transactions);
    test("catalog", catalog);
    test("scrolling", scrolling);
    test("arrays", arrays);
    test("long data", long_data);
    test("large objects", large_objects);
    test("several results", several_results);
    test("called function", called);
    test("cancelled", cancelled);
    test("many rows", many_rows);
    test("killed by the server", killed);
    SQLDisconnect(dbc);
    SQLFreeHandle(SQL_HANDLE_DBC, dbc);
    SQLFreeHandle(SQL_HANDLE_ENV, env);
    puts("done");
    return 0;
}
