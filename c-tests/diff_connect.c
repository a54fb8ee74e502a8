/* Connecting: options, hosts, failures, authentication, targets. */
/* covers: 13 32 33 34 35 36 40 43 62 63 64 65 66 67 69 70 71 72 73 74 75 85 86 87 88 91 94 97 109 110 111 112 115 117 118 120 123 124 */
/* covers: 126 129 130 131 133 134 138 139 142 143 144 145 254 399 401 */
#include "helpers.h"

static char host[256];
static char port[32];
static char db[128];

static void
show(PGconn *conn)
{
	show_state(conn);
	ERR(conn);
	STR(PQdb(conn));
	STR(PQuser(conn));
	STR(PQpass(conn));
	printf("  host ");
	show_text(strcmp(PQhost(conn), host) == 0 ? "<host>" : PQhost(conn));
	printf(" addr ");
	show_text(PQhostaddr(conn));
	printf(" port ");
	show_text(strcmp(PQport(conn), port) == 0 ? "<port>" : PQport(conn));
	printf(" needs=%d used=%d protocol=%d\n", PQconnectionNeedsPassword(conn), PQconnectionUsedPassword(conn),
		   PQfullProtocolVersion(conn));
	if (PQstatus(conn) == CONNECTION_OK)
		RES(PQexec(conn, "SELECT current_user, current_setting('application_name'), current_database() IS NOT NULL"));
}

/* $H, $P, $D stand for the server's socket directory, port, database. */
static const char *
fill(const char *text)
{
	static char out[4096];
	char	   *end = out;

	for (; *text != '\0'; text++)
	{
		if (text[0] == '$' && text[1] == 'H')
			end += sprintf(end, "%s", host), text++;
		else if (text[0] == '$' && text[1] == 'P')
			end += sprintf(end, "%s", port), text++;
		else if (text[0] == '$' && text[1] == 'D')
			end += sprintf(end, "%s", db), text++;
		else
			*end++ = *text;
	}
	*end = '\0';
	return out;
}

static void
connect_to(const char *text)
{
	PGconn	   *conn;

	printf("-- round %s\n", text);
	conn = PQconnectdb(fill(text));
	show(conn);
	PQfinish(conn);
}

static const char *working[] = {
	"host=$H port=$P user=postgres dbname=$D",
	"host=127.0.0.1 port=$P user=pqp_trust dbname=$D sslmode=disable",
	"hostaddr=127.0.0.1 port=$P user=pqp_trust dbname=$D sslmode=disable",
	"host=localhost hostaddr=127.0.0.1 port=$P user=pqp_trust dbname=$D sslmode=disable",
	"host=$H port=$P user=postgres dbname=$D application_name=mine fallback_application_name=other",
	"host=$H port=$P user=postgres dbname=$D fallback_application_name=other",
	"host=$H port=$P user=postgres dbname=$D options='-c application_name=by\\ option'",
	"host=$H port=$P user=postgres dbname=$D connect_timeout=5",
	"host=/nonexistent,$H port=$P user=postgres dbname=$D",
	"host=/nonexistent,$H port=1,$P user=postgres dbname=$D",
	"host=127.0.0.1,$H port=1,$P user=postgres dbname=$D",
	"host=$H port=$P user=pqp_password password=pw-password dbname=$D",
	"host=$H port=$P user=pqp_md5 password=pw-md5 dbname=$D",
	"host=$H port=$P user=pqp_scram password=pw-scram dbname=$D",
	"host=$H port=$P user=pqp_saslprep password=IXa dbname=$D",
	"host=$H port=$P user=pqp_saslprep password='\xe2\x85\xa8\xc2\xaa' dbname=$D",
	"host=127.0.0.1 port=$P user=pqp_scram password=pw-scram dbname=$D sslmode=disable require_auth=scram-sha-256",
	"host=$H port=$P user=pqp_scram password=pw-scram dbname=$D require_auth=password,scram-sha-256",
	"host=$H port=$P user=pqp_md5 password=pw-md5 dbname=$D require_auth=!none",
	"host=$H port=$P user=postgres dbname=$D require_auth=none",
	"host=$H port=$P user=postgres dbname=$D target_session_attrs=any",
	"host=$H port=$P user=postgres dbname=$D target_session_attrs=read-write",
	"host=$H port=$P user=postgres dbname=$D target_session_attrs=primary",
	"host=$H port=$P user=postgres dbname=$D target_session_attrs=prefer-standby",
	"host=$H,$H port=$P user=postgres dbname=$D target_session_attrs=prefer-standby",
	"host=$H port=$P user=postgres dbname=$D target_session_attrs=read-only options='-c default_transaction_read_only=on'",
	"host=$H port=$P user=postgres dbname=$D load_balance_hosts=random",
	"host=$H port=$P user=postgres dbname=$D keepalives=0 tcp_user_timeout=nonsense",
	"host=127.0.0.1 port=$P user=pqp_trust dbname=$D sslmode=disable keepalives_idle=10 keepalives_interval=5 keepalives_count=3 tcp_user_timeout=5000",
	"host=127.0.0.1 port=$P user=pqp_trust dbname=$D sslmode=disable keepalives=0 keepalives_idle=x",
	"host=$H port=$P user=postgres dbname=$D requirepeer=postgres",
	"host=$H port=$P user=postgres dbname=$D client_encoding=latin1",
	"host=$H port=$P user=postgres dbname=$D client_encoding=auto",
	"host=$H port=$P user=postgres dbname=$D replication=database",
	"host=$H port='$P ' user=postgres dbname=$D",
	"postgresql://postgres@$P.invalid:$P/$D?host=$H",
	"host=$H port=$P user=postgres dbname='$D' gssencmode=disable channel_binding=disable",
	"host=$H port=$P user=postgres dbname=$D channel_binding=prefer",
	"host=$H port=$P user=pqp_scram scram_client_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= "
	"scram_server_key=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= dbname=$D",
};

