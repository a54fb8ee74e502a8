/*
 * Every function with NULL (and 0) for its arguments: all pointers NULL, a live connection and the rest NULL, a failed
 * connection and the rest NULL. Each call is made in a child of its own, since the reference does not survive them all;
 * prints function, arguments, outcome, separated by tabs: the form of tests/data/nullargs.tsv, which says the outcomes.
 */
/* covers: 95 147 164 222 239 241 244 256 288 398 399 400 401 402 403 */
#include "helpers.h"

#include <stdarg.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "libpq-events.h"
#include "pqexpbuffer.h"

#undef PQfreeNotify
void		PQfreeNotify(PGnotify *notify);
int			pg_char_to_encoding(const char *name);
const char *pg_encoding_to_char(int encoding);
int			pg_valid_server_encoding_id(int encoding);
int			pg_valid_server_encoding(const char *name);
int			pg_utf_mblen(const unsigned char *s);
typedef void (*handler) (int signo);
handler		pqsignal(int signo, handler func);

#pragma GCC diagnostic ignored "-Wnonnull"
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat"

static PGconn *live;
static PGconn *failed;
static const char *volatile no_format = NULL;

/* Text with newlines and tabs written as escapes. */
static void
print_escaped(const char *s, size_t n)
{
	size_t		i;

	for (i = 0; i < n; i++)
	{
		if (s[i] == '\n')
			fputs("\\n", stdout);
		else if (s[i] == '\t')
			fputs("\\t", stdout);
		else
			putchar(s[i]);
	}
}

static void
print_text(const char *s)
{
	char		quote = s != NULL && strchr(s, '\'') != NULL && strchr(s, '"') == NULL ? '"' : '\'';

	if (s == NULL)
	{
		printf("NULL");
		return;
	}
	putchar(quote);
	print_escaped(s, strlen(s));
	putchar(quote);
}

static bool
append_va(PQExpBuffer b, int unused,...)
{
	va_list		no_args;
	bool		done;

	va_start(no_args, unused);
	done = appendPQExpBufferVA(b, no_format, no_args);
	va_end(no_args);
	return done;
}

static const char *conninfo;
static int	row;

/* In the child: make what the row needs, call, tell. In the parent: show what the child told and how it ended. */
static bool
child(const char *function, const char *arguments)
{
	int			fds[2];
	pid_t		pid;
	int			status;
	char		told[4096];
	size_t		n = 0;
	ssize_t		got;

	row++;
	printf("%s\t%s\t", function, arguments);
	fflush(stdout);
	if (pipe(fds) != 0)
		die("pipe");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
	{
		struct rlimit none = {0, 0};

		setrlimit(RLIMIT_CORE, &none);
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		alarm(20);
		if (strncmp(arguments, "live", 4) == 0)
			live = must_connect(conninfo);
		if (strncmp(arguments, "failed", 6) == 0)
			failed = PQconnectdb("host=/nonexistent port=5432 user=root");
		return true;
	}
	close(fds[1]);
	while (n < sizeof(told) && (got = read(fds[0], told + n, sizeof(told) - n)) > 0)
		n += (size_t) got;
	close(fds[0]);
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("crash (signal %d)\n", WTERMSIG(status));
	else
	{
		print_escaped(told, n);
		putchar('\n');
	}
	return false;
}

static void
tell(void)
{
	fflush(stdout);
	_exit(0);
}

#define VOID_ROW(f, a, call) if (child(f, a)) { call; printf("no-op"); tell(); }
#define INT_ROW(f, a, call) if (child(f, a)) { printf("%lld", (long long) (call)); tell(); }
#define TEXT_ROW(f, a, call) if (child(f, a)) { print_text(call); tell(); }
#define POINTER_ROW(f, a, call) if (child(f, a)) { printf("%s", (call) == NULL ? "NULL" : "non-NULL"); tell(); }

