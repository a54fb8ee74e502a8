/* Calls on connections that are closed, failed, or in the wrong state. */
/* covers: 141 166 167 172 192 256 276 278 399 400 402 */
#include "helpers.h"

#include "libpq/libpq-fs.h"

static void
everything(PGconn *conn)
{
	const char *value = "1";
	char		buffer[64];
	char	   *out;
	int			length = -7;
	int			number;
	PGresult   *res;

	RES(PQexec(conn, "SELECT 1"));
	ERR(conn);
	RES(PQexecParams(conn, "SELECT $1", 1, NULL, &value, NULL, NULL, 0));
	RES(PQprepare(conn, "s", "SELECT 1", 0, NULL));
	RES(PQexecPrepared(conn, "s", 0, NULL, NULL, NULL, 0));
	RES(PQdescribePrepared(conn, "s"));
	RES(PQdescribePortal(conn, "s"));
	RES(PQclosePrepared(conn, "s"));
	RES(PQclosePortal(conn, "s"));
	ERR(conn);
	INT(PQsendQuery(conn, "SELECT 1"));
	ERR(conn);
	INT(PQsendQueryParams(conn, "SELECT $1", 1, NULL, &value, NULL, NULL, 0));
	INT(PQsendPrepare(conn, "s", "SELECT 1", 0, NULL));
	INT(PQsendQueryPrepared(conn, "s", 0, NULL, NULL, NULL, 0));
	INT(PQsendDescribePrepared(conn, "s"));
	INT(PQsendDescribePortal(conn, "s"));
	INT(PQsendClosePrepared(conn, "s"));
	INT(PQsendClosePortal(conn, "s"));
	ERR(conn);
	RES(PQgetResult(conn));
	INT(PQsetSingleRowMode(conn));
	INT(PQsetChunkedRowsMode(conn, 5));
	INT(PQconsumeInput(conn));
	ERR(conn);
	INT(PQisBusy(conn));
	INT(PQflush(conn));
	ERR(conn);
	INT(PQsetnonblocking(conn, 1));
	INT(PQisnonblocking(conn));
	INT(PQenterPipelineMode(conn));
	ERR(conn);
	INT(PQpipelineStatus(conn));
	INT(PQpipelineSync(conn));
	ERR(conn);
	INT(PQsendPipelineSync(conn));
	INT(PQsendFlushRequest(conn));
	ERR(conn);
	INT(PQexitPipelineMode(conn));
	ERR(conn);
	INT(PQputCopyData(conn, "x", 1));
	INT(PQputCopyEnd(conn, NULL));
	ERR(conn);
	out = (char *) 1;
	INT(PQgetCopyData(conn, &out, 0));
	PTR(out);
	ERR(conn);
	INT(PQgetline(conn, buffer, sizeof(buffer)));
	INT(PQgetlineAsync(conn, buffer, sizeof(buffer)));
	INT(PQputline(conn, "x\n"));
	INT(PQputnbytes(conn, "x\n", 2));
	INT(PQendcopy(conn));
	ERR(conn);
	RES(PQfn(conn, 1251, &number, &length, 1, NULL, 0));
	INT(length);
	ERR(conn);
	PTR(PQnotifies(conn));
	PTR(PQgetCancel(conn));
	INT(PQrequestCancel(conn));
	ERR(conn);
	INT(PQclientEncoding(conn));
	INT(PQsetClientEncoding(conn, "UTF8"));
	ERR(conn);
	INT(lo_open(conn, 1, INV_READ));
	INT(lo_creat(conn, INV_READ));
	INT(lo_create(conn, 0));
	INT(lo_unlink(conn, 1));
	INT(lo_import(conn, "/dev/null"));
	INT(lo_export(conn, 1, "never"));
	ERR(conn);
	OWN(PQescapeLiteral(conn, "it's", 4));
	OWN(PQescapeIdentifier(conn, "it\"s", 4));
	INT(PQescapeStringConn(conn, buffer, "it's", 4, &number));
	STR(buffer);
	INT(number);
	{
		size_t		size = 0;

		OWN((char *) PQescapeByteaConn(conn, (const unsigned char *) "a\\\1", 3, &size));
		INT(size);
	}
	OWN(PQencryptPasswordConn(conn, "pw", "user", "md5"));
	OWN(PQencryptPasswordConn(conn, "pw", "user", NULL));
	ERR(conn);
	OWN(PQencryptPasswordConn(conn, "pw", "user", "none"));
	ERR(conn);
	RES(PQchangePassword(conn, "user", "pw"));
	ERR(conn);
	PTR(PQconninfo(conn));
	res = PQmakeEmptyPGresult(conn, PGRES_FATAL_ERROR);
	show_result(res);
	PQclear(res);
	VOID(PQtrace(conn, stdout));
	VOID(PQuntrace(conn));
	show_state(conn);
	ERR(conn);
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn;
	char		text[1024];

	CASE("the server closed the connection, noticed");
	conn = must_connect(conninfo);
	QUIET(PQexec(conn, "SELECT pg_terminate_backend(pg_backend_pid())"));
	everything(conn);
	PQfinish(conn);
	CASE("refused");
	conn = PQconnectdb("host=/nonexistent port=1 user=u dbname=d");
	everything(conn);
	PQfinish(conn);
	CASE("options that make no sense");
	conn = PQconnectdb("sslmode=never");
	everything(conn);
	PQfinish(conn);
	CASE("started, not polled");
	snprintf(text, sizeof(text), "%s", conninfo);
	conn = PQconnectStart(text);
	RES(PQexec(conn, "SELECT 1"));
	INT(PQsendQuery(conn, "SELECT 1"));
	RES(PQgetResult(conn));
	INT(PQconsumeInput(conn) <= 1);
	INT(PQisBusy(conn));
	INT(PQtransactionStatus(conn));
	PTR(PQparameterStatus(conn, "server_version"));
	INT(PQenterPipelineMode(conn));
	INT(PQbackendPID(conn));
	INT(PQserverVersion(conn));
	INT(PQprotocolVersion(conn) == 0 || PQprotocolVersion(conn) == 3);
	PQfinish(conn);
	CASE("NULL");
	VOID(PQfinish(NULL));
	VOID(PQreset(NULL));
	VOID(PQuntrace(NULL));
	VOID(PQclear(NULL));
	VOID(PQfreemem(NULL));
	VOID(PQconninfoFree(NULL));
	VOID(PQfreeCancel(NULL));
	VOID(PQcancelFinish(NULL));
	CASE("errors accumulate until the next command");
	conn = must_connect(conninfo);
	INT(PQpipelineSync(conn));
	INT(PQputCopyData(conn, "x", 1));
	INT(PQsetChunkedRowsMode(conn, 0));
	ERR(conn);
	RES(PQexec(conn, "SELECT 1"));
	ERR(conn);
	INT(PQputCopyEnd(conn, NULL));
	RES(PQexec(conn, NULL));
	ERR(conn);
	PQfinish(conn);
	return 0;
}
