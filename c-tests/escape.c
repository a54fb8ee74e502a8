/*
 * Escaping without a connection (behaviours 292, 294, 295): no server has
 * reported anything, so the encoding is SQL_ASCII and backslashes are doubled.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "libpq-fe.h"

static void
show(const char *what, const void *bytes, size_t len)
{
	printf("%s %zu:", what, len);
	for (size_t i = 0; i < len; i++)
		printf(" %02x", ((const unsigned char *) bytes)[i]);
	printf("\n");
}

static void
all(const char *bytes, size_t len)
{
	char		to[256];
	unsigned char *result;
	size_t		result_len = 77;
	size_t		written;

	show("input", bytes, len);
	memset(to, 'z', sizeof to);
	written = PQescapeString(to, bytes, len);
	show("string", to, written + 1);
	result = PQescapeBytea((const unsigned char *) bytes, len, &result_len);
	show("bytea", result, result_len);
	PQfreemem(result);
	result = PQunescapeBytea((const unsigned char *) bytes, &result_len);
	show("unescaped", result, result_len);
	PQfreemem(result);
}

int
main(void)
{
	static const char *const texts[] = {
		"", "a'b\\c", "\xc3\xa9", "\xc3'", "\\x", "\\x41", "\\x4", "\\x4g1", "\\x4 1 4", "\\X41", "\\\\x41", "a\\\\b",
		"a\\101b", "a\\401b", "a\\10", "a\\189", "a\\", "\\000a", "\\x4142zz43", "x\\x41", "\\3777", "\\38", "\\xABcdEF",
	};
	static const char alphabet[] = "\\\\\\\\''0123789xabcdefG \xc3\xa9\x83\xff\x01\x7f";
	uint64_t	seed = 20260101;
	size_t		len = 77;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		all(texts[i], strlen(texts[i]));
	all("ab\0cd", 5);
	all("abc", 2);
	for (int i = 0; i < 5000; i++)
	{
		char		text[17] = {0};
		size_t		n;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		n = seed >> 60;
		for (size_t k = 0; k < n; k++)
		{
			seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			text[k] = alphabet[(seed >> 33) % (sizeof alphabet - 1)];
		}
		all(text, n);
	}
	printf("unescape NULL: %s\n", PQunescapeBytea(NULL, &len) == NULL ? "NULL" : "something");
	PQfreemem(NULL);
	return 0;
}
