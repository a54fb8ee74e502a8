/*
 * OAUTHBEARER and the hook that is asked for tokens. A thread plays the server: for each visitor one line of a script.
 */
/* covers: 83 126 127 377 378 379 380 381 382 383 384 385 386 392 */
#include "helpers.h"
#include "backend.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>

/* ---- the server ---- */

static int	listening;
static const char *const *script;
static char heard[65536];

static void
note(const char *format,...)
{
	va_list		args;
	size_t		n = strlen(heard);

	va_start(args, format);
	vsnprintf(heard + n, sizeof(heard) - n, format, args);
	va_end(args);
}

/* A message of the client's, noted; false when there is none. */
static bool
take(int fd)
{
	char		head[5];
	char		body[4096];
	uint32_t	n;
	size_t		i;

	if (recv(fd, head, 5, MSG_WAITALL) != 5)
	{
		note(" gone");
		return false;
	}
	memcpy(&n, head + 1, 4);
	n = ntohl(n) - 4;
	if (n > sizeof(body) || (n > 0 && recv(fd, body, n, MSG_WAITALL) != (ssize_t) n))
		return false;
	note(" %c[", head[0]);
	for (i = 0; i < n; i++)
		note(body[i] >= ' ' && body[i] <= '~' ? "%c" : "\\%02x", (unsigned char) body[i]);
	note("]");
	return true;
}

/* The client may have gone: then nobody minds. */
static void
send_message(int fd, char type, const char *body, size_t n)
{
	uint32_t	length = htonl((uint32_t) n + 4);
	char		message[4096] = {type};

	memcpy(message + 1, &length, 4);
	memcpy(message + 5, body, n);
	if (send(fd, message, n + 5, MSG_NOSIGNAL) < 0)
		return;
}

static void
request(int fd, int code, const char *body, size_t n)
{
	char		message[4096] = {0, 0, 0, (char) code};

	memcpy(message + 4, body, n);
	send_message(fd, 'R', message, n + 4);
}

/*
 * Steps, a letter each: O offers OAUTHBEARER, B SCRAM and it, t takes a message, C(...) and F(...) send
 * AuthenticationSASLContinue and -Final, A lets in, E refuses.
 */
static void
play(int fd, const char *step)
{
	char		packet[4096];

	note("  visitor:");
	hear_startup(fd, packet, sizeof(packet));
	for (; *step; step++)
	{
		const char *end = NULL;

		if (step[1] == '(')
			end = strchr(step, ')');
		switch (*step)
		{
			case 'O':
				request(fd, 10, "OAUTHBEARER\0", 13);
				break;
			case 'B':
				request(fd, 10, "OAUTHBEARER\0SCRAM-SHA-256\0", 27);
				break;
			case 't':
				if (!take(fd))
				{
					note("\n");
					return;
				}
				break;
			case 'C':
			case 'F':
				request(fd, *step == 'C' ? 11 : 12, step + 2, (size_t) (end - step - 2));
				step = end;
				break;
			case 'N':
				request(fd, 11, "a\0b", 3);
				break;
			case 'A':
				request(fd, 0, "", 0);
				send_message(fd, 'Z', "I", 1);
				break;
			case 'E':
				send_message(fd, 'E', "SFATAL\0VFATAL\0C28000\0Mnot you\0\0", 31);
				break;
		}
	}
	while (recv(fd, packet, sizeof(packet), 0) > 0)
		;
	note(" left\n");
}

static void *
serve(void *unused)
{
	(void) unused;
	for (; *script; script++)
	{
		int			fd = accept(listening, NULL, NULL);

		if (fd < 0)
			break;
		play(fd, *script);
		close(fd);
	}
	return NULL;
}

/* ---- the hook ---- */

enum mode
{
	NOTHING, FAIL, TOKEN, NEITHER, LATER, LATER_FAIL, LATER_NO_TOKEN, LATER_NO_SOCKET, BOTH
};

static enum mode mode;
static int	ends[2];
static int	calls;

/* 1: the program polls; 2: and gives up when a token is on the way. */
static int	polled;

