#!/bin/sh
# covers: 407
# Checks what a built library shows to the linker.
#
# usage: symbols.sh DIR      DIR holds lib/libpq.so.5 and lib/libpq.a
#
# Every name of tests/exports.txt must be exported with its kind (T function, D data), nothing else
# but pqp_*, without symbol versions; the SONAME is libpq.so.5; the library is never unloaded.
set -eu
dir=$1
list=$(dirname "$0")/exports.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bad=0
complain() {
    echo "symbols: $*" >&2
    bad=1
}

# Data that is read-only after relocation may be shown as R, D or B by nm: all are objects.
kinds() {
    awk 'NF == 3 { kind = $2; if (kind ~ /[RDBV]/) kind = "D"; if (kind == "W") kind = "T"; print $3, kind }' |
        LC_ALL=C sort
}
compare() {
    grep -v '^pqp_' "$2" >"$work/ours" || :
    LC_ALL=C comm -23 "$list" "$work/ours" >"$work/missing"
    LC_ALL=C comm -13 "$list" "$work/ours" >"$work/extra"
    [ ! -s "$work/missing" ] || complain "$1 lacks (or has with another kind) $(wc -l <"$work/missing"):" $(cat "$work/missing")
    [ ! -s "$work/extra" ] || complain "$1 shows what it should not:" $(cat "$work/extra")
}

LC_ALL=C sort -c "$list" || complain "exports.txt is not sorted"
nm -D --defined-only "$dir/lib/libpq.so.5" | kinds >"$work/so"
compare libpq.so.5 "$work/so"
nm --defined-only --extern-only "$dir/lib/libpq.a" | kinds >"$work/a"
compare libpq.a "$work/a"
cmp -s "$work/so" "$work/a" || complain "libpq.so.5 and libpq.a do not show the same"

readelf -d "$dir/lib/libpq.so.5" >"$work/dynamic"
grep -q 'SONAME.*\[libpq\.so\.5\]' "$work/dynamic" || complain "SONAME is not libpq.so.5"
grep -q 'FLAGS_1.*NODELETE' "$work/dynamic" || complain "the library can be unloaded (no -z nodelete)"
if readelf -d "$dir/lib/libpq.so.5" | grep -qE 'RUNPATH|RPATH|TEXTREL'; then
    complain "the library has a run path or text relocations"
fi
# Nothing but libc, and what Debian's libc6 itself depends on: no OpenSSL, no Kerberos, no LDAP.
needed=$(sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$work/dynamic" | grep -vxE 'libc\.so\.6|libgcc_s\.so\.1|ld-linux.*' || :)
[ -z "$needed" ] || complain "the library needs other libraries than libc's: $needed"
grep -q 'NEEDED.*libc\.so\.6' "$work/dynamic" || complain "what the library needs cannot be read"
found=$(ldd "$dir/lib/libpq.so.5" | awk '{ print $1 }' | grep -vE '^(linux-vdso|libc|libgcc_s)\.so\.[0-9]+$|/ld-linux' || :)
[ -z "$found" ] || complain "ldd shows other libraries than libc's: $found"
# See .cargo/config.toml: the setting is easily lost, and nothing but time would tell.
if nm "$dir/lib/libpq.so.5" 2>/dev/null | grep -q '_jent_'; then
    complain "aws-lc was built with its own entropy source, which costs 30 ms at the first connection"
fi
[ "$(readlink "$dir/lib/libpq.so")" = libpq.so.5 ] || complain "libpq.so does not point to libpq.so.5"

[ $bad = 0 ] || exit 1
echo "symbols: $(wc -l <"$list") of libpq's and $(grep -c '^pqp_' "$work/so") pqp_ symbols, as they should be"
