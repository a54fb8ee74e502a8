/*
 * abi_proof - what a header promises about the ABI, proved and printed.
 *
 * Compiled once with our headers and once with the reference's; both print the same lines. What
 * the tables of tests/data/ state is asserted while compiling: the type of every function, every
 * enumerator and macro, the size, alignment and offsets of every struct, and the struct tags.
 * With ABI_PROOF_LINK the program also takes the address of every export (so that it links only
 * with a library that has them all) and prints what the library itself says.
 * With ABI_PROOF_19 the additions of PostgreSQL 19 are proved too; their lines begin with "19 ".
 *
 * usage: abi_proof
 */
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libpq-fe.h"
#include "libpq-events.h"
#include "libpq/libpq-fs.h"
#include "postgres_ext.h"
#ifdef PQEXPBUFFER_HEADER
#include PQEXPBUFFER_HEADER /* the reference keeps it among its internal headers */
#else
#include "pqexpbuffer.h"
#endif

#define SAME(a, b) __builtin_types_compatible_p(a, b)

/* Exports no header declares: the tables are all there is about their types. */
typedef void (*pqsigfunc)(int);
extern void(PQfreeNotify)(PGnotify *notify);
extern int pg_utf_mblen(const unsigned char *s);
extern int pg_valid_server_encoding(const char *name);
extern pqsigfunc pqsignal(int signo, pqsigfunc func);
extern char *const pgresStatus[];

