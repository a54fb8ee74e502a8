/*
 * Loads a library with all its bindings resolved, and prints how long that took; without an
 * argument, loads nothing.
 *
 *   load [LIBRARY]
 */
#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

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
	printf("{\"wall\": %.9f, \"cpu\": %.9f}\n", now(CLOCK_MONOTONIC) - wall, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	return 0;
}
