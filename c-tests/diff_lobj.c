/* Large objects. */
/* covers: 280 281 282 283 284 285 */
#include "helpers.h"

#include <sys/stat.h>

#include "libpq/libpq-fs.h"

static void
show_file(const char *name)
{
	char		buffer[64];
	FILE	   *f = fopen(name, "r");
	size_t		n;
	struct stat st;

	if (f == NULL)
	{
		printf("  no file\n");
		return;
	}
	n = fread(buffer, 1, sizeof(buffer), f);
	fclose(f);
	stat(name, &st);
	printf("  file of %ld bytes, mode %o: ", (long) st.st_size, (unsigned) st.st_mode & 0777);
	show_bytes(buffer, n);
	putchar('\n');
}

int
main(int argc, char **argv)
{
	const char *conninfo = begin(argc, argv);
	PGconn	   *conn = must_connect(conninfo);
	char		buffer[32];
	Oid			oid;
	int			fd;
	FILE	   *f;
	char	   *big;

	CASE("outside a transaction");
	INT(lo_open(conn, 4242, INV_READ));
	ERR(conn);
	oid = lo_create(conn, 4242);
	INT(oid);
	INT(lo_create(conn, 4242));
	ERR(conn);
	INT(lo_open(conn, 4242, INV_WRITE) >= 0);
	INT(lo_write(conn, 0, "x", 1));
	ERR(conn);
	CASE("reading and writing");
	must(conn, "BEGIN");
	fd = lo_open(conn, 4242, INV_READ | INV_WRITE);
	INT(fd);
	INT(lo_write(conn, fd, "0123456789", 10));
	INT(lo_tell(conn, fd));
	INT(lo_tell64(conn, fd));
	INT(lo_lseek(conn, fd, 2, SEEK_SET));
	memset(buffer, 'z', sizeof(buffer));
	INT(lo_read(conn, fd, buffer, 4));
	show_bytes(buffer, 8);
	putchar('\n');
	INT(lo_lseek(conn, fd, -3, SEEK_END));
	INT(lo_read(conn, fd, buffer, 20));
	show_bytes(buffer, 8);
	putchar('\n');
	INT(lo_read(conn, fd, buffer, 20));
	INT(lo_read(conn, fd, buffer, 0));
	INT(lo_lseek(conn, fd, 1, SEEK_CUR));
	INT(lo_lseek64(conn, fd, 3000000000, SEEK_SET));
	INT(lo_tell64(conn, fd));
	INT(lo_write(conn, fd, "far", 3));
	INT(lo_lseek64(conn, fd, -3, SEEK_END));
	INT(lo_read(conn, fd, buffer, 8));
	show_bytes(buffer, 3);
	putchar('\n');
	INT(lo_truncate64(conn, fd, 2500000000));
	INT(lo_lseek64(conn, fd, 0, SEEK_END));
	INT(lo_truncate(conn, fd, 5));
	INT(lo_lseek(conn, fd, 0, SEEK_END));
	INT(lo_close(conn, fd));
	must(conn, "COMMIT");
	CASE("failures");
	must(conn, "BEGIN");
	INT(lo_close(conn, 77));
	ERR(conn);
	must(conn, "ROLLBACK; BEGIN");
	INT(lo_lseek64(conn, lo_open(conn, 4242, INV_READ), 3000000000, SEEK_SET));
	INT(lo_tell(conn, 0));
	ERR(conn);
	must(conn, "ROLLBACK; BEGIN");
	INT(lo_lseek(conn, lo_open(conn, 4242, INV_READ), -1, SEEK_SET));
	ERR(conn);
	must(conn, "ROLLBACK; BEGIN");
	INT(lo_write(conn, lo_open(conn, 4242, INV_READ), "x", 1));
	ERR(conn);
	must(conn, "ROLLBACK; BEGIN");
	INT(lo_open(conn, 4242, 0));
	ERR(conn);
	must(conn, "ROLLBACK; BEGIN");
	INT(lo_open(conn, 5555, INV_READ));
	ERR(conn);
	must(conn, "ROLLBACK; BEGIN");
	INT(lo_read(conn, lo_open(conn, 4242, INV_READ), buffer, (size_t) 1 << 31));
	ERR(conn);
	INT(lo_write(conn, 0, buffer, (size_t) 1 << 31));
	ERR(conn);
	INT(lo_truncate(conn, 0, (size_t) 1 << 31));
	ERR(conn);
	INT(lo_truncate64(conn, 0, -1));
	ERR(conn);
	must(conn, "ROLLBACK");
	INT(lo_unlink(conn, 5555));
	ERR(conn);
	CASE("files");
	f = fopen("source", "w");
	if (f == NULL)
		die("source");
	fputs("content of the file", f);
	fclose(f);
	must(conn, "BEGIN");
	INT(lo_import_with_oid(conn, "source", 4243));
	INT(lo_export(conn, 4243, "copy"));
	show_file("copy");
	f = fopen("copy", "w");
	fputs("something longer than what is going to be exported", f);
	fclose(f);
	INT(lo_export(conn, 4243, "copy"));
	show_file("copy");
	INT(lo_import(conn, "source") != 0);
	INT(lo_import(conn, "no_such_file"));
	ERR(conn);
	INT(lo_export(conn, 4243, "/no/such/directory/file"));
	ERR(conn);
	INT(lo_import(conn, "."));
	ERR(conn);
	INT(lo_export(conn, 9999, "copy2"));
	ERR(conn);
	must(conn, "ROLLBACK; BEGIN");
	INT(lo_import_with_oid(conn, "source", 4242));
	ERR(conn);
	must(conn, "ROLLBACK");
	CASE("longer than a piece");
	big = malloc(100000);
	memset(big, 'b', 100000);
	f = fopen("big", "w");
	fwrite(big, 1, 100000, f);
	fclose(f);
	must(conn, "BEGIN");
	INT(lo_import_with_oid(conn, "big", 4244));
	INT(lo_export(conn, 4244, "bigcopy"));
	{
		struct stat st;

		INT(stat("bigcopy", &st));
		INT(st.st_size);
	}
	RES(PQexec(conn, "SELECT length(lo_get(4244)), md5(lo_get(4244))"));
	fd = lo_open(conn, 4244, INV_READ | INV_WRITE);
	INT(lo_write(conn, fd, big, 100000));
	INT(lo_lseek(conn, fd, 0, SEEK_SET));
	INT(lo_read(conn, fd, big, 100000));
	must(conn, "COMMIT");
	free(big);
	CASE("creating");
	INT(lo_creat(conn, INV_READ | INV_WRITE) != 0);
	INT(lo_create(conn, 0) != 0);
	INT(lo_unlink(conn, 4242));
	INT(lo_unlink(conn, 4243));
	ERR(conn);
	INT(lo_unlink(conn, 4244));
	ERR(conn);
	CASE("in a pipeline, busy, lost");
	INT(PQenterPipelineMode(conn));
	INT(lo_create(conn, 0));
	ERR(conn);
	INT(PQexitPipelineMode(conn));
	INT(PQsendQuery(conn, "SELECT 1"));
	INT(lo_create(conn, 0));
	ERR(conn);
	drain(conn);
	QUIET(PQexec(conn, "SELECT pg_terminate_backend(pg_backend_pid())"));
	INT(lo_create(conn, 0));
	ERR(conn);
	INT(lo_import(conn, "source"));
	ERR(conn);
	PQfinish(conn);
	return 0;
}
