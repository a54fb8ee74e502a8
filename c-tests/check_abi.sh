#!/bin/sh
# Proves that our headers and our library promise and keep the ABI of the reference.
#
# usage: check_abi.sh OUR_INCLUDE OUR_LIBDIR REFERENCE_ROOT WORKDIR
#   REFERENCE_ROOT holds include/ and lib/libpq.so.5 of PostgreSQL 18.
#
# 1. our headers compile without a warning as C (89 to 17) and C++ (98 to 20);
# 2. every prototype in the two sets of headers is the same text (gcc -aux-info);
# 3. every public macro of the reference's headers is in ours;
# 4. abi_proof, compiled once with each set and linked with each library, prints the same;
# what PostgreSQL 19 adds is listed below and appears on our side only.
set -eu
here=$(dirname "$0")
ours=$1 libdir=$2 reference=$3 work=$4
CC=${CC:-cc}
CXX=${CXX:-c++}
data=$here/../tests/data
mkdir -p "$work"

fail() {
    echo "check_abi: $*" >&2
    exit 1
}

# What 19 adds, in the words of the outputs compared below.
additions_prototypes='extern pgthreadlock_t PQgetThreadLock (void);'
additions_proof='19 enumerator PGauthData PQAUTHDATA_OAUTH_BEARER_TOKEN_V2 2
19 export PQgetThreadLock
19 field PGoauthBearerRequestV2.error offset 56 size 8
19 field PGoauthBearerRequestV2.issuer offset 48 size 8
19 field PGoauthBearerRequestV2.v1 offset 0 size 48
19 macro LIBPQ_HAS_GET_THREAD_LOCK 1 size 4
19 macro LIBPQ_HAS_OAUTH_BEARER_TOKEN_V2 1 size 4
19 struct PGoauthBearerRequestV2 size 64 align 8'

# The reference keeps pqexpbuffer.h among its internal headers, which want these two words.
reference_flags="-I$reference/include -I$reference/include/internal"
printf_like='-Dpg_attribute_printf(f,a)=__attribute__((format(printf,f,a)))'

# 1
for header in libpq-fe.h libpq-events.h pqexpbuffer.h postgres_ext.h pg_config_ext.h \
    libpq/libpq-fs.h libpq-porcelain.h; do
    printf '#include "%s"\nextern int some_declaration;\n' "$header" >"$work/one.c"
    for std in c89 c99 c11 c17; do
        $CC -std=$std -Wall -Wextra -pedantic -Werror -fsyntax-only -I"$ours" "$work/one.c" ||
            fail "$header does not compile cleanly as $std"
    done
    for std in c++98 c++11 c++20; do
        $CXX -x c++ -std=$std -Wall -Wextra -pedantic -Werror -fsyntax-only -I"$ours" \
            "$work/one.c" || fail "$header does not compile cleanly as $std"
    done
done

# 2
cat >"$work/all.c" <<'END'
#include "libpq-fe.h"
#include "libpq-events.h"
#include "pqexpbuffer.h"
#include "libpq/libpq-fs.h"
END
prototypes() {
    sed -n 's#^/\* .*\(libpq-fe\|libpq-events\|pqexpbuffer\)\.h:.*\*/ ##p' "$1" | LC_ALL=C sort
}
$CC $reference_flags "$printf_like" -Dbool=_Bool -fsyntax-only -aux-info "$work/ref.aux" "$work/all.c"
$CC -I"$ours" -fsyntax-only -aux-info "$work/our.aux" "$work/all.c"
prototypes "$work/ref.aux" >"$work/ref.protos"
prototypes "$work/our.aux" | grep -vxF "$additions_prototypes" >"$work/our.protos"
declared=$(wc -l <"$work/ref.protos")
[ "$declared" -ge 205 ] || fail "found only $declared prototypes in the reference's headers"
[ "$(prototypes "$work/our.aux" | wc -l)" -eq $((declared + 1)) ] ||
    fail "PQgetThreadLock is not the one prototype we have more"
diff "$work/ref.protos" "$work/our.protos" || fail "prototypes differ (< reference, > ours)"

# 3
macros() {
    $CC -E -dM "$@" "$work/all.c" | sed 's/^#define \([A-Za-z0-9_]*\).*/\1/' |
        grep -E '^(PQ|PG|LIBPQ_HAS|INV_|OID_|Invalid|atooid|INITIAL_)' | LC_ALL=C sort -u
}
macros $reference_flags "$printf_like" >"$work/ref.macros"
macros -I"$ours" >"$work/our.macros"
[ "$(wc -l <"$work/ref.macros")" -ge 45 ] || fail "found too few macros in the reference's headers"
lost=$(LC_ALL=C comm -23 "$work/ref.macros" "$work/our.macros")
[ -z "$lost" ] || fail "macros of the reference that we lack: $lost"

# 4
awk -f "$here/abi_tables.awk" "$data/exports.tsv" "$data/constants.tsv" "$data/structs.tsv" \
    >"$work/abi_tables.h"
build="$CC -std=c11 -Wall -Wextra -Werror -DABI_PROOF_LINK -I$work"
$build $reference_flags "$printf_like" "$here/abi_proof.c" -o "$work/abi_ref" \
    -L"$reference/lib" -lpq
$build -DABI_PROOF_19 -I"$ours" "$here/abi_proof.c" -o "$work/abi_our" -L"$libdir" -lpq
LD_LIBRARY_PATH=$reference/lib "$work/abi_ref" >"$work/abi_ref.txt"
LD_LIBRARY_PATH=$libdir "$work/abi_our" >"$work/abi_our.all"
grep -v '^19 ' "$work/abi_our.all" >"$work/abi_our.txt"
diff "$work/abi_ref.txt" "$work/abi_our.txt" || fail "abi_proof differs (< reference, > ours)"
found=$(grep '^19 ' "$work/abi_our.all" | LC_ALL=C sort)
[ "$found" = "$additions_proof" ] || fail "the additions of 19 are not the ones listed: $found"
# the reference's binary runs on our library, unrecompiled
LD_LIBRARY_PATH=$libdir "$work/abi_ref" >"$work/abi_swap.txt"
diff "$work/abi_ref.txt" "$work/abi_swap.txt" || fail "the reference's abi_proof differs on our library"

echo "check_abi: $declared prototypes, $(wc -l <"$work/ref.macros") macros and" \
    "$(wc -l <"$work/abi_ref.txt") lines of abi_proof agree with the reference"
