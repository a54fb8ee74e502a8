/*
 * What the parts of the benchmark share: a workload does its preparations, calls region_begin(),
 * performs N operations, and calls region_end().
 */
#ifndef BENCH_H
#define BENCH_H

#include <libpq-fe.h>

typedef struct workload
{
	const char *name;
	void		(*run) (const char *conninfo, long n);
} workload;

/* One table a file, each ended by an entry without a name. */
extern const workload query_workloads[];
extern const workload row_workloads[];
extern const workload copy_workloads[];
extern const workload bulk_workloads[];
extern const workload connect_workloads[];
extern const workload growth_workloads[];

/* The workload of this name, in place of one that the library under test has no functions for. */
void		perform(const char *name, const char *conninfo, long n);

/* Between these two the clocks, the allocations and the memory are read. */
void		region_begin(void);
void		region_end(void);

/* The program's fourth argument, for workloads that have two sizes; 0 where there is none. */
extern long extra;

/* What the program has seen of its data: the same with every library, or the run is worthless. */
extern unsigned long checksum;

static inline void
seen(unsigned long value)
{
	checksum = checksum * 31 + value;
}

/* Ends the program with the connection's words. */
void		give_up(PGconn *conn, const char *doing) __attribute__((noreturn));

/* Ends the program with status 3: the library under test has no such function. */
void		not_in_this_library(const char *function) __attribute__((noreturn));

PGconn	   *connected(const char *conninfo);

/* The result, which must have this status. */
PGresult   *expect(PGconn *conn, PGresult *res, ExecStatusType status);

/* Runs a command whose result does not matter. */
void		command(PGconn *conn, const char *query);

/* A connection to copy rows in on, one such row, and the end of it. */
PGconn	   *copying_in(const char *conninfo);
extern const char *const copy_in_row;
void		copied_in(PGconn *conn);

#endif
