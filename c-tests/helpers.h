/*
 * What every differential program prints with.
 *
 *   program PROOF CONNINFO [ARGUMENT...]
 *
 * PROOF is a file that begin() writes the path of the loaded libpq to, so that the runner knows which library
 * answered; nothing of it goes to standard output. Each macro prints the call as written and its result, so two
 * transcripts can be compared line by line. Texts are printed with escapes: a transcript is plain ASCII.
 */
#ifndef HELPERS_H
#define HELPERS_H

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libpq-fe.h"

#define MAYBE_UNUSED __attribute__((unused))

/* Standard input, output or error missing would make every later answer meaningless. */
MAYBE_UNUSED static void
die(const char *what)
{
	fprintf(stderr, "program error: %s: %s\n", what, strerror(errno));
	exit(99);
}

/* Writes the loaded libpq's path to the proof file. */
MAYBE_UNUSED static const char *
begin(int argc, char **argv)
{
	FILE	   *maps;
	FILE	   *proof;
	char		line[4096];
	char		last[4096] = "";

	if (argc < 3)
	{
		fprintf(stderr, "usage: %s PROOF CONNINFO [ARGUMENT...]\n", argv[0]);
		exit(99);
	}
	maps = fopen("/proc/self/maps", "r");
	proof = fopen(argv[1], "w");
	if (maps == NULL || proof == NULL)
		die("proof");
	while (fgets(line, sizeof(line), maps) != NULL)
	{
		char	   *path = strchr(line, '/');

		if (path != NULL && strstr(path, "libpq.so") != NULL && strcmp(path, last) != 0)
		{
			strcpy(last, path);
			fputs(path, proof);
		}
	}
	fclose(maps);
	if (fclose(proof) != 0)
		die("proof");
	setvbuf(stdout, NULL, _IOLBF, 0);
	return argv[2];
}

MAYBE_UNUSED static void
show_bytes(const char *s, size_t n)
{
	size_t		i;

	putchar('"');
	for (i = 0; i < n; i++)
	{
		unsigned char c = (unsigned char) s[i];

		if (c == '\n')
			fputs("\\n", stdout);
		else if (c == '\t')
			fputs("\\t", stdout);
		else if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			printf("\\x%02X", c);
		else
			putchar(c);
	}
	putchar('"');
}

MAYBE_UNUSED static void
show_text(const char *s)
{
	if (s == NULL)
		fputs("NULL", stdout);
	else
		show_bytes(s, strlen(s));
}

/* A heading in the transcript. */
#define CASE(name) printf("== %s\n", (name))
/* A call of an integer, a text, a pointer that is only NULL or not, nothing. */
#define INT(call) printf("%s = %lld\n", #call, (long long) (call))
#define STR(call) do { const char *s_ = (call); printf("%s = ", #call); show_text(s_); putchar('\n'); } while (0)
#define PTR(call) printf("%s = %s\n", #call, (call) == NULL ? "NULL" : "non-NULL")
#define VOID(call) do { call; printf("%s\n", #call); } while (0)
/* A text the caller frees. */
#define OWN(call) do { char *s_ = (call); printf("%s = ", #call); show_text(s_); putchar('\n'); PQfreemem(s_); } while (0)
/* A result that is shown whole and cleared. */
#define RES(call) do { PGresult *r_ = (call); printf("%s =\n", #call); show_result(r_); PQclear(r_); } while (0)

/* A call whose notices are not of interest, made without showing anything. */
#define QUIET(call) PQclear(call)

#define ERR(conn) do { printf("  error: "); show_text(PQerrorMessage(conn)); putchar('\n'); } while (0)

MAYBE_UNUSED static void
show_fields(const PGresult *res)
{
	static const struct
	{
		int			code;
		const char *name;
	}			fields[] = {
		{PG_DIAG_SEVERITY, "severity"},
		{PG_DIAG_SEVERITY_NONLOCALIZED, "severity_nonlocalized"},
		{PG_DIAG_SQLSTATE, "sqlstate"},
		{PG_DIAG_MESSAGE_PRIMARY, "message_primary"},
		{PG_DIAG_MESSAGE_DETAIL, "message_detail"},
		{PG_DIAG_MESSAGE_HINT, "message_hint"},
		{PG_DIAG_STATEMENT_POSITION, "statement_position"},
		{PG_DIAG_INTERNAL_POSITION, "internal_position"},
		{PG_DIAG_INTERNAL_QUERY, "internal_query"},
		{PG_DIAG_CONTEXT, "context"},
		{PG_DIAG_SCHEMA_NAME, "schema_name"},
		{PG_DIAG_TABLE_NAME, "table_name"},
		{PG_DIAG_COLUMN_NAME, "column_name"},
		{PG_DIAG_DATATYPE_NAME, "datatype_name"},
		{PG_DIAG_CONSTRAINT_NAME, "constraint_name"},
		{PG_DIAG_SOURCE_FILE, "source_file"},
		{PG_DIAG_SOURCE_LINE, "source_line"},
		{PG_DIAG_SOURCE_FUNCTION, "source_function"},
	};
	size_t		i;

	for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
	{
		const char *value = PQresultErrorField(res, fields[i].code);

		if (value != NULL)
		{
			printf("  field %s: ", fields[i].name);
			show_text(value);
			putchar('\n');
		}
	}
}