static const char *failing[] = {
	"host=/nonexistent",
	"host=/nonexistent port=1234",
	"host=/nonexistent,/nowhere port=1,2",
	"host=127.0.0.1 port=1 sslmode=disable",
	"host=localhost hostaddr=127.0.0.1 port=1 sslmode=disable",
	"hostaddr=127.0.0.1 port=1 sslmode=disable",
	"host=a,b hostaddr=127.0.0.1,127.0.0.1 port=1 sslmode=disable",
	"host=a,b hostaddr=127.0.0.1 port=1",
	"host=a,b,c port=1,2",
	"hostaddr=nonsense port=1",
	"hostaddr=127.0.0.999 port=1",
	"host=/tmp port=0",
	"host=/tmp port=65536",
	"host=/tmp port=-1",
	"host=/tmp port=x",
	"host=/tmp port='1 x'",
	"host=/tmp,/nonexistent port=70000,1",
	"host=@abstract_that_is_not_there port=1",
	"host=/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	"host=$H port=$P user=no_such_user dbname=$D",
	"host=$H port=$P user=pqp_trust dbname=no_such_database",
	"host=$H port=$P user=pqp_reject dbname=$D",
	"host=$H port=$P user=pqp_password dbname=$D",
	"host=$H port=$P user=pqp_password password=wrong dbname=$D",
	"host=$H port=$P user=pqp_md5 password=wrong dbname=$D",
	"host=$H port=$P user=pqp_scram password=wrong dbname=$D",
	"host=$H port=$P user=pqp_scram dbname=$D",
	"host=$H,/nonexistent port=$P user=pqp_scram password=wrong dbname=$D",
	"host=$H port=$P user=postgres dbname=$D require_auth=md5",
	"host=$H port=$P user=postgres dbname=$D require_auth=!none",
	"host=$H port=$P user=pqp_scram password=pw-scram dbname=$D require_auth=!scram-sha-256",
	"host=$H port=$P user=pqp_md5 password=pw-md5 dbname=$D require_auth=scram-sha-256",
	"host=$H port=$P user=pqp_password password=pw-password dbname=$D require_auth=!password",
	"require_auth=none,none", "require_auth=none,!none", "require_auth=!none,none", "require_auth=nonsense", "require_auth=none,,md5",
	"host=$H port=$P user=postgres dbname=$D channel_binding=require",
	"host=$H port=$P user=pqp_scram password=pw-scram dbname=$D channel_binding=require",
	"host=$H port=$P user=postgres dbname=$D requirepeer=somebody",
	"host=$H port=$P user=postgres dbname=$D target_session_attrs=standby",
	"host=$H port=$P user=postgres dbname=$D target_session_attrs=read-only",
	"host=$H port=$P user=postgres dbname=$D target_session_attrs=read-write options='-c default_transaction_read_only=on'",
	"host=/nonexistent,$H port=$P user=postgres dbname=$D target_session_attrs=standby",
	"host=$H port=$P user=postgres dbname=$D options='-c no_such_setting=1'",
	"host=$H port=$P user=postgres dbname=$D client_encoding=nonsense",
	"host=127.0.0.1 port=$P user=pqp_trust dbname=$D sslmode=disable keepalives_idle=x",
	"host=127.0.0.1 port=$P user=pqp_trust dbname=$D sslmode=disable tcp_user_timeout=x",
	"host=127.0.0.1 port=$P user=pqp_trust dbname=$D sslmode=disable keepalives=x",
	"host=$H port=$P connect_timeout=x",
	"sslmode=nonsense", "sslmode=", "target_session_attrs=nonsense", "load_balance_hosts=x", "gssencmode=x", "channel_binding=x",
	"sslnegotiation=x", "sslcertmode=x", "ssl_min_protocol_version=x", "ssl_max_protocol_version=x",
	"min_protocol_version=x", "max_protocol_version=2.0", "min_protocol_version=3.2 max_protocol_version=3.0",
	"scram_client_key=x", "scram_client_key=AAAA", "scram_server_key=x", "scram_server_key=AAAA",
	"no_such_option=1", "host", "host=", "='x'", "host='unterminated", "postgresql://[::1", "postgresql://h?x=1", "postgresql://%zz",
	"postgres://u@h:x:y/", "service=no_such_service", "user=postgres host=/nonexistent password='' dbname=''",
};

