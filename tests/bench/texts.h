/*
 * The queries that the benchmark's program and its floor both send.
 */
#ifndef TEXTS_H
#define TEXTS_H

#include <stdio.h>

/* The longest of them fits in this. */
#define TEXT_SIZE 4096

static inline void
narrow_text(char *text, long rows)
{
	snprintf(text, TEXT_SIZE, "select g, g*2, 'name'||g, md5(g::text) from generate_series(1,%ld) g", rows);
}

/* Sixty columns, of them ten null. */
static inline void
wide_text(char *text, long rows)
{
	static const char *const kinds[6] = {"g", "'name'||g", "null", "g*2.5", "true", "'a constant text'"};
	int			length = snprintf(text, TEXT_SIZE, "select "),
				column;

	for (column = 0; column < 60; column++)
		length += snprintf(text + length, (size_t) (TEXT_SIZE - length), "%s%s", column ? ", " : "", kinds[column % 6]);
	snprintf(text + length, (size_t) (TEXT_SIZE - length), " from generate_series(1,%ld) g", rows);
}

/* One value of 100 KB a row. */
static inline void
large_text(char *text, long rows)
{
	snprintf(text, TEXT_SIZE, "select repeat('x', 100000) from generate_series(1,%ld) g", rows);
}

static inline void
copy_out_text(char *text, long rows)
{
	snprintf(text, TEXT_SIZE, "copy (select g, 'name'||g, md5(g::text) from generate_series(1,%ld) g) to stdout", rows);
}

#endif
