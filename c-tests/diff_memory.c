/*
 * Who owns which memory: what is freed with what, what is never freed, and that secrets do not stay behind.
 */
/* covers: 132 221 249 254 286 289 292 293 332 333 334 335 337 339 374 400 418 */
#include "helpers.h"
#include "backend.h"
#include "files.h"

#include <malloc.h>
#include <stdint.h>

static char base[4096];
static int	listening;

/* 1 if the block comes from malloc and is large enough, by what malloc says of it. */
static int
from_malloc(void *block, size_t least)
{
	return block != NULL && malloc_usable_size(block) >= least;
}

static void
freed_by_callers(PGconn *conn)
{
	size_t		length;
	char	   *error = NULL;
	char	   *text;
	unsigned char *bytes;
	PGnotify   *notify;
	PGresult   *res;
	int			n;

	CASE("what callers free, with free()");
#define TAKEN(call, least) do { text = (char *) (call); printf("%s: %d\n", #call, from_malloc(text, least)); free(text); } while (0)
	TAKEN(PQescapeLiteral(conn, "it's", 4), 8);
	TAKEN(PQescapeIdentifier(conn, "a\"b", 3), 7);
	TAKEN(PQescapeByteaConn(conn, (const unsigned char *) "abc", 3, &length), length);
	TAKEN(PQescapeBytea((const unsigned char *) "abc", 3, &length), length);
	TAKEN(PQunescapeBytea((const unsigned char *) "\\x616263", &length), length + 1);
	TAKEN(PQencryptPassword("secret", "user"), 36);
	TAKEN(PQencryptPasswordConn(conn, "secret", "user", "md5"), 36);
	TAKEN(PQencryptPasswordConn(conn, "secret", "user", "scram-sha-256"), 100);
	(void) PQconninfoParse("nosuch=1", &error);
	TAKEN(error, 20);
	res = PQexec(conn, "SELECT 1/0");
	TAKEN(PQresultVerboseErrorMessage(res, PQERRORS_VERBOSE, PQSHOW_CONTEXT_ALWAYS), 20);
	PQclear(res);
	QUIET(PQexec(conn, "LISTEN a; NOTIFY a, 'payload'"));
	notify = PQnotifies(conn);
	TAKEN(notify, sizeof(PGnotify) + 2 + 8);
	QUIET(PQexec(conn, "COPY (SELECT 'row') TO STDOUT"));
	n = PQgetCopyData(conn, &error, 0);
	TAKEN(error, (size_t) n + 1);
	QUIET(PQgetResult(conn));
	bytes = PQunescapeBytea((const unsigned char *) "", &length);
	TAKEN(bytes, 1);
	CASE("what is too much to escape");
	/* not looked at, for it cannot be that much */
	PTR(PQescapeByteaConn(conn, (const unsigned char *) "abc", SIZE_MAX, &length));
	ERR(conn);
	printf("%zu\n", length);
	PTR(PQescapeByteaConn(conn, (const unsigned char *) "abc", SIZE_MAX / 2, &length));
	ERR(conn);
	OWN(PQescapeLiteral(conn, "abc", SIZE_MAX));
	OWN(PQescapeIdentifier(conn, "abc", SIZE_MAX));
	CASE("what there is only one of");
	{
		PQconninfoOption *one = PQconndefaults();
		PQconninfoOption *two = PQconninfo(conn);

		printf("key words: %d, variables: %d, values: %d\n", one->keyword == two->keyword, one->envvar == two->envvar,
			   one->val != NULL && one->val == two->val);
		PQconninfoFree(one);
		PQconninfoFree(two);
	}
	printf("%d\n", PQresStatus(PGRES_TUPLES_OK) == PQresStatus(PGRES_TUPLES_OK));
	printf("%d\n", pg_encoding_to_char(6) == pg_encoding_to_char(6));
	res = PQexec(conn, "SELECT 'value' AS name");
	printf("%d %d %d\n", PQgetvalue(res, 0, 0) == PQgetvalue(res, 0, 0), PQfname(res, 0) == PQfname(res, 0),
		   PQcmdStatus(res) == PQcmdStatus(res));
	printf("%d %d %d\n", PQdb(conn) == PQdb(conn), PQparameterStatus(conn, "server_version") ==
		   PQparameterStatus(conn, "server_version"), PQerrorMessage(conn) == PQerrorMessage(conn));
	INT(PQsslInUse(conn));
	INT(PQconnectionUsedGSSAPI(conn));
	INT(PQgssEncInUse(conn));
	PTR(PQgetgssctx(conn));
	PQfinish(conn);
	STR(PQgetvalue(res, 0, 0));
	STR(PQfname(res, 0));
	PQclear(res);
	CASE("what does nothing with NULL");
	VOID(PQclear(NULL));
	VOID(PQfinish(NULL));
	VOID(PQfreeCancel(NULL));
	VOID(PQcancelFinish(NULL));
	VOID(PQfreemem(NULL));
}

