/*
 * pg_config_ext.h - what depends on the machine. Programs written for servers before 18 ask for
 * the name of the 64-bit type here.
 */
#ifndef PG_CONFIG_EXT_H
#define PG_CONFIG_EXT_H

#include <stdint.h>

/* The signed type of 64 bits. */
#define PG_INT64_TYPE int64_t

#endif /* PG_CONFIG_EXT_H */
