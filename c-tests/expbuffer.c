/*
 * PQExpBuffer (behaviours 325 to 331): every function, growth, the broken
 * state, formats, a detached text.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The reference's header takes these from a private one. */
#ifndef pg_attribute_printf
#define pg_attribute_printf(f, a) __attribute__((format(printf, f, a)))
#endif
#include "pqexpbuffer.h"

static void
state(const char *what, PQExpBuffer buffer)
{
	printf("%s: len %zu maxlen %zu broken %d nul %d text \"%.60s\"\n", what, buffer->len, buffer->maxlen,
		   PQExpBufferBroken(buffer) ? 1 : 0, buffer->data[buffer->len] == 0, buffer->data);
}

static bool
once(PQExpBuffer buffer, const char *format,...) pg_attribute_printf(2, 3);

static bool
once(PQExpBuffer buffer, const char *format,...)
{
	va_list		args;
	bool		done;

	va_start(args, format);
	done = appendPQExpBufferVA(buffer, format, args);
	va_end(args);
	return done;
}

int
main(void)
{
	PQExpBuffer buffer = createPQExpBuffer();
	PQExpBufferData own;
	char	   *detached;
	char		long_text[2000];

	state("created", buffer);
	appendPQExpBufferStr(buffer, "hello");
	appendPQExpBufferChar(buffer, ' ');
	appendBinaryPQExpBuffer(buffer, "wor\0ld", 6);
	state("appended", buffer);
	appendBinaryPQExpBuffer(buffer, "", 0);
	resetPQExpBuffer(buffer);
	state("reset", buffer);
	errno = ENOENT;
	printfPQExpBuffer(buffer, "%d %s %5.2f %c %lld %zu %m %%", 42, "text", 3.14159, 'x', -5LL, (size_t) 7);
	state("printed", buffer);
	appendPQExpBuffer(buffer, "|%1$s %1$s|", "twice");
	state("appended formatted", buffer);
	appendPQExpBuffer(buffer, "%d%d%d%d%d%d%d%d%d%d %f%f%f%f%f%f%f%f%f%f", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
					  1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0);
	printf("many arguments: \"%s\"\n", buffer->data);
	memset(long_text, 'q', sizeof long_text - 1);
	long_text[sizeof long_text - 1] = 0;
	errno = EACCES;
	printfPQExpBuffer(buffer, "%s %m", long_text);
	state("grown by a format", buffer);
	printf("its end: \"%s\"\n", buffer->data + 1995);
	destroyPQExpBuffer(buffer);

	for (size_t room = 0; room < 40; room++)
	{
		char		label[40];

		initPQExpBuffer(&own);
		while (own.len + room + 1 < own.maxlen)
			appendPQExpBufferChar(&own, 'a');
		snprintf(label, sizeof label, "one more with room %zu", room);
		appendPQExpBuffer(&own, "%s", "x");
		state(label, &own);
		termPQExpBuffer(&own);
	}
	for (size_t len = 0; len < 3000; len += 111)
		for (int small = 0; small < 2; small++)
		{
			initPQExpBuffer(&own);
			if (small)
				own.maxlen = 20;	/* as if the caller had brought a smaller text */
			appendPQExpBuffer(&own, "%.*s", (int) (len % 2000), long_text);
			printf("format of %zu from %d: %zu %zu\n", len % 2000, small ? 20 : 256, own.len, own.maxlen);
			printf("enlarge: %d %zu\n", enlargePQExpBuffer(&own, len), own.maxlen);
			termPQExpBuffer(&own);
		}

	initPQExpBuffer(&own);
	printf("short: %d\n", once(&own, "%s", "short"));
	printf("long: %d\n", once(&own, "%s", long_text));
	printf("after a try too long: len %zu maxlen %zu\n", own.len, own.maxlen);
	printf("again: %d\n", once(&own, "%s", long_text));
	printf("len %zu maxlen %zu\n", own.len, own.maxlen);

	/* The broken state. */
	printf("too much: %d\n", enlargePQExpBuffer(&own, INT_MAX));
	state("broken", &own);
	appendPQExpBufferStr(&own, "lost");
	appendPQExpBufferChar(&own, 'l');
	appendBinaryPQExpBuffer(&own, "lost", 4);
	appendPQExpBuffer(&own, "%s", "lost");
	printf("enlarge when broken: %d, VA when broken: %d\n", enlargePQExpBuffer(&own, 1), once(&own, "x"));
	state("still broken", &own);
	printfPQExpBuffer(&own, "printf resets");
	state("mended by printf", &own);
	printf("overflow: %d\n", enlargePQExpBuffer(&own, (size_t) -1));
	state("broken again", &own);
	resetPQExpBuffer(&own);
	state("mended by reset", &own);
	printf("just too much: %d\n", enlargePQExpBuffer(&own, (size_t) INT_MAX - own.len));
	resetPQExpBuffer(&own);
	termPQExpBuffer(&own);
	state("terminated", &own);
	termPQExpBuffer(&own);
	resetPQExpBuffer(&own);
	state("reset after term", &own);

	/* A detached text is the caller's to free. */
	appendPQExpBufferStr(&own, "mine");
	detached = own.data;
	initPQExpBuffer(&own);
	printf("detached \"%s\"\n", detached);
	free(detached);
	termPQExpBuffer(&own);

	/* NULL where the reference takes it. */
	resetPQExpBuffer(NULL);
	destroyPQExpBuffer(NULL);
	appendPQExpBufferChar(NULL, 'x');
	appendBinaryPQExpBuffer(NULL, "x", 1);
	printfPQExpBuffer(NULL, "x");
	appendPQExpBuffer(NULL, "x");
	printf("enlarge NULL: %d\n", enlargePQExpBuffer(NULL, 1));
	return 0;
}
