/*
 * libpq-porcelain.h - what this library has beyond libpq.
 *
 * Made by cbindgen from src/capi/ (`make header`): change it there. Functions return the plain
 * failure value for NULL; what is handed in stays the caller's unless said otherwise.
 */
#ifndef LIBPQ_PORCELAIN_H
#define LIBPQ_PORCELAIN_H

#include <stddef.h>
#include <stdint.h>
#include "libpq-fe.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Name and version of this library, and the libpq version it stands in for, such as
 * "libpq-porcelain 0.1.0 (libpq 18.6)". A constant; not to be freed.
 */
const char *pqp_version(void);

#ifdef __cplusplus
}
#endif

#endif /* LIBPQ_PORCELAIN_H */