/*
 * Everything a result can be asked without being changed. Table OIDs differ between two runs: only whether there is
 * one is shown.
 */
MAYBE_UNUSED static void
show_result(PGresult *res)
{
	int			row,
				col;

	if (res == NULL)
	{
		printf("  NULL\n");
		return;
	}
	printf("  status: %s\n", PQresStatus(PQresultStatus(res)));
	if (PQresultErrorMessage(res)[0] != '\0')
	{
		printf("  message: ");
		show_text(PQresultErrorMessage(res));
		putchar('\n');
	}
	show_fields(res);
	printf("  tag: ");
	show_text(PQcmdStatus(res));
	printf(" tuples: ");
	show_text(PQcmdTuples(res));
	printf(" ntuples=%d nfields=%d nparams=%d binary=%d oid=%u\n",
		   PQntuples(res), PQnfields(res), PQnparams(res), PQbinaryTuples(res), PQoidValue(res));
	for (col = 0; col < PQnparams(res); col++)
		printf("  parameter %d: type=%u\n", col, PQparamtype(res, col));
	for (col = 0; col < PQnfields(res); col++)
	{
		printf("  column %d: ", col);
		show_text(PQfname(res, col));
		printf(" type=%u size=%d mod=%d format=%d table=%s column=%d\n", PQftype(res, col), PQfsize(res, col),
			   PQfmod(res, col), PQfformat(res, col), PQftable(res, col) == 0 ? "no" : "yes", PQftablecol(res, col));
	}
	for (row = 0; row < PQntuples(res); row++)
	{
		printf("  row %d:", row);
		for (col = 0; col < PQnfields(res); col++)
		{
			const char *value = PQgetvalue(res, row, col);
			int			length = PQgetlength(res, row, col);

			putchar(' ');
			if (PQgetisnull(res, row, col))
				printf("null%s%s", value == NULL || value[0] != '\0' ? "(value not empty)" : "",
					   length != 0 ? "(length not 0)" : "");
			else
			{
				show_bytes(value, (size_t) length);
				if (value[length] != '\0')
					printf("(not terminated)");
				if (PQfformat(res, col) == 1 && ((size_t) value & 7) != 0)
					printf("(not aligned)");
			}
		}
		putchar('\n');
	}
}

/*
 * What a connection can be asked without being changed, apart from its error text. PQisBusy would make the reference
 * read on in what a failed connection has left.
 */
MAYBE_UNUSED static void
show_state(PGconn *conn)
{
	printf("  state: status=%d transaction=%d pipeline=%d nonblocking=%d busy=%d socket=%s\n", PQstatus(conn),
		   PQtransactionStatus(conn), PQpipelineStatus(conn), PQisnonblocking(conn),
		   PQstatus(conn) == CONNECTION_BAD ? 0 : PQisBusy(conn),
		   PQsocket(conn) >= 0 ? "open" : "none");
}

/* Shows results until the NULL that ends a command; gives up after a number that no case needs. */
MAYBE_UNUSED static void
drain(PGconn *conn)
{
	int			i;

	for (i = 0; i < 50; i++)
	{
		PGresult   *res = PQgetResult(conn);
		ExecStatusType status = PQresultStatus(res);

		printf(" result %d =\n", i);
		show_result(res);
		PQclear(res);
		if (res == NULL)
			return;
		if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH)
			return;
	}
	printf(" results without end\n");
}

/* A connection that must come up, or the program has nothing to say. */
MAYBE_UNUSED static PGconn *
must_connect(const char *conninfo)
{
	PGconn	   *conn = PQconnectdb(conninfo);

	if (PQstatus(conn) != CONNECTION_OK)
	{
		printf("connection failed: ");
		show_text(PQerrorMessage(conn));
		putchar('\n');
		exit(98);
	}
	return conn;
}

/* A setup statement that must succeed. */
MAYBE_UNUSED static void
must(PGconn *conn, const char *sql)
{
	PGresult   *res = PQexec(conn, sql);
	ExecStatusType status = PQresultStatus(res);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
	{
		printf("set-up failed: ");
		show_text(sql);
		show_text(PQerrorMessage(conn));
		putchar('\n');
		exit(97);
	}
	PQclear(res);
}

/* Waits until the socket can be read (or written, too), at most 20 seconds: a hang becomes a failure. */
MAYBE_UNUSED static void
wait_socket(PGconn *conn, bool for_write)
{
	struct pollfd p;

	p.fd = PQsocket(conn);
	p.events = (short) (POLLIN | (for_write ? POLLOUT : 0));
	p.revents = 0;
	if (p.fd < 0 || poll(&p, 1, 20000) != 1)
	{
		printf("nothing came\n");
		exit(96);
	}
}

#endif