static PostgresPollingStatusType
go_on(PGconn *conn, PGoauthBearerRequest *request, int *altsock)
{
	(void) conn;
	printf("  async %d, altsock %s, user %s\n", ++calls, *altsock < 0 ? "none" : "set",
		   (const char *) request->user);
	switch (mode)
	{
		case LATER_FAIL:
			return PGRES_POLLING_FAILED;
		case LATER_NO_TOKEN:
			return PGRES_POLLING_OK;
		case LATER_NO_SOCKET:
			return PGRES_POLLING_READING;
		default:
			break;
	}
	*altsock = calls < 3 ? ends[1] : ends[0];
	if (calls < 3)
		return PGRES_POLLING_WRITING;
	if (calls < 4)
	{
		if (write(ends[1], "x", 1) != 1)
			die("write");
		return PGRES_POLLING_READING;
	}
	request->token = strdup("late");
	return PGRES_POLLING_OK;
}

static void
clean_up(PGconn *conn, PGoauthBearerRequest *request)
{
	printf("  cleanup, conn %s, token %s\n", conn ? "there" : "NULL", request->token ? "there" : "NULL");
	free(request->token);
}

static int
hook(PGauthData type, PGconn *conn, void *data)
{
	PGoauthBearerRequest *request = data;

	/* libpq 19 asks by another version first. */
	if (type != PQAUTHDATA_OAUTH_BEARER_TOKEN)
		return 0;
	printf("  hook: status %d, at %s, scope %s%s%s\n", PQstatus(conn), request->openid_configuration,
		   request->scope ? "<" : "", request->scope ? request->scope : "NULL", request->scope ? ">" : "");
	request->user = "mine";
	request->cleanup = clean_up;
	if (mode == TOKEN || mode == BOTH)
		request->token = strdup("now");
	if (mode >= LATER)
		request->async = go_on;
	return mode == NOTHING ? 0 : mode == FAIL ? -1 : 1;
}

/* ---- the cases ---- */

static char base[4096];

#define ISSUER "oauth_issuer=https://idp oauth_client_id=c"
#define KNOWN "oauth_issuer=https://idp/.well-known/openid-configuration oauth_client_id=c"
#define REFUSAL "C({\"status\":\"invalid_token\",\"scope\":\"s t\",\"openid-configuration\":\"https://idp/.well-known/openid-configuration\"})"

