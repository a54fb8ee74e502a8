/*
 * The two variadic functions of pqexpbuffer.h. All they do is to walk the
 * arguments as often as appendPQExpBufferVA asks for; the rest is Rust.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>

struct PQExpBufferData;

extern void resetPQExpBuffer(struct PQExpBufferData *str);
extern bool appendPQExpBufferVA(struct PQExpBufferData *str, const char *fmt, va_list args);

void printfPQExpBuffer(struct PQExpBufferData *str, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void appendPQExpBuffer(struct PQExpBufferData *str, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* %m means errno as the caller left it, also the second time. */
#define FORMAT_UNTIL_DONE(str, fmt) \
	do \
	{ \
		const int error = errno; \
		bool done = false; \
		while (!done) \
		{ \
			va_list args; \
			errno = error; \
			va_start(args, fmt); \
			done = appendPQExpBufferVA(str, fmt, args); \
			va_end(args); \
		} \
	} while (0)

void
printfPQExpBuffer(struct PQExpBufferData *str, const char *fmt, ...)
{
	const int caller_error = errno;

	resetPQExpBuffer(str);
	errno = caller_error;
	FORMAT_UNTIL_DONE(str, fmt);
}

void
appendPQExpBuffer(struct PQExpBufferData *str, const char *fmt, ...)
{
	FORMAT_UNTIL_DONE(str, fmt);
}