/* 1: types of all functions */
#define FUNCTION(ret, name, params) \
    _Static_assert(SAME(__typeof__(&name), ret(*) params), "prototype of " #name);
#define UNDECLARED(ret, name, params) FUNCTION(ret, name, params)
#ifdef ABI_PROOF_19
#define FUNCTION_19(ret, name, params) FUNCTION(ret, name, params)
#else
#define FUNCTION_19(ret, name, params)
#endif
#define ABI_FUNCTIONS
#include "abi_tables.h"
#undef ABI_FUNCTIONS
#undef FUNCTION
#undef FUNCTION_19
#undef UNDECLARED

/* 2: values, as stated */
#define ENUMERATION(type) _Static_assert(sizeof(type) == 4, "size of " #type);
#define ENUMERATOR(type, name, value) _Static_assert((int) (name) == (value), #name);
#define MACRO_VALUE(name, value) _Static_assert((long long) (name) == (value), #name);
#define MACRO_TEXT(name, value) \
    _Static_assert(sizeof(name) == sizeof(value) && SAME(__typeof__(name), __typeof__(value)), #name);
#define MACRO_CALL(name)
#define TYPE(name, type) _Static_assert(SAME(name, type), #name);
#define STRUCT(type, size, align) \
    _Static_assert(sizeof(type) == (size) && _Alignof(type) == (align), #type);
#define FIELD(type, field, offset, size) \
    _Static_assert(offsetof(type, field) == (offset) && sizeof(((type *) 0)->field) == (size), \
        #type "." #field);
#ifdef ABI_PROOF_19
#define ENUMERATOR_19 ENUMERATOR
#define MACRO_VALUE_19 MACRO_VALUE
#define STRUCT_19 STRUCT
#define FIELD_19 FIELD
#else
#define ENUMERATOR_19(type, name, value)
#define MACRO_VALUE_19(name, value)
#define STRUCT_19(type, size, align)
#define FIELD_19(type, field, offset, size)
#endif
#define ABI_VALUES
#include "abi_tables.h"
#undef ABI_VALUES
#undef ENUMERATION
#undef ENUMERATOR
#undef MACRO_VALUE
#undef MACRO_TEXT
#undef MACRO_CALL
#undef TYPE
#undef STRUCT
#undef FIELD
_Static_assert(sizeof(Oid) == 4 && (Oid) -1 > 0, "Oid");
_Static_assert(sizeof(pqbool) == 1 && SAME(pqbool, char), "pqbool");
_Static_assert(SAME(pg_int64, int64_t), "pg_int64");
_Static_assert(SAME(pg_usec_time_t, int64_t), "pg_usec_time_t");
_Static_assert(SAME(PQExpBuffer, PQExpBufferData *), "PQExpBuffer");
/* two members whose type the table words differently */
_Static_assert(SAME(__typeof__(((PGoauthBearerRequest *) 0)->async),
    PostgresPollingStatusType(*)(PGconn *, struct PGoauthBearerRequest *, int *)), "async");
_Static_assert(SAME(__typeof__(((PGoauthBearerRequest *) 0)->cleanup),
    void (*)(PGconn *, struct PGoauthBearerRequest *)), "cleanup");

static const char *const *
call_macros(PQExpBuffer buf)
{
    /* each macro used once, so that its expansion is compiled */
    static const char *ends[3];
    PQExpBufferData data = *buf;

    ends[0] = PQExpBufferBroken(buf) ? "broken" : "whole";
    ends[1] = PQExpBufferDataBroken(data) ? "broken" : "whole";
    ends[2] = atooid("4294967295") == OID_MAX ? "all ones" : "not all ones";
    return ends;
}

#ifdef ABI_PROOF_LINK
struct export
{
    const char *name;
    void (*address)(void);
};
#define FUNCTION(ret, name, params) {#name, (void (*)(void)) & name},
#define UNDECLARED(ret, name, params) FUNCTION(ret, name, params)
#ifdef ABI_PROOF_19
#define FUNCTION_19(ret, name, params) FUNCTION(ret, name, params)
#else
#define FUNCTION_19(ret, name, params)
#endif
#define ABI_FUNCTIONS
static const struct export exports[] = {
#include "abi_tables.h"
};
#undef ABI_FUNCTIONS

static void
ask_library(void)
{
    size_t i;

    for (i = 0; i < sizeof(exports) / sizeof(exports[0]); i++)
    {
        const char *since = strcmp(exports[i].name, "PQgetThreadLock") == 0 ? "19 " : "";

        if (exports[i].address == NULL)
            exit(1);
        printf("%sexport %s\n", since, exports[i].name);
    }
    printf("PQlibVersion %d\n", PQlibVersion());
    printf("PQisthreadsafe %d\n", PQisthreadsafe());
    for (i = 0; i < 13; i++)
        printf("pgresStatus[%d] %s PQresStatus %s\n", (int) i, pgresStatus[i],
            PQresStatus((ExecStatusType) i));
    printf("PQresStatus(13) %s\n", PQresStatus((ExecStatusType) 13));
#define ENCODING(name, number) \
    printf("encoding %d %s %d %d\n", number, pg_encoding_to_char(number), \
        pg_char_to_encoding(#name), pg_valid_server_encoding_id(number));
#define ABI_ENCODINGS
#include "abi_tables.h"
#undef ABI_ENCODINGS
}
#endif

int
main(void)
{
    PQExpBufferData buf = {(char *) "", 0, 0};
    const char *const *said = call_macros(&buf);

    printf("macros %s %s %s\n", said[0], said[1], said[2]);
#define ENUMERATION(type) \
    printf("enum %s size %zu %s\n", #type, sizeof(type), (type) -1 > (type) 1 ? "unsigned" : "signed");
#define ENUMERATOR(type, name, value) printf("enumerator %s %s %d\n", #type, #name, (int) (name));
#define MACRO_VALUE(name, value) printf("macro %s %lld size %zu\n", #name, (long long) (name), sizeof(name));
#define MACRO_TEXT(name, value) \
    if (strcmp(name, value) != 0) \
        return 1; \
    printf("macro %s %s", #name, name);
#define MACRO_CALL(name) printf("macro %s()\n", #name);
#define TYPE(name, type) printf("type %s is %s\n", #name, #type);
#define STRUCT(type, size, align) \
    printf("struct %s size %zu align %zu\n", #type, sizeof(type), _Alignof(type));
#define FIELD(type, field, offset, size) \
    printf("field %s.%s offset %zu size %zu\n", #type, #field, offsetof(type, field), \
        sizeof(((type *) 0)->field));
#ifdef ABI_PROOF_19
#undef ENUMERATOR_19
#undef MACRO_VALUE_19
#undef STRUCT_19
#undef FIELD_19
#define ENUMERATOR_19(type, name, value) printf("19 "); ENUMERATOR(type, name, value)
#define MACRO_VALUE_19(name, value) \
    printf("19 macro %s %lld size %zu\n", #name, (long long) (name), sizeof(name));
#define STRUCT_19(type, size, align) printf("19 "); STRUCT(type, size, align)
#define FIELD_19(type, field, offset, size) printf("19 "); FIELD(type, field, offset, size)
#endif
#define ABI_VALUES
#include "abi_tables.h"
#ifdef ABI_PROOF_LINK
    ask_library();
#endif
    return 0;
}
