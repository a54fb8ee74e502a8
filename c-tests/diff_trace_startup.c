/*
 * The trace of a start-up: packets without a type, what a password message is called, what is not shown. The program plays
 * the server.
 */
/* covers: 306 307 310 311 314 315 316 317 318 */
#include "helpers.h"
#include "backend.h"

static char options[4096];
static int	listening;

/* A start-up in which the server asks with these messages, one after the other, and lets the client in. */
static void
traced(const char *name, const char *more, int flags, const char *const *asks, const size_t *lengths, int n)
{
	char		all[8192];
	char		body[8192];
	PGconn	   *conn;
	int			end;
	int			i;

	printf("-- round %s, flags %d\n", name, flags);
	snprintf(all, sizeof(all), "%s %s", options, more);
	conn = PQconnectStart(all);
	PQtrace(conn, stdout);
	PQsetTraceFlags(conn, flags);
	poll_until_reading(conn, PGRES_POLLING_WRITING);
	end = accept(listening, NULL, NULL);
	hear_startup(end, body, sizeof(body));
	for (i = 0; i < n; i++)
	{
		say(end, 'R', asks[i], lengths[i]);
		printf("said\n");
		poll_on(conn, false);
	}
	if (PQstatus(conn) != CONNECTION_BAD)
	{
		welcome(end);
		INT(poll_on(conn, true));
	}
	ERR(conn);
	PQuntrace(conn);
	close(end);
	PQfinish(conn);
}

int
main(int argc, char **argv)
{
	static const char *const clear[] = {"\0\0\0\3"};
	static const char *const md5[] = {"\0\0\0\5salt"};
	static const char *const sasl[] = {"\0\0\0\012SCRAM-SHA-256\0\0"};
	static const char *const unknown[] = {"\0\0\0\143"};
	static const char *const ends[] = {"\0\0\0\014v=x"};
	static const size_t four[] = {4};
	static const size_t eight[] = {8};
	static const size_t twenty[] = {19};
	static const size_t seven[] = {7};
	char		directory[2048];
	int			regress = PQTRACE_SUPPRESS_TIMESTAMPS | PQTRACE_REGRESS_MODE;

	begin(argc, argv);
	if (getcwd(directory, sizeof(directory)) == NULL)
		die("getcwd");
	listening = listen_unix(directory, options, sizeof(options));
	CASE("what is traced");
	traced("trust", "application_name=x", PQTRACE_SUPPRESS_TIMESTAMPS, NULL, NULL, 0);
	traced("trust", "max_protocol_version=3.2", regress, NULL, NULL, 0);
	traced("password", "password=secret", PQTRACE_SUPPRESS_TIMESTAMPS, clear, four, 1);
	traced("password", "password=secret", regress, clear, four, 1);
	traced("no password", "", PQTRACE_SUPPRESS_TIMESTAMPS, clear, four, 1);
	traced("md5", "password=secret", PQTRACE_SUPPRESS_TIMESTAMPS, md5, eight, 1);
	traced("md5", "password=secret", regress, md5, eight, 1);
	/* what the client says holds a random number: it is hidden in this mode only */
	traced("SASL", "password=secret", regress, sasl, twenty, 1);
	traced("SASL at its end", "password=secret", regress, ends, seven, 1);
	traced("unknown", "password=secret", PQTRACE_SUPPRESS_TIMESTAMPS, unknown, four, 1);
	return 0;
}