static void
arrays(void)
{
	const char *keys[] = {"host", "port", "user", "dbname", "application_name", NULL};
	const char *values[] = {host, port, "postgres", db, "array", NULL};
	const char *expanded_keys[] = {"dbname", "application_name", "dbname", NULL};
	const char *expanded[] = {NULL, "after", "ignored_name", NULL};
	const char *bad_keys[] = {"host", "nonsense", NULL};
	const char *bad_values[] = {"/nonexistent", "x", NULL};
	char		text[1024];
	PGconn	   *conn;

	CASE("arrays");
	conn = PQconnectdbParams(keys, values, 0);
	show(conn);
	PQfinish(conn);
	values[4] = NULL;
	conn = PQconnectdbParams(keys, values, 1);
	show(conn);
	PQfinish(conn);
	snprintf(text, sizeof(text), "host=%s port=%s user=postgres dbname=%s application_name=inside", host, port, db);
	expanded[0] = text;
	conn = PQconnectdbParams(expanded_keys, expanded, 1);
	show_state(conn);
	printf("  error is of the database: %d\n", strstr(PQerrorMessage(conn), "ignored_name") != NULL);
	PQfinish(conn);
	expanded_keys[2] = NULL;
	conn = PQconnectdbParams(expanded_keys, expanded, 1);
	show(conn);
	PQfinish(conn);
	conn = PQconnectdbParams(bad_keys, bad_values, 0);
	show(conn);
	PQfinish(conn);
	bad_values[1] = "";
	conn = PQconnectdbParams(bad_keys, bad_values, 0);
	show(conn);
	PQfinish(conn);
	INT(PQpingParams(keys, values, 0));
	INT(PQpingParams(bad_keys, bad_values, 0));
	bad_values[1] = "x";
	INT(PQpingParams(bad_keys, bad_values, 0));
	CASE("PQsetdbLogin");
	conn = PQsetdbLogin(host, port, NULL, NULL, db, "postgres", NULL);
	show(conn);
	PQfinish(conn);
	conn = PQsetdbLogin(host, port, "-c application_name=x", "tty", db, "pqp_scram", "pw-scram");
	show(conn);
	PQfinish(conn);
	conn = PQsetdbLogin(host, "", "", "", text, "", "");
	show(conn);
	PQfinish(conn);
	conn = PQsetdbLogin("/nonexistent", "1", NULL, NULL, "sslmode=nonsense", NULL, NULL);
	show(conn);
	PQfinish(conn);
	conn = PQsetdb("/nonexistent", "1", NULL, NULL, "d");
	INT(PQstatus(conn));
	ERR(conn);
	PQfinish(conn);
}

