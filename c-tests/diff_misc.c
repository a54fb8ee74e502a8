/* PQExpBuffer, passwords, PQsocketPoll, hooks, locks, exported data. */
/* covers: 233 255 271 325 326 327 328 329 330 331 332 338 340 341 363 364 365 366 394 395 396 397 403 405 406 */
#include "helpers.h"

#include <signal.h>
#include <stdarg.h>
#include <time.h>

#include "pqexpbuffer.h"

extern char *const pgresStatus[];
typedef void (*handler) (int signo);
handler		pqsignal(int signo, handler func);

static void
show_buffer(PQExpBuffer b)
{
	printf("  len=%zu maxlen=%zu broken=%d ", b->len, b->maxlen, PQExpBufferBroken(b));
	show_text(b->data);
	putchar('\n');
}

static bool append(PQExpBuffer b, const char *fmt,...) __attribute__((format(printf, 2, 3)));

static bool
append(PQExpBuffer b, const char *fmt,...)
{
	va_list		args;
	bool		done;

	va_start(args, fmt);
	done = appendPQExpBufferVA(b, fmt, args);
	va_end(args);
	return done;
}

static void
buffers(void)
{
	PQExpBuffer b;
	PQExpBufferData data;
	int			i;

	CASE("PQExpBuffer");
	b = createPQExpBuffer();
	show_buffer(b);
	appendPQExpBufferStr(b, "text");
	appendPQExpBufferChar(b, '!');
	appendBinaryPQExpBuffer(b, "a\0b", 3);
	show_buffer(b);
	printfPQExpBuffer(b, "%d %s %5.2f %%", 42, "formatted", 1.5);
	show_buffer(b);
	errno = ENOENT;
	appendPQExpBuffer(b, " %m");
	show_buffer(b);
	for (i = 0; i < 300; i++)
		appendPQExpBufferChar(b, 'x');
	INT(b->len);
	INT(b->maxlen);
	INT(enlargePQExpBuffer(b, 5000));
	INT(b->maxlen);
	INT(enlargePQExpBuffer(b, 1));
	resetPQExpBuffer(b);
	show_buffer(b);
	while (!append(b, "%s%0600d", "va ", 7))
		;
	INT(b->len);
	INT(b->maxlen);
	printfPQExpBuffer(b, "%0700d", 1);
	INT(b->len);
	CASE("a format for long doubles");
	printfPQExpBuffer(b, "%.2Lf", 1.5L);
	show_buffer(b);
	resetPQExpBuffer(b);
	CASE("broken");
	INT(enlargePQExpBuffer(b, (size_t) 0x7fffffff));
	show_buffer(b);
	appendPQExpBufferStr(b, "lost");
	appendPQExpBufferChar(b, 'x');
	appendPQExpBuffer(b, "%d", 1);
	appendBinaryPQExpBuffer(b, "x", 1);
	INT(enlargePQExpBuffer(b, 1));
	INT(append(b, "%d", 1));
	show_buffer(b);
	resetPQExpBuffer(b);
	show_buffer(b);
	appendPQExpBufferStr(b, "works again");
	show_buffer(b);
	destroyPQExpBuffer(b);
	initPQExpBuffer(&data);
	show_buffer(&data);
	appendPQExpBufferStr(&data, "x");
	termPQExpBuffer(&data);
	INT(data.maxlen);
	INT(data.len);
	STR(data.data);
	initPQExpBuffer(&data);
	enlargePQExpBuffer(&data, (size_t) -1);
	show_buffer(&data);
	termPQExpBuffer(&data);
	/* behaviour 327: the text may be taken */
	initPQExpBuffer(&data);
	appendPQExpBufferStr(&data, "taken");
	free(data.data);
}

static void
passwords(PGconn *conn)
{
	char	   *secret;

	CASE("passwords");
	OWN(PQencryptPassword("secret", "user"));
	OWN(PQencryptPassword("", ""));
	OWN(PQencryptPasswordConn(conn, "secret", "user", "md5"));
	OWN(PQencryptPasswordConn(conn, "secret", "user", "on"));
	OWN(PQencryptPasswordConn(conn, "secret", "user", "off"));
	OWN(PQencryptPasswordConn(conn, "secret", "user", "plain"));
	ERR(conn);
	OWN(PQencryptPasswordConn(conn, "secret", "user", ""));
	ERR(conn);
	secret = PQencryptPasswordConn(conn, "secret", "user", "scram-sha-256");
	if (secret == NULL)
		ERR(conn);
	else
		printf("%.19s length %zu\n", secret, strlen(secret));
	PQfreemem(secret);
	secret = PQencryptPasswordConn(conn, "secret", "user", NULL);
	if (secret == NULL)
		ERR(conn);
	else
		printf("%.19s length %zu\n", secret, strlen(secret));
	PQfreemem(secret);
	must(conn, "SET password_encryption = md5");
	OWN(PQencryptPasswordConn(conn, "secret", "user", NULL));
	if (PQserverVersion(conn) >= 160000)
	{
		must(conn, "SET scram_iterations = 10");
		secret = PQencryptPasswordConn(conn, "secret", "user", "scram-sha-256");
		printf("%.17s\n", secret);
		PQfreemem(secret);
	}
	must(conn, "BEGIN");
	must(conn, "CREATE ROLE \"odd \"\"name\"");
	RES(PQchangePassword(conn, "odd \"name", "it's \\ secret"));
	RES(PQexec(conn, "SELECT left(rolpassword, 3) FROM pg_authid WHERE rolname = 'odd \"name'"));
	RES(PQchangePassword(conn, "no such role", "x"));
	must(conn, "ROLLBACK");
	must(conn, "SET password_encryption = DEFAULT");
	must(conn, "BEGIN");
	must(conn, "CREATE ROLE scrammed");
	RES(PQchangePassword(conn, "scrammed", "x"));
	RES(PQexec(conn, "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname = 'scrammed'"));
	must(conn, "ROLLBACK");
	must(conn, "BEGIN");
	QUIET(PQexec(conn, "SELECT 1/0"));
	OWN(PQencryptPasswordConn(conn, "secret", "user", NULL));
	ERR(conn);
	must(conn, "ROLLBACK");
}

