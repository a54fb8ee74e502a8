/*
 * Does what its arguments say, one operation each, and shows every answer: the client's side of a scripted session.
 *
 *   connect [OPTIONS]     PQconnectdb        start [OPTIONS]     PQconnectStart and PQconnectPoll to the end
 *   reset                 PQreset            finish              PQfinish
 *   ping [OPTIONS]        PQping             cancel | oldcancel  PQcancelCreate and Blocking | PQgetCancel, PQcancel
 *   exec SQL              PQexec             params SQL          PQexecParams with one parameter, text results
 *   prepare NAME SQL      PQprepare          execprepared NAME   PQexecPrepared without parameters
 *   describe NAME         PQdescribePrepared portal NAME         PQdescribePortal
 *   closeprepared NAME    PQclosePrepared    fn OID SIZE         PQfn, result of SIZE bytes (-1: integer)
 *   send SQL              PQsendQuery        sendparams SQL      PQsendQueryParams without parameters
 *   single | chunked N    the row modes      nonblocking N       PQsetnonblocking
 *   result                PQgetResult once   drain               PQgetResult until NULL
 *   pipeline | nopipeline enter and exit     sync | flushrequest PQpipelineSync, PQsendFlushRequest
 *   put TEXT              PQputCopyData      endcopy | abortcopy PQputCopyEnd
 *   get | getall          PQgetCopyData      consume             wait for input, PQconsumeInput
 *   notifies              PQnotifies         flush               PQflush
 *   state                 what the connection says of itself
 *   parameter NAME        PQparameterStatus  verbosity N         PQsetErrorVerbosity
 *   lo OID                lo_open, lo_read   trace               PQtrace to standard output, without time stamps
 *   again N               the operations before it N more times, the connection finished first; a round ends
 *                       where connecting fails
 */
/* covers: 93 96 137 169 171 172 173 182 206 211 213 279 343 344 346 347 348 */
#include "helpers.h"

#include "libpq/libpq-fs.h"

static const char *base;
static PGconn *conn;

static char *
with(const char *options)
{
	static char buffer[4096];

	snprintf(buffer, sizeof(buffer), "%s %s", base, options);
	return buffer;
}

/* PQisBusy is not asked on a failed connection: the reference would go on reading what it has refused. */
static void
show_connection(void)
{
	ERR(conn);
	if (PQstatus(conn) == CONNECTION_BAD)
		printf("  failed: transaction=%d socket=%s\n", PQtransactionStatus(conn), PQsocket(conn) >= 0 ? "open" : "none");
	else
		show_state(conn);
	printf("  protocol=%d server=%d pid=%d encoding=%d needs=%d used=%d\n", PQfullProtocolVersion(conn),
		   PQserverVersion(conn), PQbackendPID(conn), PQclientEncoding(conn), PQconnectionNeedsPassword(conn),
		   PQconnectionUsedPassword(conn));
}

static void
connect_async(const char *conninfo)
{
	PostgresPollingStatusType polled = PGRES_POLLING_WRITING;
	int			i;

	conn = PQconnectStart(conninfo);
	for (i = 0; PQstatus(conn) != CONNECTION_BAD && i < 10000; i++)
	{
		struct pollfd p;

		p.fd = PQsocket(conn);
		p.events = polled == PGRES_POLLING_READING ? POLLIN : POLLOUT;
		p.revents = 0;
		if (poll(&p, 1, 20000) != 1)
		{
			printf("nothing came\n");
			exit(96);
		}
		polled = PQconnectPoll(conn);
		if (polled == PGRES_POLLING_OK || polled == PGRES_POLLING_FAILED)
			break;
	}
	printf("  polled: %d\n", (int) polled);
}

static void
get_all(void)
{
	char	   *buffer;
	int			length;

	do
	{
		length = PQgetCopyData(conn, &buffer, 0);
		printf("  copy data %d: ", length);
		if (buffer != NULL)
			show_bytes(buffer, (size_t) length);
		putchar('\n');
		PQfreemem(buffer);
	} while (length > 0);
}