static void
options(const char *title, PQconninfoOption *o)
{
	printf("%s\n", title);
	for (; o != NULL && o->keyword != NULL; o++)
	{
		const char *val = o->val;

		if (val != NULL && strcmp(val, host) == 0)
			val = "<host>";
		if (val != NULL && strcmp(val, port) == 0)
			val = "<port>";
		/* what a build with GSSAPI has for defaults is not ours */
		if (strstr(o->keyword, "gss") != NULL)
			continue;
		printf("  %s env=%s compiled=%s label=%s disp=%s size=%d val=", o->keyword, o->envvar ? o->envvar : "-",
			   o->compiled ? o->compiled : "-", o->label, o->dispchar, o->dispsize);
		show_text(val);
		putchar('\n');
	}
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	PQconninfoOption *o;
	size_t		i;
	const char *pings[] = {"host=$H port=$P", "host=$H port=$P user=no_such", "host=$H port=$P dbname=no_such",
		"host=$H port=$P user=pqp_scram password=wrong", "host=/nonexistent", "host=127.0.0.1 port=1 sslmode=disable", "sslmode=x", "x",
	"host=/tmp port=0", "host=/nonexistent,$H port=$P", "host=$H port=$P user=pqp_reject"};

	snprintf(host, sizeof(host), "%s", PQhost(conn));
	snprintf(port, sizeof(port), "%s", PQport(conn));
	snprintf(db, sizeof(db), "%s", PQdb(conn));
	CASE("options in effect");
	o = PQconninfo(conn);
	options("PQconninfo", o);
	PQconninfoFree(o);
	PQfinish(conn);
	setenv("PGAPPNAME", "from the environment", 1);
	setenv("PGCONNECT_TIMEOUT", "7", 1);
	setenv("PGUSER", "pguser", 1);
	o = PQconndefaults();
	options("PQconndefaults", o);
	PQconninfoFree(o);
	unsetenv("PGUSER");
	unsetenv("PGCONNECT_TIMEOUT");
	CASE("working");
	for (i = 0; i < sizeof(working) / sizeof(working[0]); i++)
		connect_to(working[i]);
	CASE("TLS is asked for on a unix socket");
	connect_to("host=$H port=$P user=postgres dbname=$D sslmode=verify-full");
	unsetenv("PGAPPNAME");
	CASE("failing");
	setenv("PGUSER", "somebody", 1);
	for (i = 0; i < sizeof(failing) / sizeof(failing[0]); i++)
		connect_to(failing[i]);
	CASE("ping");
	for (i = 0; i < sizeof(pings) / sizeof(pings[0]); i++)
	{
		printf("%s: ", pings[i]);
		INT(PQping(fill(pings[i])));
	}
	arrays();
	CASE("the environment");
	setenv("PGHOST", host, 1);
	setenv("PGPORT", port, 1);
	setenv("PGDATABASE", db, 1);
	setenv("PGUSER", "pqp_scram", 1);
	setenv("PGPASSWORD", "pw-scram", 1);
	setenv("PGTZ", "Asia/Tokyo", 1);
	setenv("PGDATESTYLE", "German", 1);
	setenv("PGGEQO", "off", 1);
	setenv("PGOPTIONS", "-c statement_timeout=12345", 1);
	conn = PQconnectdb("");
	show(conn);
	RES(PQexec(conn, "SELECT current_setting('timezone'), current_setting('datestyle'), current_setting('geqo'), "
			   "current_setting('statement_timeout')"));
	PQfinish(conn);
	setenv("PGSSLMODE", "nonsense", 1);
	conn = PQconnectdb("");
	show(conn);
	PQfinish(conn);
	setenv("PGSSLMODE", "", 1);
	conn = PQconnectdb("");
	show(conn);
	PQfinish(conn);
	unsetenv("PGSSLMODE");
	if (strcmp(port, "5432") != 0)
	{
		CASE("the protocol version");
		conn = PQconnectdb(fill("host=$H port=$P user=postgres dbname=$D max_protocol_version=3.2"));
		INT(PQfullProtocolVersion(conn));
		PQfinish(conn);
		conn = PQconnectdb(fill("host=$H port=$P user=postgres dbname=$D max_protocol_version=latest"));
		INT(PQfullProtocolVersion(conn));
		PQfinish(conn);
		conn = PQconnectdb(fill("host=$H port=$P user=postgres dbname=$D min_protocol_version=3.2"));
		INT(PQfullProtocolVersion(conn));
		ERR(conn);
		PQfinish(conn);
	}
	return 0;
}
