/*
 * Loads a library with all its bindings resolved, and prints how long that took and how much memory the
 * process had at its peak; without an argument, loads nothing.
 *
 *   load [LIBRARY]
 */
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

#include "memory.h"

static double
now(clockid_t which)
{
	struct timespec t;

	clock_gettime(which, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	double		wall = now(CLOCK_MONOTONIC),
				cpu = now(CLOCK_PROCESS_CPUTIME_ID);

	if (argc > 1 && dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) == NULL)
	{
		fprintf(stderr, "load: %s\n", dlerror());
		return 1;
	}
	wall = now(CLOCK_MONOTONIC) - wall;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	printf("{\"wall\": %.9f, \"cpu\": %.9f, \"peak_kb\": %ld}\n", wall, cpu, peak_kb());
	return 0;
}