static void
shared(PGconn *conn)
{
	PGresult   *one;
	PGresult   *two;
	char		text[64];

	must(conn, "CREATE TEMPORARY TABLE t (a int)");
	one = PQexec(conn, "INSERT INTO t VALUES (1)");
	two = PQexec(conn, "INSERT INTO t VALUES (2)");
	CASE("one buffer for all");
	STR(PQoidStatus(one));
	printf("%d\n", PQoidStatus(one) == PQoidStatus(two));
	PQclear(one);
	PQclear(two);
	CASE("escaping without a connection goes by the last one that said how");
	INT(PQescapeString(text, "a\\b'c", 5));
	STR(text);
	QUIET(PQexec(conn, "SET standard_conforming_strings = off"));
	INT(PQescapeString(text, "a\\b'c", 5));
	STR(text);
	QUIET(PQexec(conn, "SET standard_conforming_strings = on"));
	INT(PQescapeString(text, "a\\b'c", 5));
	STR(text);
}

/* Whether memory that can be written, but the stack, holds these bytes. They are given one off, lest they are found here. */
static int
remembered(const char *shifted)
{
	FILE	   *maps = fopen("/proc/self/maps", "r");
	char		line[512];
	size_t		n = strlen(shifted);
	int			found = 0;

	if (maps == NULL)
		die("maps");
	while (fgets(line, sizeof(line), maps) != NULL)
	{
		unsigned long from,
					to,
					i,
					j;

		if (sscanf(line, "%lx-%lx rw", &from, &to) != 2 || strstr(line, " rw") == NULL || strstr(line, "[stack]") != NULL)
			continue;
		for (i = from; i + n <= to; i++)
		{
			const volatile char *at = (const volatile char *) i;

			for (j = 0; j < n && at[j] == (char) (shifted[j] - 1); j++)
				;
			if (j == n)
				found = 1;
		}
	}
	fclose(maps);
	return found;
}

static void
unshift(char *to, const char *shifted)
{
	for (; *shifted != '\0'; shifted++)
		*to++ = (char) (*shifted - 1);
	*to = '\0';
}

/* "Hush-a-bye-password" and "Hush-a-bye-from-file", each letter one on. */
#define GIVEN "Ivti.b.czf.qbttxpse"
#define FILED "Ivti.b.czf.gspn.gjmf"

static void
secrets(void)
{
	static char secret[64];
	static char all[8192];
	const char *keywords[] = {"dbname", "password", NULL};
	const char *values[] = {base, secret, NULL};
	PGconn	   *conn;
	char		body[4096];
	int			end;

	CASE("a password that was given");
	unshift(secret, GIVEN);
	conn = PQconnectStartParams(keywords, values, 1);
	memset(secret, 0, sizeof(secret));
	INT(remembered(GIVEN));
	poll_until_reading(conn, PGRES_POLLING_WRITING);
	end = accept(listening, NULL, NULL);
	hear_startup(end, body, sizeof(body));
	SAY(end, 'R', "\0\0\0\3");
	poll_on(conn, false);
	hear_bytes(end, body, 5 + strlen(GIVEN) + 1);
	welcome(end);
	INT(poll_on(conn, true));
	memset(body, 0, sizeof(body));
	PQfinish(conn);
	close(end);
	INT(remembered(GIVEN));

	CASE("a password from a file");
	unshift(secret, FILED);
	snprintf(all, sizeof(all), "*:*:*:*:%s\n", secret);
	{
		int			fd = open("pass", O_CREAT | O_WRONLY | O_TRUNC, 0600);

		if (fd < 0 || write(fd, all, strlen(all)) != (ssize_t) strlen(all))
			die("pass");
		close(fd);
	}
	memset(secret, 0, sizeof(secret));
	memset(all, 0, sizeof(all));
	INT(remembered(FILED));
	snprintf(all, sizeof(all), "%s passfile=pass", base);
	conn = PQconnectStart(all);
	INT(remembered(FILED));
	PQfinish(conn);
	INT(remembered(FILED));
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	char		directory[2048];
	PGconn	   *conn;

	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	listening = listen_unix(directory, base, sizeof(base));
	secrets();
	conn = must_connect(conninfo);
	shared(conn);
	freed_by_callers(conn);
	return 0;
}