static int
hook(PGauthData type, PGconn *conn, void *data)
{
	(void) type;
	(void) conn;
	(void) data;
	return 0;
}

static int
key_hook(char *buf, int size, PGconn *conn)
{
	(void) buf;
	(void) size;
	(void) conn;
	return 0;
}

static void
lock(int acquire)
{
	(void) acquire;
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	int			fds[2];
	int			i;
	pgthreadlock_t before;
	PQauthDataHook_type auth;
	const char *const *attributes;

	buffers();
	passwords(conn);
	CASE("PQsocketPoll");
	if (pipe(fds) != 0)
		die("pipe");
	INT(PQsocketPoll(fds[0], 1, 0, 0));
	INT(PQsocketPoll(fds[1], 0, 1, 0));
	INT(PQsocketPoll(fds[1], 0, 1, -1));
	INT(PQsocketPoll(fds[0], 0, 0, -1));
	INT(PQsocketPoll(fds[0], 1, 0, PQgetCurrentTimeUSec() + 1000));
	INT(PQsocketPoll(fds[0], 1, 0, 1));
	INT(write(fds[1], "x", 1));
	INT(PQsocketPoll(fds[0], 1, 0, -1));
	INT(PQsocketPoll(fds[0], 1, 1, -1) > 0);
	INT(PQsocketPoll(-1, 1, 0, 0));
	close(fds[1]);
	close(fds[0]);
	INT(PQsocketPoll(fds[0], 1, 0, 0) > 0);
	INT(PQgetCurrentTimeUSec() / 1000000 - time(NULL) <= 1);
	CASE("exported data");
	for (i = 0; i < 13; i++)
		STR(pgresStatus[i]);
	CASE("signals");
	INT(pqsignal(SIGUSR1, SIG_IGN) == SIG_DFL);
	INT(pqsignal(SIGUSR1, SIG_DFL) == SIG_IGN);
	INT(pqsignal(-1, SIG_DFL) == SIG_ERR);
	CASE("hooks and locks");
	before = PQregisterThreadLock(lock);
	INT(before != NULL && before != lock);
	INT(PQregisterThreadLock(NULL) == lock);
	INT(PQregisterThreadLock(before) == before);
	auth = PQgetAuthDataHook();
	INT(auth == PQdefaultAuthDataHook);
	PQsetAuthDataHook(hook);
	INT(PQgetAuthDataHook() == hook);
	PQsetAuthDataHook(NULL);
	INT(PQgetAuthDataHook() == PQdefaultAuthDataHook);
	INT(PQdefaultAuthDataHook(PQAUTHDATA_PROMPT_OAUTH_DEVICE, conn, NULL));
	VOID(PQinitSSL(1));
	VOID(PQinitOpenSSL(1, 1));
	CASE("the hook for a key's password");
	PTR((void *) PQgetSSLKeyPassHook_OpenSSL());
	PQsetSSLKeyPassHook_OpenSSL(key_hook);
	INT(PQgetSSLKeyPassHook_OpenSSL() == key_hook);
	PQsetSSLKeyPassHook_OpenSSL(NULL);
	PTR((void *) PQgetSSLKeyPassHook_OpenSSL());
	CASE("attributes of TLS on a connection without");
	attributes = PQsslAttributeNames(conn);
	for (i = 0; attributes[i] != NULL; i++)
		STR(attributes[i]);
	STR(PQsslAttribute(conn, "library"));
	STR(PQsslAttribute(conn, "alpn"));
	CASE("attributes of TLS as such");
	attributes = PQsslAttributeNames(NULL);
	for (i = 0; attributes[i] != NULL; i++)
		STR(attributes[i]);
	STR(PQsslAttribute(NULL, "library"));
	STR(PQsslAttribute(NULL, "protocol"));
	PQfinish(conn);
	return 0;
}