static void
rows(void)
{
	/* *INDENT-OFF* */
	POINTER_ROW("PQconnectdb", "all pointers NULL, ints 0", PQconnectdb(NULL))
	POINTER_ROW("PQsetdbLogin", "all pointers NULL, ints 0", PQsetdbLogin(NULL, NULL, NULL, NULL, NULL, NULL, NULL))
	VOID_ROW("PQfinish", "all pointers NULL, ints 0", PQfinish(NULL))
	VOID_ROW("PQreset", "all pointers NULL, ints 0", PQreset(NULL))
	VOID_ROW("PQreset", "failed conn (CONNECTION_BAD), rest NULL/0", PQreset(failed))
	INT_ROW("PQrequestCancel", "all pointers NULL, ints 0", PQrequestCancel(NULL))
	INT_ROW("PQrequestCancel", "failed conn (CONNECTION_BAD), rest NULL/0", PQrequestCancel(failed))
	TEXT_ROW("PQdb", "all pointers NULL, ints 0", PQdb(NULL))
	TEXT_ROW("PQdb", "failed conn (CONNECTION_BAD), rest NULL/0", PQdb(failed))
	TEXT_ROW("PQuser", "all pointers NULL, ints 0", PQuser(NULL))
	TEXT_ROW("PQuser", "failed conn (CONNECTION_BAD), rest NULL/0", PQuser(failed))
	TEXT_ROW("PQpass", "all pointers NULL, ints 0", PQpass(NULL))
	TEXT_ROW("PQpass", "failed conn (CONNECTION_BAD), rest NULL/0", PQpass(failed))
	TEXT_ROW("PQhost", "all pointers NULL, ints 0", PQhost(NULL))
	TEXT_ROW("PQhost", "failed conn (CONNECTION_BAD), rest NULL/0", PQhost(failed))
	TEXT_ROW("PQport", "all pointers NULL, ints 0", PQport(NULL))
	TEXT_ROW("PQport", "failed conn (CONNECTION_BAD), rest NULL/0", PQport(failed))
	TEXT_ROW("PQtty", "all pointers NULL, ints 0", PQtty(NULL))
	TEXT_ROW("PQtty", "failed conn (CONNECTION_BAD), rest NULL/0", PQtty(failed))
	TEXT_ROW("PQoptions", "all pointers NULL, ints 0", PQoptions(NULL))
	TEXT_ROW("PQoptions", "failed conn (CONNECTION_BAD), rest NULL/0", PQoptions(failed))
	INT_ROW("PQstatus", "all pointers NULL, ints 0", PQstatus(NULL))
	INT_ROW("PQstatus", "failed conn (CONNECTION_BAD), rest NULL/0", PQstatus(failed))
	TEXT_ROW("PQerrorMessage", "all pointers NULL, ints 0", PQerrorMessage(NULL))
	TEXT_ROW("PQerrorMessage", "failed conn (CONNECTION_BAD), rest NULL/0", PQerrorMessage(failed))
	INT_ROW("PQsocket", "all pointers NULL, ints 0", PQsocket(NULL))
	INT_ROW("PQsocket", "failed conn (CONNECTION_BAD), rest NULL/0", PQsocket(failed))
	INT_ROW("PQbackendPID", "all pointers NULL, ints 0", PQbackendPID(NULL))
	INT_ROW("PQbackendPID", "failed conn (CONNECTION_BAD), rest NULL/0", PQbackendPID(failed))
	VOID_ROW("PQtrace", "all pointers NULL, ints 0", PQtrace(NULL, NULL))
	VOID_ROW("PQtrace", "live conn, other pointers NULL, ints 0", PQtrace(live, NULL))
	VOID_ROW("PQtrace", "failed conn (CONNECTION_BAD), rest NULL/0", PQtrace(failed, NULL))
	VOID_ROW("PQuntrace", "all pointers NULL, ints 0", PQuntrace(NULL))
	VOID_ROW("PQuntrace", "failed conn (CONNECTION_BAD), rest NULL/0", PQuntrace(failed))
	POINTER_ROW("PQsetNoticeProcessor", "all pointers NULL, ints 0", PQsetNoticeProcessor(NULL, NULL, NULL))
	POINTER_ROW("PQsetNoticeProcessor", "live conn, other pointers NULL, ints 0", PQsetNoticeProcessor(live, NULL, NULL))
	POINTER_ROW("PQsetNoticeProcessor", "failed conn (CONNECTION_BAD), rest NULL/0", PQsetNoticeProcessor(failed, NULL, NULL))
	POINTER_ROW("PQexec", "all pointers NULL, ints 0", PQexec(NULL, NULL))
	POINTER_ROW("PQexec", "live conn, other pointers NULL, ints 0", PQexec(live, NULL))
	POINTER_ROW("PQexec", "failed conn (CONNECTION_BAD), rest NULL/0", PQexec(failed, NULL))
	POINTER_ROW("PQnotifies", "all pointers NULL, ints 0", PQnotifies(NULL))
	POINTER_ROW("PQnotifies", "failed conn (CONNECTION_BAD), rest NULL/0", PQnotifies(failed))
	INT_ROW("PQsendQuery", "all pointers NULL, ints 0", PQsendQuery(NULL, NULL))
	INT_ROW("PQsendQuery", "live conn, other pointers NULL, ints 0", PQsendQuery(live, NULL))
	INT_ROW("PQsendQuery", "failed conn (CONNECTION_BAD), rest NULL/0", PQsendQuery(failed, NULL))
	POINTER_ROW("PQgetResult", "all pointers NULL, ints 0", PQgetResult(NULL))
	POINTER_ROW("PQgetResult", "failed conn (CONNECTION_BAD), rest NULL/0", PQgetResult(failed))
	INT_ROW("PQisBusy", "all pointers NULL, ints 0", PQisBusy(NULL))
	INT_ROW("PQisBusy", "failed conn (CONNECTION_BAD), rest NULL/0", PQisBusy(failed))
	INT_ROW("PQconsumeInput", "all pointers NULL, ints 0", PQconsumeInput(NULL))
	INT_ROW("PQconsumeInput", "failed conn (CONNECTION_BAD), rest NULL/0", PQconsumeInput(failed))
	INT_ROW("PQgetline", "all pointers NULL, ints 0", PQgetline(NULL, NULL, 0))
	INT_ROW("PQgetline", "live conn, other pointers NULL, ints 0", PQgetline(live, NULL, 0))
	INT_ROW("PQgetline", "failed conn (CONNECTION_BAD), rest NULL/0", PQgetline(failed, NULL, 0))
	INT_ROW("PQputline", "all pointers NULL, ints 0", PQputline(NULL, NULL))
	INT_ROW("PQputline", "live conn, other pointers NULL, ints 0", PQputline(live, NULL))
	INT_ROW("PQputline", "failed conn (CONNECTION_BAD), rest NULL/0", PQputline(failed, NULL))
	INT_ROW("PQgetlineAsync", "all pointers NULL, ints 0", PQgetlineAsync(NULL, NULL, 0))
	INT_ROW("PQgetlineAsync", "live conn, other pointers NULL, ints 0", PQgetlineAsync(live, NULL, 0))
	INT_ROW("PQgetlineAsync", "failed conn (CONNECTION_BAD), rest NULL/0", PQgetlineAsync(failed, NULL, 0))
	INT_ROW("PQputnbytes", "all pointers NULL, ints 0", PQputnbytes(NULL, NULL, 0))
	INT_ROW("PQputnbytes", "live conn, other pointers NULL, ints 0", PQputnbytes(live, NULL, 0))
	INT_ROW("PQputnbytes", "failed conn (CONNECTION_BAD), rest NULL/0", PQputnbytes(failed, NULL, 0))
	INT_ROW("PQendcopy", "all pointers NULL, ints 0", PQendcopy(NULL))
	INT_ROW("PQendcopy", "failed conn (CONNECTION_BAD), rest NULL/0", PQendcopy(failed))
	POINTER_ROW("PQfn", "all pointers NULL, ints 0", PQfn(NULL, 0, NULL, NULL, 0, NULL, 0))
	POINTER_ROW("PQfn", "live conn, other pointers NULL, ints 0", PQfn(live, 0, NULL, NULL, 0, NULL, 0))
	POINTER_ROW("PQfn", "failed conn (CONNECTION_BAD), rest NULL/0", PQfn(failed, 0, NULL, NULL, 0, NULL, 0))
	INT_ROW("PQresultStatus", "all pointers NULL, ints 0", PQresultStatus(NULL))
	INT_ROW("PQntuples", "all pointers NULL, ints 0", PQntuples(NULL))
	INT_ROW("PQnfields", "all pointers NULL, ints 0", PQnfields(NULL))
	INT_ROW("PQbinaryTuples", "all pointers NULL, ints 0", PQbinaryTuples(NULL))
	TEXT_ROW("PQfname", "all pointers NULL, ints 0", PQfname(NULL, 0))
	INT_ROW("PQfnumber", "all pointers NULL, ints 0", PQfnumber(NULL, NULL))
	INT_ROW("PQftype", "all pointers NULL, ints 0", PQftype(NULL, 0))
	INT_ROW("PQfsize", "all pointers NULL, ints 0", PQfsize(NULL, 0))
	INT_ROW("PQfmod", "all pointers NULL, ints 0", PQfmod(NULL, 0))
	TEXT_ROW("PQcmdStatus", "all pointers NULL, ints 0", PQcmdStatus(NULL))
	TEXT_ROW("PQoidStatus", "all pointers NULL, ints 0", PQoidStatus(NULL))
	TEXT_ROW("PQcmdTuples", "all pointers NULL, ints 0", PQcmdTuples(NULL))
	TEXT_ROW("PQgetvalue", "all pointers NULL, ints 0", PQgetvalue(NULL, 0, 0))
	INT_ROW("PQgetlength", "all pointers NULL, ints 0", PQgetlength(NULL, 0, 0))
	INT_ROW("PQgetisnull", "all pointers NULL, ints 0", PQgetisnull(NULL, 0, 0))
	VOID_ROW("PQclear", "all pointers NULL, ints 0", PQclear(NULL))
	POINTER_ROW("PQmakeEmptyPGresult", "all pointers NULL, ints 0", PQmakeEmptyPGresult(NULL, (ExecStatusType) 0))
	POINTER_ROW("PQmakeEmptyPGresult", "failed conn (CONNECTION_BAD), rest NULL/0", PQmakeEmptyPGresult(failed, (ExecStatusType) 0))
	VOID_ROW("PQprint", "all pointers NULL, ints 0", PQprint(NULL, NULL, NULL))
	VOID_ROW("PQdisplayTuples", "all pointers NULL, ints 0", PQdisplayTuples(NULL, NULL, 0, NULL, 0, 0))
	VOID_ROW("PQprintTuples", "all pointers NULL, ints 0", PQprintTuples(NULL, NULL, 0, 0, 0))
	INT_ROW("lo_open", "all pointers NULL, ints 0", lo_open(NULL, 0, 0))
	INT_ROW("lo_open", "failed conn (CONNECTION_BAD), rest NULL/0", lo_open(failed, 0, 0))
	INT_ROW("lo_close", "all pointers NULL, ints 0", lo_close(NULL, 0))
	INT_ROW("lo_close", "failed conn (CONNECTION_BAD), rest NULL/0", lo_close(failed, 0))
	INT_ROW("lo_read", "all pointers NULL, ints 0", lo_read(NULL, 0, NULL, 0))
	INT_ROW("lo_read", "live conn, other pointers NULL, ints 0", lo_read(live, 0, NULL, 0))
	INT_ROW("lo_read", "failed conn (CONNECTION_BAD), rest NULL/0", lo_read(failed, 0, NULL, 0))
	INT_ROW("lo_write", "all pointers NULL, ints 0", lo_write(NULL, 0, NULL, 0))
	INT_ROW("lo_write", "live conn, other pointers NULL, ints 0", lo_write(live, 0, NULL, 0))
	INT_ROW("lo_write", "failed conn (CONNECTION_BAD), rest NULL/0", lo_write(failed, 0, NULL, 0))
	INT_ROW("lo_lseek", "all pointers NULL, ints 0", lo_lseek(NULL, 0, 0, 0))
	INT_ROW("lo_lseek", "failed conn (CONNECTION_BAD), rest NULL/0", lo_lseek(failed, 0, 0, 0))
	INT_ROW("lo_creat", "all pointers NULL, ints 0", lo_creat(NULL, 0))
	INT_ROW("lo_creat", "failed conn (CONNECTION_BAD), rest NULL/0", lo_creat(failed, 0))
	INT_ROW("lo_tell", "all pointers NULL, ints 0", lo_tell(NULL, 0))
	INT_ROW("lo_tell", "failed conn (CONNECTION_BAD), rest NULL/0", lo_tell(failed, 0))
	INT_ROW("lo_unlink", "all pointers NULL, ints 0", lo_unlink(NULL, 0))
	INT_ROW("lo_unlink", "failed conn (CONNECTION_BAD), rest NULL/0", lo_unlink(failed, 0))
	INT_ROW("lo_import", "all pointers NULL, ints 0", lo_import(NULL, NULL))
	INT_ROW("lo_import", "live conn, other pointers NULL, ints 0", lo_import(live, NULL))
	INT_ROW("lo_import", "failed conn (CONNECTION_BAD), rest NULL/0", lo_import(failed, NULL))
	INT_ROW("lo_export", "all pointers NULL, ints 0", lo_export(NULL, 0, NULL))
	INT_ROW("lo_export", "live conn, other pointers NULL, ints 0", lo_export(live, 0, NULL))
	INT_ROW("lo_export", "failed conn (CONNECTION_BAD), rest NULL/0", lo_export(failed, 0, NULL))
	INT_ROW("PQmblen", "all pointers NULL, ints 0", PQmblen(NULL, 0))
	TEXT_ROW("PQresultErrorMessage", "all pointers NULL, ints 0", PQresultErrorMessage(NULL))
	TEXT_ROW("PQresStatus", "all pointers NULL, ints 0", PQresStatus((ExecStatusType) 0))
	VOID_ROW("termPQExpBuffer", "all pointers NULL, ints 0", termPQExpBuffer(NULL))
	VOID_ROW("appendPQExpBufferChar", "all pointers NULL, ints 0", appendPQExpBufferChar(NULL, 0))
	VOID_ROW("initPQExpBuffer", "all pointers NULL, ints 0", initPQExpBuffer(NULL))
	VOID_ROW("resetPQExpBuffer", "all pointers NULL, ints 0", resetPQExpBuffer(NULL))
	INT_ROW("PQoidValue", "all pointers NULL, ints 0", PQoidValue(NULL))
	INT_ROW("PQclientEncoding", "all pointers NULL, ints 0", PQclientEncoding(NULL))
	INT_ROW("PQclientEncoding", "failed conn (CONNECTION_BAD), rest NULL/0", PQclientEncoding(failed))
	VOID_ROW("appendBinaryPQExpBuffer", "all pointers NULL, ints 0", appendBinaryPQExpBuffer(NULL, NULL, 0))
	VOID_ROW("appendPQExpBufferStr", "all pointers NULL, ints 0", appendPQExpBufferStr(NULL, NULL))
	VOID_ROW("destroyPQExpBuffer", "all pointers NULL, ints 0", destroyPQExpBuffer(NULL))
	VOID_ROW("PQconninfoFree", "all pointers NULL, ints 0", PQconninfoFree(NULL))
	INT_ROW("PQconnectPoll", "all pointers NULL, ints 0", PQconnectPoll(NULL))
	INT_ROW("PQconnectPoll", "failed conn (CONNECTION_BAD), rest NULL/0", PQconnectPoll(failed))
	POINTER_ROW("PQconnectStart", "all pointers NULL, ints 0", PQconnectStart(NULL))
	INT_ROW("PQflush", "all pointers NULL, ints 0", PQflush(NULL))
	INT_ROW("PQflush", "failed conn (CONNECTION_BAD), rest NULL/0", PQflush(failed))
	INT_ROW("PQisnonblocking", "all pointers NULL, ints 0", PQisnonblocking(NULL))
	INT_ROW("PQisnonblocking", "failed conn (CONNECTION_BAD), rest NULL/0", PQisnonblocking(failed))
	INT_ROW("PQresetPoll", "all pointers NULL, ints 0", PQresetPoll(NULL))
	INT_ROW("PQresetPoll", "failed conn (CONNECTION_BAD), rest NULL/0", PQresetPoll(failed))
	INT_ROW("PQresetStart", "all pointers NULL, ints 0", PQresetStart(NULL))
	INT_ROW("PQresetStart", "failed conn (CONNECTION_BAD), rest NULL/0", PQresetStart(failed))
	INT_ROW("PQsetClientEncoding", "all pointers NULL, ints 0", PQsetClientEncoding(NULL, NULL))
	INT_ROW("PQsetClientEncoding", "live conn, other pointers NULL, ints 0", PQsetClientEncoding(live, NULL))
	INT_ROW("PQsetClientEncoding", "failed conn (CONNECTION_BAD), rest NULL/0", PQsetClientEncoding(failed, NULL))
	INT_ROW("PQsetnonblocking", "all pointers NULL, ints 0", PQsetnonblocking(NULL, 0))
	INT_ROW("PQsetnonblocking", "failed conn (CONNECTION_BAD), rest NULL/0", PQsetnonblocking(failed, 0))
	VOID_ROW("PQfreeNotify", "all pointers NULL, ints 0", PQfreeNotify(NULL))
	INT_ROW("PQescapeString", "all pointers NULL, ints 0", PQescapeString(NULL, NULL, 0))
	POINTER_ROW("PQescapeBytea", "all pointers NULL, ints 0", PQescapeBytea(NULL, 0, NULL))
	VOID_ROW("printfPQExpBuffer", "all pointers NULL, ints 0", printfPQExpBuffer(NULL, no_format))
	VOID_ROW("appendPQExpBuffer", "all pointers NULL, ints 0", appendPQExpBuffer(NULL, no_format))
	TEXT_ROW("pg_encoding_to_char", "all pointers NULL, ints 0", pg_encoding_to_char(0))
	INT_ROW("pg_utf_mblen", "all pointers NULL, ints 0", pg_utf_mblen(NULL))
	POINTER_ROW("PQunescapeBytea", "all pointers NULL, ints 0", PQunescapeBytea(NULL, NULL))
	VOID_ROW("PQfreemem", "all pointers NULL, ints 0", PQfreemem(NULL))
	INT_ROW("PQtransactionStatus", "all pointers NULL, ints 0", PQtransactionStatus(NULL))
	INT_ROW("PQtransactionStatus", "failed conn (CONNECTION_BAD), rest NULL/0", PQtransactionStatus(failed))
	TEXT_ROW("PQparameterStatus", "all pointers NULL, ints 0", PQparameterStatus(NULL, NULL))
	TEXT_ROW("PQparameterStatus", "live conn, other pointers NULL, ints 0", PQparameterStatus(live, NULL))
	TEXT_ROW("PQparameterStatus", "failed conn (CONNECTION_BAD), rest NULL/0", PQparameterStatus(failed, NULL))
	INT_ROW("PQprotocolVersion", "all pointers NULL, ints 0", PQprotocolVersion(NULL))
	INT_ROW("PQprotocolVersion", "failed conn (CONNECTION_BAD), rest NULL/0", PQprotocolVersion(failed))
	INT_ROW("PQsetErrorVerbosity", "all pointers NULL, ints 0", PQsetErrorVerbosity(NULL, (PGVerbosity) 0))
	INT_ROW("PQsetErrorVerbosity", "failed conn (CONNECTION_BAD), rest NULL/0", PQsetErrorVerbosity(failed, (PGVerbosity) 0))
	POINTER_ROW("PQsetNoticeReceiver", "all pointers NULL, ints 0", PQsetNoticeReceiver(NULL, NULL, NULL))
	POINTER_ROW("PQsetNoticeReceiver", "live conn, other pointers NULL, ints 0", PQsetNoticeReceiver(live, NULL, NULL))
	POINTER_ROW("PQsetNoticeReceiver", "failed conn (CONNECTION_BAD), rest NULL/0", PQsetNoticeReceiver(failed, NULL, NULL))
	POINTER_ROW("PQexecParams", "all pointers NULL, ints 0", PQexecParams(NULL, NULL, 0, NULL, NULL, NULL, NULL, 0))
	POINTER_ROW("PQexecParams", "live conn, other pointers NULL, ints 0", PQexecParams(live, NULL, 0, NULL, NULL, NULL, NULL, 0))
	POINTER_ROW("PQexecParams", "failed conn (CONNECTION_BAD), rest NULL/0", PQexecParams(failed, NULL, 0, NULL, NULL, NULL, NULL, 0))
	INT_ROW("PQsendQueryParams", "all pointers NULL, ints 0", PQsendQueryParams(NULL, NULL, 0, NULL, NULL, NULL, NULL, 0))
	INT_ROW("PQsendQueryParams", "live conn, other pointers NULL, ints 0", PQsendQueryParams(live, NULL, 0, NULL, NULL, NULL, NULL, 0))
	INT_ROW("PQsendQueryParams", "failed conn (CONNECTION_BAD), rest NULL/0", PQsendQueryParams(failed, NULL, 0, NULL, NULL, NULL, NULL, 0))
	INT_ROW("PQputCopyData", "all pointers NULL, ints 0", PQputCopyData(NULL, NULL, 0))
	INT_ROW("PQputCopyData", "live conn, other pointers NULL, ints 0", PQputCopyData(live, NULL, 0))
	INT_ROW("PQputCopyData", "failed conn (CONNECTION_BAD), rest NULL/0", PQputCopyData(failed, NULL, 0))
	INT_ROW("PQputCopyEnd", "all pointers NULL, ints 0", PQputCopyEnd(NULL, NULL))
	INT_ROW("PQputCopyEnd", "live conn, other pointers NULL, ints 0", PQputCopyEnd(live, NULL))
	INT_ROW("PQputCopyEnd", "failed conn (CONNECTION_BAD), rest NULL/0", PQputCopyEnd(failed, NULL))
	INT_ROW("PQgetCopyData", "all pointers NULL, ints 0", PQgetCopyData(NULL, NULL, 0))
	INT_ROW("PQgetCopyData", "live conn, other pointers NULL, ints 0", PQgetCopyData(live, NULL, 0))
	INT_ROW("PQgetCopyData", "failed conn (CONNECTION_BAD), rest NULL/0", PQgetCopyData(failed, NULL, 0))
	TEXT_ROW("PQresultErrorField", "all pointers NULL, ints 0", PQresultErrorField(NULL, 0))
	INT_ROW("PQftable", "all pointers NULL, ints 0", PQftable(NULL, 0))
	INT_ROW("PQftablecol", "all pointers NULL, ints 0", PQftablecol(NULL, 0))
	INT_ROW("PQfformat", "all pointers NULL, ints 0", PQfformat(NULL, 0))
	POINTER_ROW("PQexecPrepared", "all pointers NULL, ints 0", PQexecPrepared(NULL, NULL, 0, NULL, NULL, NULL, 0))
	POINTER_ROW("PQexecPrepared", "live conn, other pointers NULL, ints 0", PQexecPrepared(live, NULL, 0, NULL, NULL, NULL, 0))
	POINTER_ROW("PQexecPrepared", "failed conn (CONNECTION_BAD), rest NULL/0", PQexecPrepared(failed, NULL, 0, NULL, NULL, NULL, 0))
	INT_ROW("PQsendQueryPrepared", "all pointers NULL, ints 0", PQsendQueryPrepared(NULL, NULL, 0, NULL, NULL, NULL, 0))
	INT_ROW("PQsendQueryPrepared", "live conn, other pointers NULL, ints 0", PQsendQueryPrepared(live, NULL, 0, NULL, NULL, NULL, 0))
	INT_ROW("PQsendQueryPrepared", "failed conn (CONNECTION_BAD), rest NULL/0", PQsendQueryPrepared(failed, NULL, 0, NULL, NULL, NULL, 0))
	INT_ROW("PQdsplen", "all pointers NULL, ints 0", PQdsplen(NULL, 0))
	INT_ROW("PQserverVersion", "all pointers NULL, ints 0", PQserverVersion(NULL))
	INT_ROW("PQserverVersion", "failed conn (CONNECTION_BAD), rest NULL/0", PQserverVersion(failed))
	POINTER_ROW("PQgetssl", "all pointers NULL, ints 0", PQgetssl(NULL))
	POINTER_ROW("PQgetssl", "failed conn (CONNECTION_BAD), rest NULL/0", PQgetssl(failed))
	INT_ROW("pg_char_to_encoding", "all pointers NULL, ints 0", pg_char_to_encoding(NULL))
	INT_ROW("pg_valid_server_encoding", "all pointers NULL, ints 0", pg_valid_server_encoding(NULL))
	POINTER_ROW("pqsignal", "all pointers NULL, ints 0", pqsignal(0, NULL))
	POINTER_ROW("PQprepare", "all pointers NULL, ints 0", PQprepare(NULL, NULL, NULL, 0, NULL))
	POINTER_ROW("PQprepare", "live conn, other pointers NULL, ints 0", PQprepare(live, NULL, NULL, 0, NULL))
	POINTER_ROW("PQprepare", "failed conn (CONNECTION_BAD), rest NULL/0", PQprepare(failed, NULL, NULL, 0, NULL))
	INT_ROW("PQsendPrepare", "all pointers NULL, ints 0", PQsendPrepare(NULL, NULL, NULL, 0, NULL))
	INT_ROW("PQsendPrepare", "live conn, other pointers NULL, ints 0", PQsendPrepare(live, NULL, NULL, 0, NULL))
	INT_ROW("PQsendPrepare", "failed conn (CONNECTION_BAD), rest NULL/0", PQsendPrepare(failed, NULL, NULL, 0, NULL))
	POINTER_ROW("PQgetCancel", "all pointers NULL, ints 0", PQgetCancel(NULL))
	POINTER_ROW("PQgetCancel", "failed conn (CONNECTION_BAD), rest NULL/0", PQgetCancel(failed))
	VOID_ROW("PQfreeCancel", "all pointers NULL, ints 0", PQfreeCancel(NULL))
	INT_ROW("PQcancel", "all pointers NULL, ints 0", PQcancel(NULL, NULL, 0))
	INT_ROW("lo_create", "all pointers NULL, ints 0", lo_create(NULL, 0))
	INT_ROW("lo_create", "failed conn (CONNECTION_BAD), rest NULL/0", lo_create(failed, 0))
	VOID_ROW("PQinitSSL", "all pointers NULL, ints 0", PQinitSSL(0))
	POINTER_ROW("PQregisterThreadLock", "all pointers NULL, ints 0", PQregisterThreadLock(NULL))
	INT_ROW("PQescapeStringConn", "all pointers NULL, ints 0", PQescapeStringConn(NULL, NULL, NULL, 0, NULL))
	INT_ROW("PQescapeStringConn", "live conn, other pointers NULL, ints 0", PQescapeStringConn(live, NULL, NULL, 0, NULL))
	INT_ROW("PQescapeStringConn", "failed conn (CONNECTION_BAD), rest NULL/0", PQescapeStringConn(failed, NULL, NULL, 0, NULL))
	POINTER_ROW("PQescapeByteaConn", "all pointers NULL, ints 0", PQescapeByteaConn(NULL, NULL, 0, NULL))
	POINTER_ROW("PQescapeByteaConn", "live conn, other pointers NULL, ints 0", PQescapeByteaConn(live, NULL, 0, NULL))
	POINTER_ROW("PQescapeByteaConn", "failed conn (CONNECTION_BAD), rest NULL/0", PQescapeByteaConn(failed, NULL, 0, NULL))
	TEXT_ROW("PQencryptPassword", "all pointers NULL, ints 0", PQencryptPassword(NULL, NULL))
	INT_ROW("enlargePQExpBuffer", "all pointers NULL, ints 0", enlargePQExpBuffer(NULL, 0))
	INT_ROW("PQnparams", "all pointers NULL, ints 0", PQnparams(NULL))
	INT_ROW("PQparamtype", "all pointers NULL, ints 0", PQparamtype(NULL, 0))
	POINTER_ROW("PQdescribePrepared", "all pointers NULL, ints 0", PQdescribePrepared(NULL, NULL))
	POINTER_ROW("PQdescribePrepared", "live conn, other pointers NULL, ints 0", PQdescribePrepared(live, NULL))
	POINTER_ROW("PQdescribePrepared", "failed conn (CONNECTION_BAD), rest NULL/0", PQdescribePrepared(failed, NULL))
	POINTER_ROW("PQdescribePortal", "all pointers NULL, ints 0", PQdescribePortal(NULL, NULL))
	POINTER_ROW("PQdescribePortal", "live conn, other pointers NULL, ints 0", PQdescribePortal(live, NULL))
	POINTER_ROW("PQdescribePortal", "failed conn (CONNECTION_BAD), rest NULL/0", PQdescribePortal(failed, NULL))
	INT_ROW("PQsendDescribePrepared", "all pointers NULL, ints 0", PQsendDescribePrepared(NULL, NULL))
	INT_ROW("PQsendDescribePrepared", "live conn, other pointers NULL, ints 0", PQsendDescribePrepared(live, NULL))
	INT_ROW("PQsendDescribePrepared", "failed conn (CONNECTION_BAD), rest NULL/0", PQsendDescribePrepared(failed, NULL))
	INT_ROW("PQsendDescribePortal", "all pointers NULL, ints 0", PQsendDescribePortal(NULL, NULL))
	INT_ROW("PQsendDescribePortal", "live conn, other pointers NULL, ints 0", PQsendDescribePortal(live, NULL))
	INT_ROW("PQsendDescribePortal", "failed conn (CONNECTION_BAD), rest NULL/0", PQsendDescribePortal(failed, NULL))
	INT_ROW("lo_truncate", "all pointers NULL, ints 0", lo_truncate(NULL, 0, 0))
	INT_ROW("lo_truncate", "failed conn (CONNECTION_BAD), rest NULL/0", lo_truncate(failed, 0, 0))
	INT_ROW("PQconnectionUsedPassword", "all pointers NULL, ints 0", PQconnectionUsedPassword(NULL))
	INT_ROW("PQconnectionUsedPassword", "failed conn (CONNECTION_BAD), rest NULL/0", PQconnectionUsedPassword(failed))
	INT_ROW("pg_valid_server_encoding_id", "all pointers NULL, ints 0", pg_valid_server_encoding_id(0))
	INT_ROW("PQconnectionNeedsPassword", "all pointers NULL, ints 0", PQconnectionNeedsPassword(NULL))
	INT_ROW("PQconnectionNeedsPassword", "failed conn (CONNECTION_BAD), rest NULL/0", PQconnectionNeedsPassword(failed))
	INT_ROW("lo_import_with_oid", "all pointers NULL, ints 0", lo_import_with_oid(NULL, NULL, 0))
	INT_ROW("lo_import_with_oid", "live conn, other pointers NULL, ints 0", lo_import_with_oid(live, NULL, 0))
	INT_ROW("lo_import_with_oid", "failed conn (CONNECTION_BAD), rest NULL/0", lo_import_with_oid(failed, NULL, 0))
	POINTER_ROW("PQcopyResult", "all pointers NULL, ints 0", PQcopyResult(NULL, 0))
	INT_ROW("PQsetResultAttrs", "all pointers NULL, ints 0", PQsetResultAttrs(NULL, 0, NULL))
	INT_ROW("PQsetvalue", "all pointers NULL, ints 0", PQsetvalue(NULL, 0, 0, NULL, 0))
	POINTER_ROW("PQresultAlloc", "all pointers NULL, ints 0", PQresultAlloc(NULL, 0))
	INT_ROW("PQregisterEventProc", "all pointers NULL, ints 0", PQregisterEventProc(NULL, NULL, NULL, NULL))
	INT_ROW("PQregisterEventProc", "live conn, other pointers NULL, ints 0", PQregisterEventProc(live, NULL, NULL, NULL))
	INT_ROW("PQregisterEventProc", "failed conn (CONNECTION_BAD), rest NULL/0", PQregisterEventProc(failed, NULL, NULL, NULL))
	POINTER_ROW("PQinstanceData", "all pointers NULL, ints 0", PQinstanceData(NULL, NULL))
	POINTER_ROW("PQinstanceData", "live conn, other pointers NULL, ints 0", PQinstanceData(live, NULL))
	POINTER_ROW("PQinstanceData", "failed conn (CONNECTION_BAD), rest NULL/0", PQinstanceData(failed, NULL))
	INT_ROW("PQsetInstanceData", "all pointers NULL, ints 0", PQsetInstanceData(NULL, NULL, NULL))
	INT_ROW("PQsetInstanceData", "live conn, other pointers NULL, ints 0", PQsetInstanceData(live, NULL, NULL))
	INT_ROW("PQsetInstanceData", "failed conn (CONNECTION_BAD), rest NULL/0", PQsetInstanceData(failed, NULL, NULL))
	POINTER_ROW("PQresultInstanceData", "all pointers NULL, ints 0", PQresultInstanceData(NULL, NULL))
	INT_ROW("PQresultSetInstanceData", "all pointers NULL, ints 0", PQresultSetInstanceData(NULL, NULL, NULL))
	INT_ROW("PQfireResultCreateEvents", "all pointers NULL, ints 0", PQfireResultCreateEvents(NULL, NULL))
	INT_ROW("PQfireResultCreateEvents", "live conn, other pointers NULL, ints 0", PQfireResultCreateEvents(live, NULL))
	INT_ROW("PQfireResultCreateEvents", "failed conn (CONNECTION_BAD), rest NULL/0", PQfireResultCreateEvents(failed, NULL))
	POINTER_ROW("PQconninfoParse", "all pointers NULL, ints 0", PQconninfoParse(NULL, NULL))
	VOID_ROW("PQinitOpenSSL", "all pointers NULL, ints 0", PQinitOpenSSL(0, 0))
	TEXT_ROW("PQescapeLiteral", "all pointers NULL, ints 0", PQescapeLiteral(NULL, NULL, 0))
	TEXT_ROW("PQescapeLiteral", "live conn, other pointers NULL, ints 0", PQescapeLiteral(live, NULL, 0))
	TEXT_ROW("PQescapeLiteral", "failed conn (CONNECTION_BAD), rest NULL/0", PQescapeLiteral(failed, NULL, 0))
	TEXT_ROW("PQescapeIdentifier", "all pointers NULL, ints 0", PQescapeIdentifier(NULL, NULL, 0))
	TEXT_ROW("PQescapeIdentifier", "live conn, other pointers NULL, ints 0", PQescapeIdentifier(live, NULL, 0))
	TEXT_ROW("PQescapeIdentifier", "failed conn (CONNECTION_BAD), rest NULL/0", PQescapeIdentifier(failed, NULL, 0))
	POINTER_ROW("PQconnectdbParams", "all pointers NULL, ints 0", PQconnectdbParams(NULL, NULL, 0))
	POINTER_ROW("PQconnectStartParams", "all pointers NULL, ints 0", PQconnectStartParams(NULL, NULL, 0))
	INT_ROW("PQping", "all pointers NULL, ints 0", PQping(NULL))
	INT_ROW("PQpingParams", "all pointers NULL, ints 0", PQpingParams(NULL, NULL, 0))
	INT_ROW("PQsetSingleRowMode", "all pointers NULL, ints 0", PQsetSingleRowMode(NULL))
	INT_ROW("PQsetSingleRowMode", "failed conn (CONNECTION_BAD), rest NULL/0", PQsetSingleRowMode(failed))
	INT_ROW("lo_lseek64", "all pointers NULL, ints 0", lo_lseek64(NULL, 0, 0, 0))
	INT_ROW("lo_lseek64", "failed conn (CONNECTION_BAD), rest NULL/0", lo_lseek64(failed, 0, 0, 0))
	INT_ROW("lo_tell64", "all pointers NULL, ints 0", lo_tell64(NULL, 0))
	INT_ROW("lo_tell64", "failed conn (CONNECTION_BAD), rest NULL/0", lo_tell64(failed, 0))
	INT_ROW("lo_truncate64", "all pointers NULL, ints 0", lo_truncate64(NULL, 0, 0))
	INT_ROW("lo_truncate64", "failed conn (CONNECTION_BAD), rest NULL/0", lo_truncate64(failed, 0, 0))
	POINTER_ROW("PQconninfo", "all pointers NULL, ints 0", PQconninfo(NULL))
	POINTER_ROW("PQconninfo", "failed conn (CONNECTION_BAD), rest NULL/0", PQconninfo(failed))
	INT_ROW("PQsslInUse", "all pointers NULL, ints 0", PQsslInUse(NULL))
	INT_ROW("PQsslInUse", "failed conn (CONNECTION_BAD), rest NULL/0", PQsslInUse(failed))
	POINTER_ROW("PQsslStruct", "all pointers NULL, ints 0", PQsslStruct(NULL, NULL))
	POINTER_ROW("PQsslStruct", "live conn, other pointers NULL, ints 0", PQsslStruct(live, NULL))
	POINTER_ROW("PQsslStruct", "failed conn (CONNECTION_BAD), rest NULL/0", PQsslStruct(failed, NULL))
	POINTER_ROW("PQsslAttributeNames", "all pointers NULL, ints 0", PQsslAttributeNames(NULL))
	POINTER_ROW("PQsslAttributeNames", "failed conn (CONNECTION_BAD), rest NULL/0", PQsslAttributeNames(failed))
	TEXT_ROW("PQsslAttribute", "all pointers NULL, ints 0", PQsslAttribute(NULL, NULL))
	TEXT_ROW("PQsslAttribute", "live conn, other pointers NULL, ints 0", PQsslAttribute(live, NULL))
	TEXT_ROW("PQsslAttribute", "failed conn (CONNECTION_BAD), rest NULL/0", PQsslAttribute(failed, NULL))
	INT_ROW("PQsetErrorContextVisibility", "all pointers NULL, ints 0", PQsetErrorContextVisibility(NULL, (PGContextVisibility) 0))
	INT_ROW("PQsetErrorContextVisibility", "failed conn (CONNECTION_BAD), rest NULL/0", PQsetErrorContextVisibility(failed, (PGContextVisibility) 0))
	TEXT_ROW("PQresultVerboseErrorMessage", "all pointers NULL, ints 0", PQresultVerboseErrorMessage(NULL, (PGVerbosity) 0, (PGContextVisibility) 0))
	TEXT_ROW("PQencryptPasswordConn", "all pointers NULL, ints 0", PQencryptPasswordConn(NULL, NULL, NULL, NULL))
	TEXT_ROW("PQencryptPasswordConn", "live conn, other pointers NULL, ints 0", PQencryptPasswordConn(live, NULL, NULL, NULL))
	TEXT_ROW("PQencryptPasswordConn", "failed conn (CONNECTION_BAD), rest NULL/0", PQencryptPasswordConn(failed, NULL, NULL, NULL))
	INT_ROW("PQresultMemorySize", "all pointers NULL, ints 0", PQresultMemorySize(NULL))
	TEXT_ROW("PQhostaddr", "all pointers NULL, ints 0", PQhostaddr(NULL))
	TEXT_ROW("PQhostaddr", "failed conn (CONNECTION_BAD), rest NULL/0", PQhostaddr(failed))
	INT_ROW("PQgssEncInUse", "all pointers NULL, ints 0", PQgssEncInUse(NULL))
	INT_ROW("PQgssEncInUse", "failed conn (CONNECTION_BAD), rest NULL/0", PQgssEncInUse(failed))
	POINTER_ROW("PQgetgssctx", "all pointers NULL, ints 0", PQgetgssctx(NULL))
	POINTER_ROW("PQgetgssctx", "failed conn (CONNECTION_BAD), rest NULL/0", PQgetgssctx(failed))
	VOID_ROW("PQsetSSLKeyPassHook_OpenSSL", "all pointers NULL, ints 0", PQsetSSLKeyPassHook_OpenSSL(NULL))
	INT_ROW("PQdefaultSSLKeyPassHook_OpenSSL", "all pointers NULL, ints 0", PQdefaultSSLKeyPassHook_OpenSSL(NULL, 0, NULL))
	INT_ROW("PQdefaultSSLKeyPassHook_OpenSSL", "live conn, rest NULL/0", PQdefaultSSLKeyPassHook_OpenSSL(NULL, 0, live))
	INT_ROW("PQenterPipelineMode", "all pointers NULL, ints 0", PQenterPipelineMode(NULL))
	INT_ROW("PQenterPipelineMode", "failed conn (CONNECTION_BAD), rest NULL/0", PQenterPipelineMode(failed))
	INT_ROW("PQexitPipelineMode", "all pointers NULL, ints 0", PQexitPipelineMode(NULL))
	INT_ROW("PQexitPipelineMode", "failed conn (CONNECTION_BAD), rest NULL/0", PQexitPipelineMode(failed))
	INT_ROW("PQpipelineSync", "all pointers NULL, ints 0", PQpipelineSync(NULL))
	INT_ROW("PQpipelineSync", "failed conn (CONNECTION_BAD), rest NULL/0", PQpipelineSync(failed))
	INT_ROW("PQpipelineStatus", "all pointers NULL, ints 0", PQpipelineStatus(NULL))
	INT_ROW("PQpipelineStatus", "failed conn (CONNECTION_BAD), rest NULL/0", PQpipelineStatus(failed))
	VOID_ROW("PQsetTraceFlags", "all pointers NULL, ints 0", PQsetTraceFlags(NULL, 0))
	VOID_ROW("PQsetTraceFlags", "failed conn (CONNECTION_BAD), rest NULL/0", PQsetTraceFlags(failed, 0))
	INT_ROW("PQmblenBounded", "all pointers NULL, ints 0", PQmblenBounded(NULL, 0))
	INT_ROW("PQsendFlushRequest", "all pointers NULL, ints 0", PQsendFlushRequest(NULL))
	INT_ROW("PQsendFlushRequest", "failed conn (CONNECTION_BAD), rest NULL/0", PQsendFlushRequest(failed))
	INT_ROW("PQconnectionUsedGSSAPI", "all pointers NULL, ints 0", PQconnectionUsedGSSAPI(NULL))
	INT_ROW("PQconnectionUsedGSSAPI", "failed conn (CONNECTION_BAD), rest NULL/0", PQconnectionUsedGSSAPI(failed))
	POINTER_ROW("PQclosePrepared", "all pointers NULL, ints 0", PQclosePrepared(NULL, NULL))
	POINTER_ROW("PQclosePrepared", "live conn, other pointers NULL, ints 0", PQclosePrepared(live, NULL))
	POINTER_ROW("PQclosePrepared", "failed conn (CONNECTION_BAD), rest NULL/0", PQclosePrepared(failed, NULL))
	POINTER_ROW("PQclosePortal", "all pointers NULL, ints 0", PQclosePortal(NULL, NULL))
	POINTER_ROW("PQclosePortal", "live conn, other pointers NULL, ints 0", PQclosePortal(live, NULL))
	POINTER_ROW("PQclosePortal", "failed conn (CONNECTION_BAD), rest NULL/0", PQclosePortal(failed, NULL))
	INT_ROW("PQsendClosePrepared", "all pointers NULL, ints 0", PQsendClosePrepared(NULL, NULL))
	INT_ROW("PQsendClosePrepared", "live conn, other pointers NULL, ints 0", PQsendClosePrepared(live, NULL))
	INT_ROW("PQsendClosePrepared", "failed conn (CONNECTION_BAD), rest NULL/0", PQsendClosePrepared(failed, NULL))
	INT_ROW("PQsendClosePortal", "all pointers NULL, ints 0", PQsendClosePortal(NULL, NULL))
	INT_ROW("PQsendClosePortal", "live conn, other pointers NULL, ints 0", PQsendClosePortal(live, NULL))
	INT_ROW("PQsendClosePortal", "failed conn (CONNECTION_BAD), rest NULL/0", PQsendClosePortal(failed, NULL))
	POINTER_ROW("PQchangePassword", "all pointers NULL, ints 0", PQchangePassword(NULL, NULL, NULL))
	POINTER_ROW("PQchangePassword", "live conn, other pointers NULL, ints 0", PQchangePassword(live, NULL, NULL))
	POINTER_ROW("PQchangePassword", "failed conn (CONNECTION_BAD), rest NULL/0", PQchangePassword(failed, NULL, NULL))
	INT_ROW("PQsendPipelineSync", "all pointers NULL, ints 0", PQsendPipelineSync(NULL))
	INT_ROW("PQsendPipelineSync", "failed conn (CONNECTION_BAD), rest NULL/0", PQsendPipelineSync(failed))
	INT_ROW("PQcancelBlocking", "all pointers NULL, ints 0", PQcancelBlocking(NULL))
	INT_ROW("PQcancelStart", "all pointers NULL, ints 0", PQcancelStart(NULL))
	POINTER_ROW("PQcancelCreate", "all pointers NULL, ints 0", PQcancelCreate(NULL))
	POINTER_ROW("PQcancelCreate", "failed conn (CONNECTION_BAD), rest NULL/0", PQcancelCreate(failed))
	INT_ROW("PQcancelPoll", "all pointers NULL, ints 0", PQcancelPoll(NULL))
	INT_ROW("PQcancelStatus", "all pointers NULL, ints 0", PQcancelStatus(NULL))
	INT_ROW("PQcancelSocket", "all pointers NULL, ints 0", PQcancelSocket(NULL))
	TEXT_ROW("PQcancelErrorMessage", "all pointers NULL, ints 0", PQcancelErrorMessage(NULL))
	VOID_ROW("PQcancelReset", "all pointers NULL, ints 0", PQcancelReset(NULL))
	VOID_ROW("PQcancelFinish", "all pointers NULL, ints 0", PQcancelFinish(NULL))
	INT_ROW("PQsocketPoll", "all pointers NULL, ints 0", PQsocketPoll(0, 0, 0, 0))
	INT_ROW("PQsetChunkedRowsMode", "all pointers NULL, ints 0", PQsetChunkedRowsMode(NULL, 0))
	INT_ROW("PQsetChunkedRowsMode", "failed conn (CONNECTION_BAD), rest NULL/0", PQsetChunkedRowsMode(failed, 0))
	VOID_ROW("PQsetAuthDataHook", "all pointers NULL, ints 0", PQsetAuthDataHook(NULL))
	INT_ROW("PQdefaultAuthDataHook", "all pointers NULL, ints 0", PQdefaultAuthDataHook((PGauthData) 0, NULL, NULL))
	INT_ROW("PQdefaultAuthDataHook", "live conn, rest NULL/0", PQdefaultAuthDataHook((PGauthData) 0, live, NULL))
	INT_ROW("PQfullProtocolVersion", "all pointers NULL, ints 0", PQfullProtocolVersion(NULL))
	INT_ROW("PQfullProtocolVersion", "failed conn (CONNECTION_BAD), rest NULL/0", PQfullProtocolVersion(failed))
	INT_ROW("appendPQExpBufferVA", "all pointers NULL, ints 0", append_va(NULL, 0))
	/* *INDENT-ON* */
}

int
main(int argc, char **argv)
{
	conninfo = begin(argc, argv);
	rows();
	fprintf(stderr, "%d rows\n", row);
	return 0;
}
