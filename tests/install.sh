#!/bin/sh
# Installs into a scratch place and builds against it as a user would.
#
# usage: install.sh DIR PROFILE     DIR is what make has built; called by `make symbols-check`
#
# Checks the layout, that libpq.pc, pg_config and PQlibVersion state one version, that a C program
# found through pkg-config and one found through pg_config run, shared and static, and that the
# static library links into a Rust program.
set -eu
cd "$(dirname "$0")/.."
profile=$2
CC=${CC:-cc}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
    echo "install: $*" >&2
    exit 1
}

root=$work/root
${MAKE:-make} --no-print-directory -s install DESTDIR="$root" PREFIX=/opt/pq PROFILE="$profile"
for file in lib/libpq.so lib/libpq.so.5 lib/libpq.a lib/pkgconfig/libpq.pc bin/pg_config bin/pqp \
    include/libpq-fe.h include/libpq-events.h include/pqexpbuffer.h include/postgres_ext.h \
    include/pg_config_ext.h include/libpq-porcelain.h include/libpq/libpq-fs.h; do
    [ -s "$root/opt/pq/$file" ] || fail "$file is not installed"
done

# one version everywhere
pc=$(PKG_CONFIG_PATH=$root/opt/pq/lib/pkgconfig pkg-config --modversion libpq)
config=$("$root/opt/pq/bin/pg_config" --version | sed 's/^PostgreSQL \([0-9.]*\).*/\1/')
[ "$pc" = "$config" ] || fail "libpq.pc says $pc, pg_config $config"
[ -f "$root/opt/pq/lib/libpq.so.5.${pc%%.*}" ] || fail "the library's file is not libpq.so.5.${pc%%.*}"

cat >"$work/version.c" <<'END'
#include <stdio.h>
#include <libpq-fe.h>
#include <libpq-porcelain.h>
int main(void)
{
    printf("%d.%d %s\n", PQlibVersion() / 10000, PQlibVersion() % 10000, pqp_version());
    return 0;
}
END
expect() {
    said=$("$@") || fail "does not run: $*"
    case $said in
    "$pc libpq-porcelain "*" (libpq $pc)") ;;
    *) fail "$* said '$said', libpq.pc says $pc" ;;
    esac
}
lib=$root/opt/pq/lib
flags=$(PKG_CONFIG_SYSROOT_DIR=$root PKG_CONFIG_PATH=$lib/pkgconfig pkg-config --cflags --libs libpq)
$CC "$work/version.c" -o "$work/by_pkg_config" $flags
expect env LD_LIBRARY_PATH="$lib" "$work/by_pkg_config"
bin=$root/opt/pq/bin/pg_config
$CC "$work/version.c" -o "$work/by_pg_config" -I"$($bin --includedir)" -L"$($bin --libdir)" -lpq
expect env LD_LIBRARY_PATH="$lib" "$work/by_pg_config"
$CC "$work/version.c" -o "$work/static" -I"$($bin --includedir)" "$lib/libpq.a" $($bin --libs)
expect "$work/static"

# a Rust program brings Rust's library along a second time
cat >"$work/version.rs" <<'END'
unsafe extern "C" {
    fn PQlibVersion() -> std::ffi::c_int;
    fn pqp_version() -> *const std::ffi::c_char;
}
fn main() {
    let caught = std::panic::catch_unwind(|| panic!("the program's own unwinding")).is_err();
    assert!(caught);
    let (number, text) = unsafe { (PQlibVersion(), std::ffi::CStr::from_ptr(pqp_version())) };
    println!("{}.{} {}", number / 10000, number % 10000, text.to_str().unwrap());
}
END
rustc --edition 2024 -L native="$lib" -l static=pq -o "$work/rust" "$work/version.rs"
said=$("$work/rust" 2>/dev/null) || fail "a Rust program with libpq.a does not run"
[ "${said%% *}" = "$pc" ] || fail "a Rust program with libpq.a said '$said'"

# pg_config answers for the place it is found at, and fails on what it does not know
[ "$($bin --includedir)" = "$root/opt/pq/include" ] || fail "pg_config answers for another place"
if "$bin" --no-such-option >/dev/null 2>&1; then fail "pg_config knows everything"; fi
echo "install: layout, versions ($pc), pkg-config, pg_config, static and Rust programs as they should be"
