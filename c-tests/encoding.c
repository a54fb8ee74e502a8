/*
 * Encodings: names, lengths and widths. For every encoding one line with a
 * hash over every string of one or two bytes and a seeded sample of three- and
 * four-byte strings; with arguments "ENCODING FUNCTION" each answer on its own line,
 * to find where two libraries differ.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libpq-fe.h"

extern int pg_utf_mblen(const unsigned char *s);
extern int pg_valid_server_encoding(const char *name);

static int only_encoding = -100;
static int only_function = -1;

static uint64_t
fold(uint64_t hash, int value)
{
	return (hash ^ (uint32_t) value) * UINT64_C(0x100000001b3);
}

static uint64_t
ask(uint64_t hash, int function, int encoding, const char *text)
{
	int			value = function == 0 ? PQmblen(text, encoding)
		: function == 1 ? PQmblenBounded(text, encoding)
		: PQdsplen(text, encoding);

	if (function == only_function && encoding == only_encoding)
		printf("%02x %02x %02x %02x: %d\n", text[0] & 255, text[1] & 255, text[2] & 255, text[3] & 255, value);
	return fold(hash, value);
}

int
main(int argc, char **argv)
{
	static const char *const names[] = {
		"", " ", "utf8", "UTF-8", "u t f 8", "unicode", "UTF8\xff", "utf16", "latin1", "LATIN-1", "iso-8859-1",
		"iso8859-15", "iso88598", "latin", "sqlascii", "ascii", "koi8", "koi8-r", "koi8u", "win", "win1251",
		"windows-1252", "cp1252", "win950", "windows950", "win936", "windows936", "win949", "windows949", "win932",
		"windows932", "mskanji", "shiftjis", "shift_jis_2004", "sjis2004", "euc_jis_2004", "eucjisx0213", "tcvn",
		"tcvn-5712", "vscii", "abc", "alt", "win866", "windows866", "mule_internal", "mule", "gb18030", "johab", "uhc",
		"utf8___________________________________________________________",
		"utf8____________________________________________________________",
	};
	static const char *const variable[] = {"", "utf8", "sjis", "nonsense", "Latin-1"};
	static const char *const functions[] = {"PQmblen", "PQmblenBounded", "PQdsplen"};

	if (argc == 3)
	{
		only_encoding = atoi(argv[1]);
		only_function = atoi(argv[2]);
	}
	for (int encoding = -2; encoding < 45; encoding++)
		printf("%d: \"%s\" server %d\n", encoding, pg_encoding_to_char(encoding), pg_valid_server_encoding_id(encoding));
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		printf("\"%s\": %d server %d\n", names[i], pg_char_to_encoding(names[i]), pg_valid_server_encoding(names[i]));
	for (int encoding = 0; encoding < 42; encoding++)
		if (pg_char_to_encoding(pg_encoding_to_char(encoding)) != encoding)
			printf("name of %d is not its own\n", encoding);
	printf("NULL: %d %d %d\n", pg_char_to_encoding(NULL), pg_valid_server_encoding(NULL), PQmblen(NULL, 0));
	unsetenv("PGCLIENTENCODING");
	printf("PGCLIENTENCODING unset: %d\n", PQenv2encoding());
	for (size_t i = 0; i < sizeof variable / sizeof *variable; i++)
	{
		setenv("PGCLIENTENCODING", variable[i], 1);
		printf("PGCLIENTENCODING=%s: %d\n", variable[i], PQenv2encoding());
	}
	for (int byte = 0; byte < 256; byte++)
	{
		unsigned char text[] = {(unsigned char) byte, 0};

		printf("%d%s", pg_utf_mblen(text), byte % 64 == 63 ? "\n" : "");
	}
	for (int function = 0; function < 3; function++)
		for (int encoding = -2; encoding < 45; encoding++)
		{
			char		text[9] = {0};
			uint64_t	hash = UINT64_C(0xcbf29ce484222325);
			uint64_t	seed = UINT64_C(0x9e3779b97f4a7c15);

			for (int first = 0; first < 256; first++)
				for (int second = 0; second < 256; second++)
				{
					text[0] = (char) first;
					text[1] = (char) second;
					hash = ask(hash, function, encoding, text);
				}
			for (int i = 0; i < 200000; i++)
			{
				seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
				text[0] = (char) (seed >> 56 | (i % 4 ? 128 : 0));
				text[1] = (char) (seed >> 48 | (i % 3 ? 128 : 0));
				text[2] = (char) (seed >> 40 | (i % 2 ? 128 : 0));
				text[3] = (char) (i % 5 ? seed >> 32 : 0);
				/* No answer is due for what lies behind the end of a string. */
				for (int k = 0; k < 3; k++)
					if (text[k] == 0)
						text[k] = 1;
				hash = ask(hash, function, encoding, text);
			}
			printf("%s encoding %d: %016llx\n", functions[function], encoding, (unsigned long long) hash);
		}
	return 0;
}
