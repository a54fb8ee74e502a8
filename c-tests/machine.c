/*
 * Plays scripts of libpq calls on a server and prints everything that can be seen of each call.
 *
 *   machine PROOF CONNINFO SCRIPTS TIMEOUT_MS
 *
 * PROOF is a file for the path of the loaded libpq. SCRIPTS holds cases: a line "case NAME", then one call a line.
 * Each case runs in a child with a connection of its own, so a crash ends that case alone. A call that takes longer
 * than TIMEOUT_MS prints TIMEOUT and ends its case, too.
 *
 * In texts \n \t \\ and \xHH are escapes; {N} is N bytes 'x', or N lines of COPY data after "lines:".
 * Values are separated by '|', and \N alone is NULL. The calls:
 *
 *   exec SQL                     send SQL
 *   execparams F SQL|V|V         sendparams F SQL|V|V          F: format of the result
 *   prepare NAME SQL             sendprepare NAME SQL          the name - is empty
 *   execprepared F NAME|V        sendprepared F NAME|V
 *   describeprepared NAME        senddescribeprepared NAME     and describeportal, closeprepared, closeportal
 *   get                          PQgetResult
 *   next                         the same, if one comes before all is quiet for a while
 *   drain                        results until NULL, or a COPY, or a pipeline's sync
 *   consume                      PQconsumeInput once the server has said what it has to say
 *   pump                         flush, wait, consume until PQisBusy says no or all is quiet
 *   busy                         PQisBusy after a consume
 *   flush flushall               PQflush, PQflush until all is sent (reading meanwhile)
 *   enter exit sync sendsync flushrequest singlerow chunked N nonblock 0|1
 *   put TEXT, end, fail TEXT     PQputCopyData, PQputCopyEnd
 *   getcopy, getcopyasync        PQgetCopyData; copyall: until there is none (waiting when async)
 *   notifies                     PQnotifies until NULL, after a pump
 *   state parameter NAME verbosity N context N cancel reset fn N
 *   getline N, getlineasync N, putline TEXT, putnbytes TEXT, endcopy
 *   encoding NAME, escape BYTES  every escaping function
 *   nap MS, sndbuf BYTES, storm USEC (a signal every USEC, without SA_RESTART)
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libpq-fe.h"

#define MOST_VALUES 20
#define MOST_ROWS 12
#define MOST_BYTES 100

static PGconn *conn;
static volatile sig_atomic_t deadline_ms;
static bool storming;
static long timeout_ms;

/* ---- time ---- */

static long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (t.tv_sec % 1000000) * 1000 + t.tv_nsec / 1000000;
}

/* Runs for the storm's signals and for the time limit. */
static void
on_alarm(int number)
{
	static const char word[] = "TIMEOUT\n";

	(void) number;
	if (now_ms() >= deadline_ms)
	{
		/* Standard output has been flushed before the call, or a part of its text would come first on both sides. */
		if (write(STDOUT_FILENO, word, sizeof(word) - 1) < 0)
			_exit(3);
		_exit(0);
	}
}

static void
set_timer(long usec, long again_usec)
{
	struct itimerval t;

	t.it_value.tv_sec = usec / 1000000;
	t.it_value.tv_usec = usec % 1000000;
	t.it_interval.tv_sec = again_usec / 1000000;
	t.it_interval.tv_usec = again_usec % 1000000;
	setitimer(ITIMER_REAL, &t, NULL);
}

static void
begin_call(void)
{
	fflush(stdout);
	deadline_ms = (sig_atomic_t) (now_ms() + timeout_ms);
	if (!storming)
		set_timer(timeout_ms * 1000 + 1000, 100000);
}

/* ---- printing ---- */

static uint64_t
hash_bytes(uint64_t hash, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char) bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void
show_bytes(const char *s, size_t n)
{
	size_t		shown = n > MOST_BYTES * 20 ? MOST_BYTES : n;

	putchar('"');
	for (size_t i = 0; i < shown; i++)
	{
		unsigned char c = (unsigned char) s[i];

		if (c == '\n')
			fputs("\\n", stdout);
		else if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c > 0x7e)
			printf("\\x%02X", c);
		else
			putchar(c);
	}
	putchar('"');
	if (shown < n)
		printf("... %zu bytes, hash %016llx", n, (unsigned long long) hash_bytes(1, s, n));
}

