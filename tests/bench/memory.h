/*
 * What /proc says of this process's memory.
 */
#ifndef MEMORY_H
#define MEMORY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value in KB of a line in a file of /proc, -1 where there is none. */
static inline long
proc_kb(const char *file, const char *key)
{
	char		line[256];
	long		value = -1;
	FILE	   *f = fopen(file, "r");

	if (f == NULL)
		return -1;
	while (fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, key, strlen(key)) == 0)
		{
			value = atol(line + strlen(key));
			break;
		}
	fclose(f);
	return value;
}

/* The most that was resident since the program began; getrusage(2) counts what its parent had, too. */
static inline long
peak_kb(void)
{
	return proc_kb("/proc/self/status", "VmHWM:");
}

#endif