static void
connects(const char *name, enum mode how, const char *options, const char *const *visitors)
{
	char		all[8192];
	pthread_t	server;
	PGconn	   *conn;

	printf("%s: %s\n", name, options);
	mode = how;
	calls = 0;
	heard[0] = 0;
	script = visitors;
	listening = listen_unix(".", base, sizeof(base));
	if (pthread_create(&server, NULL, serve, NULL) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		die("thread");
	{
		char		directory[2048];

		if (getcwd(directory, sizeof(directory)) == NULL)
			die("getcwd");
		snprintf(all, sizeof(all), "host=%s port=5001 user=u dbname=d sslmode=disable gssencmode=disable %s",
				 directory, options);
	}
	conn = polled ? PQconnectStart(all) : PQconnectdb(all);
	if (polled)
	{
		PostgresPollingStatusType next = PGRES_POLLING_WRITING;

		while (next == PGRES_POLLING_READING || next == PGRES_POLLING_WRITING)
		{
			wait_socket(conn, next == PGRES_POLLING_WRITING);
			next = PQconnectPoll(conn);
			if (PQstatus(conn) == CONNECTION_AUTHENTICATING)
			{
				printf("  authenticating: polled %d, socket is %s\n", next,
					   PQsocket(conn) == ends[0] ? "the first end" : PQsocket(conn) == ends[1] ? "the second end" : "another");
				if (polled == 2)
					break;
			}
		}
	}
	printf("  status %d, used password %d\n", PQstatus(conn), PQconnectionUsedPassword(conn));
	{
		const char *text = strstr(PQerrorMessage(conn), "failed: ");

		printf("  error: ");
		while (text)
		{
			const char *next = strstr(text + 1, "connection to server");

			show_bytes(text, next ? (size_t) (next - text) : strlen(text));
			text = next ? strstr(next, "failed: ") : NULL;
		}
		putchar('\n');
	}
	PQfinish(conn);
	shutdown(listening, SHUT_RDWR);
	pthread_join(server, NULL);
	close(listening);
	close(ends[0]);
	close(ends[1]);
	fputs(heard, stdout);
}

#define CONNECTS(name, how, options, ...) \
	connects(name, how, options, (const char *const[]){__VA_ARGS__, NULL})

static void
refusals(void)
{
	static const char *const texts[] = {
		"{}", "[]", "3", "\"a\"", "bad", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1 \"b\"}", "{\"a\":[1 2]}", "{} {}", "{} x", "{1:2}", "{,}", "{\"a\":[,]}", "{\"a\":[1,]}", "{\"status\":1}", "{\"status\":null}",
		"{\"status\":\"a\",\"status\":\"b\"}", "{\"status\":\"invalid_request\"}", "{\"status\":\"invalid_token\"}",
		"{\"scope\":[]}", "{\"openid-configuration\":{}}", "{\"a\":{\"status\":\"deep\"}}", "\xff{}",
		"{\"a\":[[[[[[]]]]]]}", "{\"a\":[[[[[[[[[[]]]]]]]]]]}",
		"{\"status\":\"invalid_token\",\"openid-configuration\":\"https://other/.well-known/openid-configuration\"}",
		"{\"status\":\"invalid_token\",\"openid-configuration\":\"http://idp/.well-known/openid-configuration\"}",
		"{\"status\":\"invalid_token\",\"openid-configuration\":\"https://idp/.well-known/openid-configuration?q}\"}",
		"{\"status\":\"invalid_token\",\"openid-configuration\":\"https://idp/openid-configuration\"}",
		"{\"status\":\"invalid_token\",\"openid-configuration\":\"https://idp/.well-known/other\"}",
		"{\"status\":\"invalid_token\",\"openid-configuration\":\"https://idp/.well-known/openid-configuration/\"}",
		"{\"status\":\"invalid_token\",\"openid-configuration\":\"https://idp/.well-known/openid-configuration2\"}",
		"{\"status\":\"invalid_token\",\"openid-configuration\":\"https://idp/a/.well-known/openid-configuration/b\"}",
		"{\"status\":\"invalid_token\",\"openid-configuration\":\"https://idp/.well-known/oauth-authorization-server\"}",
	};
	size_t		i;

	CASE("what a refusal may look like");
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		char		step[1024];

		snprintf(step, sizeof(step), "OtC(%s)tE", texts[i]);
		show_text(texts[i]);
		putchar(' ');
		CONNECTS("refused", NOTHING, ISSUER, step);
	}
	CONNECTS("a NUL", NOTHING, ISSUER, "OtNtE");
}