static void
show_text(const char *label, const char *s)
{
	printf("  %s: ", label);
	if (s == NULL)
		fputs("NULL", stdout);
	else
		show_bytes(s, strlen(s));
	putchar('\n');
}

static const char *
pipeline_name(void)
{
	switch (PQpipelineStatus(conn))
	{
		case PQ_PIPELINE_OFF:
			return "off";
		case PQ_PIPELINE_ON:
			return "on";
		case PQ_PIPELINE_ABORTED:
			return "aborted";
	}
	return "unknown";
}

static void
show_state(void)
{
	printf("  [%d %d %s%s%s] ", PQstatus(conn), PQtransactionStatus(conn), pipeline_name(),
		   PQisnonblocking(conn) ? " nonblocking" : "", PQsocket(conn) >= 0 ? "" : " no socket");
	show_bytes(PQerrorMessage(conn), strlen(PQerrorMessage(conn)));
	putchar('\n');
}

static void
show_value(const PGresult *res, int row, int col)
{
	const char *value = PQgetvalue(res, row, col);
	int			length = PQgetlength(res, row, col);

	putchar(' ');
	if (PQgetisnull(res, row, col))
		printf("null%s%s", value != NULL && value[0] == 0 ? "" : "(value)", length != 0 ? "(length)" : "");
	else
	{
		show_bytes(value, (size_t) length);
		if (value[length] != 0)
			printf("(not terminated)");
		if (PQfformat(res, col) == 1 && ((size_t) value & 7) != 0)
			printf("(not aligned)");
	}
}

static void
show_result(PGresult *res)
{
	static const int codes[] = {PG_DIAG_SEVERITY, PG_DIAG_SQLSTATE, PG_DIAG_STATEMENT_POSITION, PG_DIAG_CONTEXT,
	PG_DIAG_TABLE_NAME, PG_DIAG_CONSTRAINT_NAME};
	uint64_t	hash = 1;

	if (res == NULL)
	{
		printf("  no result\n");
		return;
	}
	printf("  %s tag=\"%s\" tuples=\"%s\" rows=%d columns=%d parameters=%d binary=%d oid=%u\n",
		   PQresStatus(PQresultStatus(res)), PQcmdStatus(res), PQcmdTuples(res), PQntuples(res), PQnfields(res),
		   PQnparams(res), PQbinaryTuples(res), PQoidValue(res));
	if (PQresultErrorMessage(res)[0] != 0)
		show_text("message", PQresultErrorMessage(res));
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (PQresultErrorField(res, codes[i]) != NULL)
		{
			char		label[] = {'f', 'i', 'e', 'l', 'd', ' ', (char) codes[i], 0};

			show_text(label, PQresultErrorField(res, codes[i]));
		}
	for (int i = 0; i < PQnparams(res); i++)
		printf("  parameter %u\n", PQparamtype(res, i));
	for (int i = 0; i < PQnfields(res); i++)
	{
		printf("  column type=%u size=%d mod=%d format=%d table=%s column=%d", PQftype(res, i), PQfsize(res, i),
			   PQfmod(res, i), PQfformat(res, i), PQftable(res, i) ? "yes" : "no", PQftablecol(res, i));
		show_text(" name", PQfname(res, i));
	}
	for (int row = 0; row < PQntuples(res); row++)
	{
		if (row < MOST_ROWS)
			printf("  row:");
		for (int col = 0; col < PQnfields(res); col++)
			if (row < MOST_ROWS)
				show_value(res, row, col);
			else
				hash = hash_bytes(hash * 31, PQgetvalue(res, row, col), (size_t) PQgetlength(res, row, col) + 1);
		if (row < MOST_ROWS)
			putchar('\n');
	}
	if (PQntuples(res) > MOST_ROWS)
		printf("  further rows: hash %016llx\n", (unsigned long long) hash);
}

