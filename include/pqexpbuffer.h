/*
 * pqexpbuffer.h - text that grows by itself.
 *
 * When memory runs out a buffer becomes "broken": data points to a constant "", len and maxlen
 * are 0, and all further appending does nothing until it is reset. So a program may append many
 * times and look once.
 */
#ifndef PQEXPBUFFER_H
#define PQEXPBUFFER_H

#include <stdarg.h>
#include <stddef.h>
#ifndef __cplusplus
#include <stdbool.h>
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef struct PQExpBufferData
{
    char *data;    /* always ends with a NUL; allocated with malloc */
    size_t len;    /* bytes in use, without the NUL */
    size_t maxlen; /* bytes allocated; 0 means broken */
} PQExpBufferData;

typedef PQExpBufferData *PQExpBuffer;

/* Whether a buffer is broken, or was never made. */
#define PQExpBufferBroken(str) ((str) == NULL || (str)->maxlen == 0)

/* The same for a PQExpBufferData itself. */
#define PQExpBufferDataBroken(buf) ((buf).maxlen == 0)

/* Bytes a new buffer has. */
#define INITIAL_EXPBUFFER_SIZE 256

#if defined(__GNUC__)
#define PQP_LIKE_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define PQP_LIKE_PRINTF(fmt, first)
#endif

/* Makes an empty buffer; NULL when memory ran out. Release with destroyPQExpBuffer. */
extern PQExpBuffer createPQExpBuffer(void);

/* Makes *str an empty buffer. Release its text with termPQExpBuffer. */
extern void initPQExpBuffer(PQExpBuffer str);

/* Frees a buffer of createPQExpBuffer. NULL is allowed. */
extern void destroyPQExpBuffer(PQExpBuffer str);

/* Frees the text of a buffer of initPQExpBuffer, and leaves the buffer broken. */
extern void termPQExpBuffer(PQExpBuffer str);

/* Empties a buffer, and mends a broken one if there is memory. */
extern void resetPQExpBuffer(PQExpBuffer str);

/* Makes room for needed bytes more and a NUL: 1, or 0 (and broken) when there is none. */
extern int enlargePQExpBuffer(PQExpBuffer str, size_t needed);

/* Empties a buffer and formats into it. */
extern void printfPQExpBuffer(PQExpBuffer str, const char *fmt, ...) PQP_LIKE_PRINTF(2, 3);

/* Formats onto the end of a buffer. */
extern void appendPQExpBuffer(PQExpBuffer str, const char *fmt, ...) PQP_LIKE_PRINTF(2, 3);

/*
 * Formats onto the end of a buffer, once: true when done (or hopeless), false when the caller is
 * to try again with a fresh args, the room having been made meanwhile. errno must be as it was for
 * each try.
 */
extern bool appendPQExpBufferVA(PQExpBuffer str, const char *fmt, va_list args)
    PQP_LIKE_PRINTF(2, 0);

/* Appends a string. */
extern void appendPQExpBufferStr(PQExpBuffer str, const char *data);

/* Appends one byte. */
extern void appendPQExpBufferChar(PQExpBuffer str, char ch);

/* Appends datalen bytes, NULs included. */
extern void appendBinaryPQExpBuffer(PQExpBuffer str, const char *data, size_t datalen);

#undef PQP_LIKE_PRINTF

#ifdef __cplusplus
}
#endif

#endif /* PQEXPBUFFER_H */