int
main(int argc, char **argv)
{
	begin(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	CASE("not configured");
	CONNECTS("nothing", NOTHING, "", "OtE");
	CONNECTS("issuer only", NOTHING, "oauth_issuer=https://idp", "OtE");
	CONNECTS("client only", NOTHING, "oauth_client_id=c", "OtE");
	CONNECTS("empty", NOTHING, "oauth_issuer='' oauth_client_id=''", "OtE");
	CASE("without a hook");
	CONNECTS("asked first", NOTHING, ISSUER, "Ot" REFUSAL "tE");
	CONNECTS("known", NOTHING, KNOWN, "OtE");
	CASE("with a hook");
	PQsetAuthDataHook(hook);
	CONNECTS("that passes", NOTHING, KNOWN, "OtE");
	CONNECTS("that fails", FAIL, KNOWN, "OtE");
	CONNECTS("with neither", NEITHER, KNOWN, "OtE");
	CONNECTS("a token at once", TOKEN, KNOWN, "OtA");
	CONNECTS("a token and a callback", BOTH, KNOWN, "OtA");
	CONNECTS("a token after asking", TOKEN, ISSUER, "Ot" REFUSAL "tE", "OtA");
	CONNECTS("a token refused", TOKEN, KNOWN, "Ot" REFUSAL "tE", "OtA");
	CONNECTS("a token refused after asking", TOKEN, ISSUER, "Ot" REFUSAL "tE", "Ot" REFUSAL "tE", "OtA");
	CONNECTS("the retry fails", TOKEN, ISSUER, "Ot" REFUSAL "tE", "E");
	CONNECTS("a callback", LATER, KNOWN, "Ot" REFUSAL "tE", "OtA");
	CONNECTS("a callback after asking", LATER, ISSUER, "Ot" REFUSAL "tE", "OtA");
	CONNECTS("a callback that fails", LATER_FAIL, KNOWN, "Ot" REFUSAL "tE", "OtA");
	CONNECTS("one without a token", LATER_NO_TOKEN, KNOWN, "Ot" REFUSAL "tE", "OtA");
	CONNECTS("one without a socket", LATER_NO_SOCKET, KNOWN, "Ot" REFUSAL "tE", "OtA");
	CONNECTS("let in meanwhile", LATER, KNOWN, "OtA");
	CASE("polled");
	polled = 1;
	CONNECTS("a callback", LATER, KNOWN, "Ot" REFUSAL "tE", "OtA");
	CONNECTS("a callback that fails", LATER_FAIL, KNOWN, "Ot" REFUSAL "tE", "OtA");
	polled = 2;
	CONNECTS("finished meanwhile", LATER, KNOWN, "Ot" REFUSAL "tE");
	polled = 0;
	CASE("scopes");
	CONNECTS("the server's", TOKEN, ISSUER, "Ot" REFUSAL "tE", "OtA");
	CONNECTS("ours", TOKEN, ISSUER " oauth_scope=mine", "Ot" REFUSAL "tE", "OtA");
	CONNECTS("none", TOKEN, ISSUER " oauth_scope=''", "Ot" REFUSAL "tE", "OtA");
	CASE("what else a server may say");
	CONNECTS("a final message", TOKEN, KNOWN, "OtF()A");
	CONNECTS("more after a refusal", TOKEN, KNOWN, "Ot" REFUSAL "t" REFUSAL "t");
	CONNECTS("an end after a refusal", TOKEN, KNOWN, "Ot" REFUSAL "tA");
	CONNECTS("let in without a token", NOTHING, ISSUER, "OtA");
	CONNECTS("let in without a token, which is required", NOTHING, ISSUER " require_auth=oauth", "OtA");
	CONNECTS("not required", NOTHING, ISSUER " require_auth=scram-sha-256", "OtA");
	CONNECTS("excluded", NOTHING, ISSUER " require_auth=!oauth", "OtA");
	CONNECTS("offered with a password", TOKEN, KNOWN, "BtA");
	CASE("issuers");
	CONNECTS("http", TOKEN, "oauth_client_id=c oauth_issuer=http://idp/.well-known/openid-configuration", "OtE");
	CONNECTS("a query", TOKEN, "oauth_client_id=c oauth_issuer=https://idp/.well-known/openid-configuration?a", "OtE");
	CONNECTS("a suffix", TOKEN, "oauth_client_id=c oauth_issuer=https://idp/.well-known/x", "OtE");
	CONNECTS("a place", TOKEN, "oauth_client_id=c oauth_issuer=https://idp/a/.well-known/openid-configuration/b", "OtE");
	CONNECTS("another", TOKEN, "oauth_client_id=c oauth_issuer=https://idp/", "Ot" REFUSAL "tE", "OtA");
	CONNECTS("moved", TOKEN, "oauth_client_id=c oauth_issuer=https://idp/.well-known/oauth-authorization-server",
			 "Ot" REFUSAL "tE", "OtA");
	CONNECTS("path in front", TOKEN, "oauth_client_id=c oauth_issuer=https://idp/.well-known/openid-configuration/p",
			 "OtA");
	refusals();
	return 0;
}