static void
show_notice(void *arg, const PGresult *res)
{
	(void) arg;
	printf("  notice %s ", PQresStatus(PQresultStatus(res)));
	show_bytes(PQresultErrorMessage(res), strlen(PQresultErrorMessage(res)));
	putchar('\n');
}

static void
result(PGresult *res)
{
	show_result(res);
	PQclear(res);
}

static void
number(long long n)
{
	printf("  = %lld\n", n);
}

/* ---- texts of a script ---- */

/* Decodes in a new block; *length is set, the text is terminated. */
static char *
decode(const char *in, size_t *length)
{
	size_t		room = strlen(in) + 1;
	char	   *out;
	char	   *o;

	for (const char *c = in; (c = strchr(c, '{')) != NULL; c++)
		room += 20 * strtoul(c + 1, NULL, 10);
	out = o = malloc(room);
	while (*in)
	{
		char	   *end;

		if (in[0] == '{' && strtoul(in + 1, &end, 10) > 0 && *end == '}')
		{
			unsigned long n = strtoul(in + 1, NULL, 10);
			bool		lines = o - out >= 6 && memcmp(o - 6, "lines:", 6) == 0;

			if (lines)
				o -= 6;
			for (unsigned long i = 0; i < n; i++)
				if (lines)
					o += sprintf(o, "%lu\tline %lu\n", 1000 + i, i % 97);
				else
					*o++ = 'x';
			in = end + 1;
		}
		else if (in[0] == '\\' && in[1] == 'x' && in[2] && in[3])
		{
			char		hex[3] = {in[2], in[3], 0};

			*o++ = (char) strtol(hex, NULL, 16);
			in += 4;
		}
		else if (in[0] == '\\' && in[1])
		{
			*o++ = in[1] == 'n' ? '\n' : in[1] == 't' ? '\t' : in[1];
			in += 2;
		}
		else
			*o++ = *in++;
	}
	*o = 0;
	if (length)
		*length = (size_t) (o - out);
	return out;
}

/* Splits off the first word of a line, in place. */
static char *
word(char **rest)
{
	char	   *start = *rest;
	char	   *space = strchr(start, ' ');

	*rest = space ? space + 1 : start + strlen(start);
	if (space)
		*space = 0;
	return start;
}

/* FORMAT TEXT|VALUE|VALUE */
struct values
{
	int			format;
	char	   *text;
	int			n;
	char	   *value[MOST_VALUES];
};

static struct values
split_values(char *arg)
{
	struct values v = {0};
	char	   *part;

	v.format = atoi(word(&arg));
	part = strsep(&arg, "|");
	v.text = decode(part ? part : "", NULL);
	while ((part = strsep(&arg, "|")) != NULL && v.n < MOST_VALUES)
		v.value[v.n++] = strcmp(part, "\\N") == 0 ? NULL : decode(part, NULL);
	return v;
}

static void
free_values(struct values *v)
{
	free(v->text);
	while (v->n > 0)
		free(v->value[--v->n]);
}

/* ---- calls that take several steps ---- */

static bool
wait_socket(short events, int ms)
{
	struct pollfd p = {PQsocket(conn), events, 0};
	long		until = now_ms() + ms;
	int			got;

	if (p.fd < 0)
		return false;
	do
	{
		long		left = until - now_ms();

		got = poll(&p, 1, left > 0 ? (int) left : 0);
	} while (got < 0 && errno == EINTR);
	return got > 0;
}

/* Waits until nothing more arrives: longer where the case has more time, for on a busy machine servers are slow. */
static void
settle(void)
{
	int			before = -1;
	int			there = 0;

	if (!wait_socket(POLLIN, (int) timeout_ms / 20))
		return;
	while (ioctl(PQsocket(conn), FIONREAD, &there) == 0 && there != before)
	{
		before = there;
		poll(NULL, 0, (int) timeout_ms / 100);
	}
}

/* Everything that is there: how much one call reads is each library's own affair. */
static int
consume_all(void)
{
	int			consumed;

	settle();
	do
		consumed = PQconsumeInput(conn);
	while (consumed == 1 && wait_socket(POLLIN, 0));
	return consumed;
}

