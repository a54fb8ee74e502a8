/* Writing the small files that a case is about. Include helpers.h first. */
#ifndef FILES_H
#define FILES_H

#include <sys/stat.h>

MAYBE_UNUSED static void
write_bytes(const char *path, int mode, const char *bytes, size_t n)
{
	FILE	   *f;

	unlink(path);
	f = fopen(path, "w");
	if (f == NULL || fwrite(bytes, 1, n, f) != n || fclose(f) != 0 || chmod(path, (mode_t) mode) != 0)
		die(path);
}

MAYBE_UNUSED static void
write_file(const char *path, int mode, const char *text)
{
	write_bytes(path, mode, text, strlen(text));
}

#endif
