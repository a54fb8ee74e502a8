/*
 * The benchmark's one program, on libpq's public functions only; which library it runs on is said
 * by LD_LIBRARY_PATH.
 *
 *   bench WORKLOAD CONNINFO N [EXTRA]
 *
 * Performs N operations and prints one line of JSON: the time they took on the wall and on the
 * processor, their allocations (when allocs.so is preloaded), the memory before, after and at its
 * peak, a checksum of what was read, and which library it was.
 */
#define _GNU_SOURCE				/* dladdr */
#include <dlfcn.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "memory.h"

unsigned long checksum;
long		extra;

/* In allocs.so, where it is preloaded. */
extern unsigned long bench_allocations(void) __attribute__((weak));

typedef struct reading
{
	double		wall;
	double		cpu;
	unsigned long allocations;
	long		resident_kb;
	long		private_kb;
	long		peak_kb;
	size_t		heap;
} reading;

static reading before,
			after;

static double
clock_of(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static void
read_memory(reading *r)
{
	struct mallinfo2 heap = mallinfo2();

	r->heap = heap.uordblks + heap.hblkhd;
	r->resident_kb = proc_kb("/proc/self/status", "VmRSS:");
	r->peak_kb = peak_kb();
	r->private_kb = proc_kb("/proc/self/smaps_rollup", "Private_Dirty:");
}

void
region_begin(void)
{
	read_memory(&before);
	before.allocations = bench_allocations ? bench_allocations() : 0;
	before.wall = clock_of(CLOCK_MONOTONIC);
	before.cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
}

void
region_end(void)
{
	after.cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
	after.wall = clock_of(CLOCK_MONOTONIC);
	after.allocations = bench_allocations ? bench_allocations() : 0;
	read_memory(&after);
}

void
give_up(PGconn *conn, const char *doing)
{
	fprintf(stderr, "bench: %s: %s", doing, PQerrorMessage(conn));
	exit(1);
}

void
not_in_this_library(const char *function)
{
	fprintf(stderr, "bench: this library has no %s\n", function);
	exit(3);
}

PGconn *
connected(const char *conninfo)
{
	PGconn	   *conn = PQconnectdb(conninfo);

	if (PQstatus(conn) != CONNECTION_OK)
		give_up(conn, "connecting");
	return conn;
}

PGresult *
expect(PGconn *conn, PGresult *res, ExecStatusType status)
{
	if (PQresultStatus(res) != status)
		give_up(conn, PQresStatus(PQresultStatus(res)));
	return res;
}

void
command(PGconn *conn, const char *query)
{
	PGresult   *res = PQexec(conn, query);

	if (PQresultStatus(res) != PGRES_COMMAND_OK && PQresultStatus(res) != PGRES_TUPLES_OK)
		give_up(conn, query);
	PQclear(res);
}

/* The file that libpq's functions come from. */
static const char *
library(void)
{
	Dl_info		info;

	return dladdr(dlsym(RTLD_DEFAULT, "PQlibVersion"), &info) != 0 ? info.dli_fname : "?";
}

static const workload *
find(const char *name)
{
	const workload *const tables[] = {query_workloads, row_workloads, copy_workloads, bulk_workloads,
	connect_workloads, growth_workloads};
	size_t		table;
	const workload *w;

	for (table = 0; table < sizeof tables / sizeof tables[0]; table++)
		for (w = tables[table]; w->name != NULL; w++)
			if (strcmp(w->name, name) == 0)
				return w;
	fprintf(stderr, "bench: no workload %s\n", name);
	exit(2);
}

void
perform(const char *name, const char *conninfo, long n)
{
	find(name)->run(conninfo, n);
}

int
main(int argc, char **argv)
{
	if (argc != 4 && argc != 5)
	{
		fputs("usage: bench WORKLOAD CONNINFO N [EXTRA]\n", stderr);
		return 2;
	}
	if (argc == 5)
		extra = atol(argv[4]);
	perform(argv[1], argv[2], atol(argv[3]));
	printf("{\"wall\": %.9f, \"cpu\": %.9f, \"allocations\": %lu, \"peak_kb\": %ld, "
		   "\"peak_before_kb\": %ld, \"resident_kb\": %ld, \"private_kb\": %ld, "
		   "\"heap\": %ld, \"checksum\": \"%lx\", \"version\": %d, \"library\": \"%s\"}\n",
		   after.wall - before.wall, after.cpu - before.cpu,
		   after.allocations - before.allocations, after.peak_kb, before.peak_kb,
		   after.resident_kb - before.resident_kb, after.private_kb - before.private_kb,
		   (long) after.heap - (long) before.heap, checksum, PQlibVersion(), library());
	return 0;
}
