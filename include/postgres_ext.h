/*
 * postgres_ext.h - what programs and PostgreSQL servers share: object identifiers and the codes
 * of error fields.
 */
#ifndef POSTGRES_EXT_H
#define POSTGRES_EXT_H

#include <limits.h>
#include <stdint.h>

#include "pg_config_ext.h"

/* Identifies an object of the server's catalogues; 32 bits, unsigned. */
typedef unsigned int Oid;

/* No object. */
#define InvalidOid ((Oid) 0)

/* The largest Oid. */
#define OID_MAX UINT_MAX

/* Reads an Oid from text; needs <stdlib.h>. */
#define atooid(x) ((Oid) strtoul((x), NULL, 10))

/* 64 bits; an old name, use int64_t. */
typedef int64_t pg_int64;

/* What PQresultErrorField can be asked for: the type bytes of the error and notice fields. */
#define PG_DIAG_SEVERITY 'S'
#define PG_DIAG_SEVERITY_NONLOCALIZED 'V'
#define PG_DIAG_SQLSTATE 'C'
#define PG_DIAG_MESSAGE_PRIMARY 'M'
#define PG_DIAG_MESSAGE_DETAIL 'D'
#define PG_DIAG_MESSAGE_HINT 'H'
#define PG_DIAG_STATEMENT_POSITION 'P'
#define PG_DIAG_INTERNAL_POSITION 'p'
#define PG_DIAG_INTERNAL_QUERY 'q'
#define PG_DIAG_CONTEXT 'W'
#define PG_DIAG_SCHEMA_NAME 's'
#define PG_DIAG_TABLE_NAME 't'
#define PG_DIAG_COLUMN_NAME 'c'
#define PG_DIAG_DATATYPE_NAME 'd'
#define PG_DIAG_CONSTRAINT_NAME 'n'
#define PG_DIAG_SOURCE_FILE 'F'
#define PG_DIAG_SOURCE_LINE 'L'
#define PG_DIAG_SOURCE_FUNCTION 'R'

#endif /* POSTGRES_EXT_H */