/* A server that says nothing for so long waits for us. */
static int
quiet_ms(void)
{
	return (int) timeout_ms / (storming ? 2 : 5);
}

/* As the manual says: true once PQisBusy says no. */
static bool
pump(void)
{
	bool		read = false;

	for (;;)
	{
		int			unsent = PQflush(conn);

		if (PQisBusy(conn) == 0)
			return true;
		if (unsent < 0 && read)
			return false;
		/* A server that waits for the rest of a command stays quiet. */
		if (!wait_socket((short) (POLLIN | (unsent > 0 ? POLLOUT : 0)), quiet_ms()))
			return false;
		if (wait_socket(POLLIN, 0))
		{
			read = true;
			if (PQconsumeInput(conn) == 0)
				return PQisBusy(conn) == 0;
		}
	}
}

static bool
next_result(ExecStatusType *status)
{
	PGresult   *res;

	if (!pump())
	{
		printf("  nothing comes\n");
		return false;
	}
	res = PQgetResult(conn);
	*status = PQresultStatus(res);
	show_result(res);
	PQclear(res);
	return res != NULL;
}

static void
drain(void)
{
	ExecStatusType status;

	for (int i = 0; i < 12 && next_result(&status); i++)
		if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH ||
			status == PGRES_PIPELINE_SYNC)
			return;
}

static void
flush_all(void)
{
	int			unsent;

	while ((unsent = PQflush(conn)) > 0)
		if (wait_socket(POLLIN | POLLOUT, (int) timeout_ms) && wait_socket(POLLIN, 0) && PQconsumeInput(conn) == 0)
			break;
	number(unsent);
}

static int
get_copy(int async)
{
	char	   *buffer = NULL;
	int			got = PQgetCopyData(conn, &buffer, async);

	printf("  = %d", got);
	if (buffer)
	{
		putchar(' ');
		show_bytes(buffer, (size_t) got);
		if (buffer[got] != 0)
			printf("(not terminated)");
		PQfreemem(buffer);
	}
	putchar('\n');
	return got;
}

/* Every row, in asynchronous steps or not; the answers that nothing has come yet are not shown. */
static void
copy_all(int async)
{
	uint64_t	hash = 1;
	int			rows = 0;
	int			got;
	char	   *buffer;

	for (;;)
	{
		got = PQgetCopyData(conn, &buffer, async);
		if (got == 0)
		{
			if (!wait_socket(POLLIN, quiet_ms()))
				break;
			if (PQconsumeInput(conn) == 0)
				break;
			continue;
		}
		if (got < 0)
			break;
		rows++;
		hash = hash_bytes(hash, buffer, (size_t) got + 1);
		PQfreemem(buffer);
	}
	printf("  = %d after %d rows, hash %016llx\n", got, rows, (unsigned long long) hash);
}

static void
put_copy(const char *bytes, size_t length)
{
	int			done = 0;

	/* In non-blocking mode 0 asks to come again: that is a matter of the moment. */
	while (done == 0)
	{
		done = PQputCopyData(conn, bytes, (int) length);
		if (done == 0 && PQflush(conn) > 0)
			wait_socket(POLLIN | POLLOUT, 10);
	}
	number(done);
}

static void
show_hex(const char *label, const void *bytes, size_t n)
{
	printf("  %s %zu:", label, n);
	for (size_t i = 0; i < n; i++)
		printf(" %02x", ((const unsigned char *) bytes)[i]);
	putchar('\n');
}

