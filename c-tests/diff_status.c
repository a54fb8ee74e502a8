/* Connection status functions of a live, a failed and no connection. */
/* covers: 72 81 95 115 118 183 251 256 267 401 402 403 404 */
#include "helpers.h"

static void
show_all(PGconn *conn)
{
	char	   *options[] = {"server_encoding", "client_encoding", "application_name", "DateStyle", "IntervalStyle",
		"TimeZone", "integer_datetimes", "standard_conforming_strings", "is_superuser", "session_authorization",
	"default_transaction_read_only", "in_hot_standby", "scram_iterations", "search_path", "APPLICATION_NAME", "", "none"};
	size_t		i;

	STR(PQdb(conn));
	STR(PQuser(conn));
	STR(PQpass(conn));
	PTR(PQhost(conn));
	STR(PQhostaddr(conn));
	PTR(PQport(conn));
	STR(PQtty(conn));
	STR(PQoptions(conn));
	INT(PQstatus(conn));
	INT(PQtransactionStatus(conn));
	INT(PQprotocolVersion(conn));
	INT(PQfullProtocolVersion(conn));
	INT(PQserverVersion(conn));
	INT(PQbackendPID(conn) != 0);
	INT(PQsocket(conn) >= 0);
	STR(PQerrorMessage(conn));
	INT(PQconnectionNeedsPassword(conn));
	INT(PQconnectionUsedPassword(conn));
	INT(PQconnectionUsedGSSAPI(conn));
	INT(PQsslInUse(conn));
	PTR(PQgetssl(conn));
	INT(PQgssEncInUse(conn));
	PTR(PQgetgssctx(conn));
	INT(PQclientEncoding(conn));
	INT(PQisnonblocking(conn));
	INT(PQpipelineStatus(conn));
	INT(PQconnectPoll(conn));
	PTR(PQsslStruct(conn, "OpenSSL"));
	PTR(PQsslStruct(conn, "none"));
	STR(PQsslAttribute(conn, "protocol"));
	STR(PQsslAttribute(conn, "none"));
	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++)
	{
		printf("%s: ", options[i]);
		STR(PQparameterStatus(conn, options[i]));
	}
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);

	INT(PQlibVersion());
	INT(PQisthreadsafe());
	CASE("live");
	show_all(conn);
	CASE("in a transaction");
	QUIET(PQexec(conn, "BEGIN"));
	INT(PQtransactionStatus(conn));
	QUIET(PQexec(conn, "SELECT no_such_thing"));
	INT(PQtransactionStatus(conn));
	QUIET(PQexec(conn, "ROLLBACK"));
	INT(PQtransactionStatus(conn));
	CASE("while a command runs");
	INT(PQsendQuery(conn, "SELECT 1"));
	INT(PQtransactionStatus(conn));
	drain(conn);
	INT(PQtransactionStatus(conn));
	CASE("changed settings are reported");
	QUIET(PQexec(conn, "SET application_name = 'changed'; SET TimeZone = 'Asia/Tokyo'"));
	STR(PQparameterStatus(conn, "application_name"));
	STR(PQparameterStatus(conn, "TimeZone"));
	CASE("the backend ended");
	RES(PQexec(conn, "SELECT pg_terminate_backend(pg_backend_pid())"));
	show_state(conn);
	show_all(conn);
	RES(PQexec(conn, "SELECT 1"));
	STR(PQerrorMessage(conn));
	PQfinish(conn);

	CASE("failed");
	conn = PQconnectdb("host=/nonexistent port=5433 user=u password=p dbname=d options=-cx=y");
	STR(PQhost(conn));
	STR(PQport(conn));
	show_all(conn);
	PQfinish(conn);

	CASE("options that make no sense");
	conn = PQconnectdb("host=/nonexistent no_such_option=1");
	show_all(conn);
	PQfinish(conn);

	CASE("none");
	show_all(NULL);
	return 0;
}