static void
call_function(const char *arg)
{
	unsigned	oid = 0;
	int			size = 0;
	int			length = -7;
	int			buffer[64] = {0};
	PQArgBlock	args[2];

	sscanf(arg, "%u %d", &oid, &size);
	args[0].isint = 1;
	args[0].len = 4;
	args[0].u.integer = 5;
	args[1].isint = 0;
	args[1].len = 3;
	args[1].u.ptr = (int *) (void *) "abc";
	RES(PQfn(conn, (int) oid, buffer, &length, size < 0 ? 1 : 0, args, 2));
	printf("  length=%d first=%d\n", length, buffer[0]);
}

static bool
operation(const char *op)
{
	char		verb[32] = "";
	const char *arg = strchr(op, ' ');
	PGresult   *res;
	PGnotify   *notify;
	char	   *buffer;
	int			n;

	snprintf(verb, sizeof(verb), "%.*s", arg == NULL ? 31 : (int) (arg - op), op);
	arg = arg == NULL ? "" : arg + 1;
	printf("> %s\n", op);
#define IS(name) (strcmp(verb, (name)) == 0)
	if (IS("connect") || IS("start"))
	{
		if (IS("connect"))
			conn = PQconnectdb(with(arg));
		else
			connect_async(with(arg));
		show_connection();
	}
	else if (IS("reset"))
	{
		PQreset(conn);
		show_connection();
	}
	else if (IS("finish"))
	{
		PQfinish(conn);
		conn = NULL;
	}
	else if (IS("ping"))
		INT(PQping(with(arg)));
	else if (IS("cancel"))
	{
		PGcancelConn *cancel = PQcancelCreate(conn);

		INT(PQcancelStatus(cancel));
		INT(PQcancelBlocking(cancel));
		INT(PQcancelStatus(cancel));
		STR(PQcancelErrorMessage(cancel));
		PQcancelFinish(cancel);
	}
	else if (IS("oldcancel"))
	{
		PGcancel   *cancel = PQgetCancel(conn);
		char		text[256] = "";

		printf("  %s\n", cancel == NULL ? "NULL" : "non-NULL");
		n = PQcancel(cancel, text, sizeof(text));
		printf("  %d ", n);
		show_text(text);
		putchar('\n');
		PQfreeCancel(cancel);
	}
	else if (IS("exec"))
	{
		RES(PQexec(conn, arg));
		ERR(conn);
	}
	else if (IS("params"))
	{
		const char *value = "value";

		RES(PQexecParams(conn, arg, 1, NULL, &value, NULL, NULL, 0));
		ERR(conn);
	}
	else if (IS("prepare"))
	{
		char		name[64] = "";

		sscanf(arg, "%63s", name);
		RES(PQprepare(conn, name, strchr(arg, ' ') ? strchr(arg, ' ') + 1 : "", 0, NULL));
		ERR(conn);
	}
	else if (IS("execprepared"))
	{
		RES(PQexecPrepared(conn, arg, 0, NULL, NULL, NULL, 0));
		ERR(conn);
	}
	else if (IS("describe"))
	{
		RES(PQdescribePrepared(conn, arg));
		ERR(conn);
	}
	else if (IS("portal"))
	{
		RES(PQdescribePortal(conn, arg));
		ERR(conn);
	}
	else if (IS("closeprepared"))
	{
		RES(PQclosePrepared(conn, arg));
		ERR(conn);
	}
	else if (IS("fn"))
	{
		call_function(arg);
		ERR(conn);
	}
	else if (IS("send"))
	{
		INT(PQsendQuery(conn, arg));
		ERR(conn);
	}
	else if (IS("sendparams"))
	{
		INT(PQsendQueryParams(conn, arg, 0, NULL, NULL, NULL, NULL, 0));
		ERR(conn);
	}
	else if (IS("single"))
		INT(PQsetSingleRowMode(conn));
	else if (IS("chunked"))
		INT(PQsetChunkedRowsMode(conn, atoi(arg)));
	else if (IS("nonblocking"))
		INT(PQsetnonblocking(conn, atoi(arg)));
	else if (IS("result"))
	{
		res = PQgetResult(conn);
		show_result(res);
		PQclear(res);
		ERR(conn);
	}
	else if (IS("drain"))
	{
		drain(conn);
		ERR(conn);
	}
	else if (IS("pipeline"))
		INT(PQenterPipelineMode(conn));
	else if (IS("nopipeline"))
	{
		INT(PQexitPipelineMode(conn));
		ERR(conn);
	}
	else if (IS("sync"))
	{
		INT(PQpipelineSync(conn));
		ERR(conn);
	}
	else if (IS("flushrequest"))
		INT(PQsendFlushRequest(conn));
	else if (IS("put"))
	{
		INT(PQputCopyData(conn, arg, (int) strlen(arg)));
		ERR(conn);
	}
	else if (IS("endcopy"))
	{
		INT(PQputCopyEnd(conn, NULL));
		ERR(conn);
	}
	else if (IS("abortcopy"))
	{
		INT(PQputCopyEnd(conn, "given up"));
		ERR(conn);
	}
	else if (IS("get"))
	{
		n = PQgetCopyData(conn, &buffer, 0);
		printf("  copy data %d: ", n);
		if (n > 0)
			show_bytes(buffer, (size_t) n);
		putchar('\n');
		PQfreemem(buffer);
		ERR(conn);
	}
	else if (IS("getall"))
	{
		get_all();
		ERR(conn);
	}
	else if (IS("consume"))
	{
		if (PQsocket(conn) >= 0)
			wait_socket(conn, false);
		INT(PQconsumeInput(conn));
		ERR(conn);
	}
	else if (IS("notifies"))
	{
		while ((notify = PQnotifies(conn)) != NULL)
		{
			printf("  notify %d ", notify->be_pid);
			show_text(notify->relname);
			show_text(notify->extra);
			putchar('\n');
			PQfreemem(notify);
		}
		ERR(conn);
	}
	else if (IS("flush"))
		INT(PQflush(conn));
	else if (IS("state"))
		show_connection();
	else if (IS("parameter"))
		STR(PQparameterStatus(conn, arg));
	else if (IS("verbosity"))
		INT(PQsetErrorVerbosity(conn, (PGVerbosity) atoi(arg)));
	else if (IS("lo"))
	{
		char		data[16] = "";

		n = lo_open(conn, (Oid) atoi(arg), INV_READ);
		printf("  lo_open %d\n", n);
		ERR(conn);
		n = lo_read(conn, n, data, 4);
		printf("  lo_read %d ", n);
		show_bytes(data, sizeof(data));
		putchar('\n');
		ERR(conn);
	}
	else if (IS("trace"))
	{
		PQtrace(conn, stdout);
		PQsetTraceFlags(conn, PQTRACE_SUPPRESS_TIMESTAMPS);
	}
	else
		return false;
	return true;
}

int
main(int argc, char **argv)
{
	int			i;

	base = begin(argc, argv);
	for (i = 3; i < argc; i++)
	{
		if (strncmp(argv[i], "again ", 6) == 0)
		{
			int			round;
			int			j;

			for (round = 1; round <= atoi(argv[i] + 6); round++)
			{
				PQfinish(conn);
				conn = NULL;
				printf("-- round %d\n", round);
				for (j = 3; j < i; j++)
				{
					operation(argv[j]);
					if (strncmp(argv[j], "connect", 7) == 0 && PQstatus(conn) == CONNECTION_BAD)
						break;
				}
			}
		}
		else if (!operation(argv[i]))
		{
			fprintf(stderr, "no operation %s\n", argv[i]);
			return 99;
		}
	}
	PQfinish(conn);
	return 0;
}