static void
escape(const char *bytes, size_t n)
{
	char	   *to = malloc(2 * n + 2);
	size_t		written;
	int			error = 77;
	char	   *text;
	unsigned char *binary;
	size_t		binary_length = 77;

	memset(to, 'z', 2 * n + 2);
	written = PQescapeStringConn(conn, to, bytes, n, &error);
	printf("  error=%d ", error);
	show_hex("StringConn", to, written + 1);
	show_text("said", PQerrorMessage(conn));
	memset(to, 'z', 2 * n + 2);
	written = PQescapeString(to, bytes, n);
	show_hex("String", to, written + 1);
	free(to);
	text = PQescapeLiteral(conn, bytes, n);
	show_text("Literal", text);
	if (text == NULL)
		show_text("said", PQerrorMessage(conn));
	PQfreemem(text);
	text = PQescapeIdentifier(conn, bytes, n);
	show_text("Identifier", text);
	if (text == NULL)
		show_text("said", PQerrorMessage(conn));
	PQfreemem(text);
	binary = PQescapeByteaConn(conn, (const unsigned char *) bytes, n, &binary_length);
	show_hex("ByteaConn", binary, binary_length);
	PQfreemem(binary);
	binary = PQescapeBytea((const unsigned char *) bytes, n, &binary_length);
	show_hex("Bytea", binary, binary_length);
	PQfreemem(binary);
	/* This one wants a terminated string: up to the first NUL. */
	binary = PQunescapeBytea((const unsigned char *) bytes, &binary_length);
	show_hex("unescaped", binary, binary_length);
	PQfreemem(binary);
}

static void
notifies(void)
{
	PGnotify   *n;

	/* How far the input has been parsed must not be a matter of the moment. */
	pump();
	while ((n = PQnotifies(conn)) != NULL)
	{
		printf("  from %s\n", n->be_pid == PQbackendPID(conn) ? "itself" : "another");
		show_text("channel", n->relname);
		show_text("payload", n->extra);
		PQfreemem(n);
	}
}

static void
cancel(void)
{
	char		error[256] = "";
	PGcancel   *c = PQgetCancel(conn);

	if (c == NULL)
	{
		printf("  no cancel object\n");
		return;
	}
	/* A request that comes before the command, or is still on its way with the next one, cancels by chance. */
	poll(NULL, 0, 30);
	number(PQcancel(c, error, sizeof(error)));
	/* In a pipeline a command that was refused leaves nothing to wait for. */
	for (int i = 0; i < 5 && PQpipelineStatus(conn) == PQ_PIPELINE_OFF && PQtransactionStatus(conn) == PQTRANS_ACTIVE &&
		 !wait_socket(POLLIN, 150); i++)
		PQcancel(c, error, sizeof(error));
	poll(NULL, 0, 30);
	show_text("said", error);
	PQfreeCancel(c);
}

static void
fast_path(int which)
{
	int			answer = -77;
	int			length = -77;
	PQArgBlock	args[2] = {{0}};

	args[0].len = args[1].len = 4;
	args[0].isint = args[1].isint = 1;
	args[0].u.integer = 2147483600;
	args[1].u.integer = which;
	/* 177 is int4pl, which overflows for some, 999999 nothing. */
	result(PQfn(conn, which < 0 ? 999999 : 177, &answer, &length, which % 2 == 0, args, 2));
	printf("  answer %d length %d\n", answer, length);
}

static void
old_line(int size)
{
	char		line[8192];
	int			got;

	memset(line, 'z', sizeof(line));
	line[sizeof(line) - 1] = 0;
	got = PQgetline(conn, line, size > (int) sizeof(line) ? (int) sizeof(line) : size);
	number(got);
	if (got != EOF && size > 0)
		show_text("line", line);
}

static void
old_line_async(int size)
{
	char		line[8192];
	int			got = PQgetlineAsync(conn, line, size > (int) sizeof(line) ? (int) sizeof(line) : size);

	number(got);
	if (got > 0)
		show_hex("line", line, (size_t) got);
}

static void
storm(long usec)
{
	storming = usec > 0;
	deadline_ms = (sig_atomic_t) (now_ms() + timeout_ms);
	set_timer(usec, usec);
}

/* ---- one call ---- */

static void
run(char *line)
{
	char	   *arg = line;
	char	   *op = word(&arg);
	char	   *plain = strdup(arg);
	size_t		length;
	char	   *text = decode(arg, &length);
	bool		is_send = strncmp(op, "send", 4) == 0;

	begin_call();
#define IS(name) (strcmp(op, name) == 0)
	if (IS("exec"))
		result(PQexec(conn, text));
	else if (IS("send"))
		number(PQsendQuery(conn, text));
	else if (IS("execparams") || IS("sendparams") || IS("execprepared") || IS("sendprepared"))
	{
		struct values v = split_values(plain);
		const char *const *values = (const char *const *) v.value;

		if (IS("execparams"))
			result(PQexecParams(conn, v.text, v.n, NULL, values, NULL, NULL, v.format));
		else if (IS("sendparams"))
			number(PQsendQueryParams(conn, v.text, v.n, NULL, values, NULL, NULL, v.format));
		else if (IS("execprepared"))
			result(PQexecPrepared(conn, v.text, v.n, values, NULL, NULL, v.format));
		else
			number(PQsendQueryPrepared(conn, v.text, v.n, values, NULL, NULL, v.format));
		free_values(&v);
	}
	else if (IS("prepare") || IS("sendprepare"))
	{
		char	   *rest = text;
		char	   *name = word(&rest);

		if (strcmp(name, "-") == 0)
			name = "";
		if (is_send)
			number(PQsendPrepare(conn, name, rest, 0, NULL));
		else
			result(PQprepare(conn, name, rest, 0, NULL));
	}
	else if (IS("describeprepared"))
		result(PQdescribePrepared(conn, text));
	else if (IS("describeportal"))
		result(PQdescribePortal(conn, text));
	else if (IS("closeprepared"))
		result(PQclosePrepared(conn, text));
	else if (IS("closeportal"))
		result(PQclosePortal(conn, text));
	else if (IS("senddescribeprepared"))
		number(PQsendDescribePrepared(conn, text));
	else if (IS("senddescribeportal"))
		number(PQsendDescribePortal(conn, text));
	else if (IS("sendcloseprepared"))
		number(PQsendClosePrepared(conn, text));
	else if (IS("sendcloseportal"))
		number(PQsendClosePortal(conn, text));
	else if (IS("get"))
		result(PQgetResult(conn));
	else if (IS("next"))
	{
		ExecStatusType status;

		next_result(&status);
	}
	else if (IS("drain"))
		drain();
	else if (IS("consume"))
		number(consume_all());
	else if (IS("pump"))
		printf("  %s\n", pump() ? "not busy" : "still busy");
	else if (IS("busy"))
	{
		consume_all();
		number(PQisBusy(conn));
	}
	else if (IS("flush"))
		number(PQflush(conn));
	else if (IS("flushall"))
		flush_all();
	else if (IS("enter"))
		number(PQenterPipelineMode(conn));
	else if (IS("exit"))
		number(PQexitPipelineMode(conn));
	else if (IS("sync"))
		number(PQpipelineSync(conn));
	else if (IS("sendsync"))
		number(PQsendPipelineSync(conn));
	else if (IS("flushrequest"))
		number(PQsendFlushRequest(conn));
	else if (IS("singlerow"))
		number(PQsetSingleRowMode(conn));
	else if (IS("chunked"))
		number(PQsetChunkedRowsMode(conn, atoi(arg)));
	else if (IS("nonblock"))
		number(PQsetnonblocking(conn, atoi(arg)));
	else if (IS("put"))
		put_copy(text, length);
	else if (IS("end"))
		number(PQputCopyEnd(conn, NULL));
	else if (IS("fail"))
		number(PQputCopyEnd(conn, text));
	else if (IS("getcopy"))
		get_copy(0);
	else if (IS("getcopyasync"))
	{
		consume_all();
		get_copy(1);
	}
	else if (IS("copyall"))
		copy_all(atoi(arg));
	else if (IS("notifies"))
		notifies();
	else if (IS("state"))
		;
	else if (IS("parameter"))
		show_text("value", PQparameterStatus(conn, text));
	else if (IS("verbosity"))
		number(PQsetErrorVerbosity(conn, (PGVerbosity) atoi(arg)));
	else if (IS("context"))
		number(PQsetErrorContextVisibility(conn, (PGContextVisibility) atoi(arg)));
	else if (IS("cancel"))
		cancel();
	else if (IS("reset"))
		PQreset(conn);
	else if (IS("fn"))
		fast_path(atoi(arg));
	else if (IS("getline"))
		old_line(atoi(arg));
	else if (IS("getlineasync"))
	{
		consume_all();
		old_line_async(atoi(arg));
	}
	else if (IS("putline"))
		number(PQputline(conn, text));
	else if (IS("putnbytes"))
		number(PQputnbytes(conn, text, (int) length));
	else if (IS("endcopy"))
		number(PQendcopy(conn));
	else if (IS("encoding"))
		number(PQsetClientEncoding(conn, text));
	else if (IS("escape"))
		escape(text, length);
	else if (IS("nap"))
		poll(NULL, 0, atoi(arg));
	else if (IS("sndbuf"))
	{
		int			size = atoi(arg);

		setsockopt(PQsocket(conn), SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	else if (IS("storm"))
		storm(atol(arg));
	else
	{
		fprintf(stderr, "no such call: %s\n", op);
		exit(9);
	}
#undef IS
	free(plain);
	free(text);
}

static void
play(const char *conninfo, char **lines, int n)
{
	struct sigaction action = {0};
	bool		escaping = false;

	action.sa_handler = on_alarm;
	sigaction(SIGALRM, &action, NULL);
	begin_call();
	conn = PQconnectdb(conninfo);
	if (PQstatus(conn) != CONNECTION_OK)
	{
		fprintf(stderr, "cannot connect: %s", PQerrorMessage(conn));
		exit(9);
	}
	PQsetNoticeReceiver(conn, show_notice, NULL);
	for (int i = 0; i < n; i++)
	{
		printf("> %s\n", lines[i]);
		escaping = strncmp(lines[i], "escape ", 7) == 0;
		run(lines[i]);
		if (!escaping)
			show_state();
	}
	printf("finish\n");
	begin_call();
	PQfinish(conn);
	set_timer(0, 0);
	fflush(stdout);
	exit(0);
}

/* ---- all cases ---- */

static void
prove(const char *path)
{
	FILE	   *maps = fopen("/proc/self/maps", "r");
	FILE	   *proof = fopen(path, "w");
	char		line[4096];

	if (maps == NULL || proof == NULL)
		exit(9);
	while (fgets(line, sizeof(line), maps) != NULL)
	{
		char	   *name = strchr(line, '/');

		if (name != NULL && strstr(name, "/libpq.so") != NULL)
		{
			fputs(name, proof);
			break;
		}
	}
	fclose(maps);
	fclose(proof);
}

int
main(int argc, char **argv)
{
	char	  **lines = NULL;
	int			n = 0;
	char	   *line = NULL;
	size_t		size = 0;
	ssize_t		length;
	FILE	   *scripts;
	struct rlimit no_core = {0, 0};

	if (argc != 5 || (scripts = fopen(argv[3], "r")) == NULL)
	{
		fprintf(stderr, "usage: machine PROOF CONNINFO SCRIPTS TIMEOUT_MS\n");
		return 9;
	}
	timeout_ms = atol(argv[4]);
	prove(argv[1]);
	setrlimit(RLIMIT_CORE, &no_core);
	while ((length = getline(&line, &size, scripts)) > 0)
	{
		if (line[length - 1] == '\n')
			line[length - 1] = 0;
		if (line[0] == 0 || line[0] == '#')
			continue;
		if ((lines = realloc(lines, ((size_t) n + 1) * sizeof(*lines))) == NULL)
			return 9;
		lines[n++] = strdup(line);
	}
	fclose(scripts);
	free(line);
	for (int i = 0; i < n;)
	{
		int			first = ++i;
		pid_t		child;
		int			status = 0;

		if (strncmp(lines[first - 1], "case ", 5) != 0)
		{
			fprintf(stderr, "a case was expected: %s\n", lines[first - 1]);
			return 9;
		}
		while (i < n && strncmp(lines[i], "case ", 5) != 0)
			i++;
		printf("%s\n", lines[first - 1]);
		fflush(stdout);
		child = fork();
		if (child == 0)
			play(argv[2], lines + first, i - first);
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		if (WIFSIGNALED(status))
			printf("killed by signal %d\n", WTERMSIG(status));
		else if (WEXITSTATUS(status) == 9)
			return 9;
		else if (WEXITSTATUS(status) != 0)
			printf("exit %d\n", WEXITSTATUS(status));
	}
	while (n > 0)
		free(lines[--n]);
	free(lines);
	return 0;
}
