#!/bin/bash
# Runs the C programs of c-tests/ under tools that see what a passing run hides:
#
#   valgrind memcheck            on the dev build: invalid accesses, use of uninitialised memory, leaks
#   AddressSanitizer and UBSan   library and programs compiled with the first, programs with the second
#   ThreadSanitizer              library and the programs with threads compiled with it
#
# valgrind's helgrind and drd are not among them: they take every atomic access for a race.
#
# usage: tests/setup/with_servers.sh tests/sanitize.sh [memcheck] [address] [thread]    default: all
#
# Wants PQP_DSN18 (tests/setup/with_servers.sh). rustc's sanitizers are no stable option, so RUSTC_BOOTSTRAP lets this
# compiler have them, in builds that are for this test alone.
#
# For ThreadSanitizer Rust's own library is compiled with it, too: else it would not see what the locks in there order, and
# take what they guard for races. That needs its source, which rustup is asked for, and the registry. Where they cannot be
# had, it is said so, and only those programs run that do not depend on it. There are no suppressions.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PQP_DSN18:?is not set: run tests/setup/with_servers.sh}"
target=${CARGO_TARGET_DIR:-$PWD/target}
host=$(rustc -vV | sed -n 's/^host: //p')
out=$target/sanitize
mkdir -p "$out"
places=()
trap 'rm -rf "$out"/scratch.* "${places[@]}"' EXIT
failed=0

say() { echo "sanitize: $*" >&2; }

# sanitized KIND DIR OPTION...: builds the library with a sanitizer in a directory of its own, which is left in $built
sanitized() {
    local kind=$1
    built=$out/$2/$host/debug/libpq.so
    RUSTC_BOOTSTRAP=1 RUSTFLAGS="-Zsanitizer=$kind -Cunsafe-allow-abi-mismatch=sanitizer" CARGO_TARGET_DIR=$out/$2 \
        cargo build --quiet --lib --target "$host" "${@:3}"
}

# library KIND: builds the library with a sanitizer, or as it is, and puts it where programs look for it
std_is_seen=1
library() {
    local built=$target/debug/libpq.so
    case $1 in
    memcheck) cargo build --quiet --lib ;;
    thread)
        if [ ! -e "$(rustc --print sysroot)/lib/rustlib/src/rust/library/Cargo.lock" ]; then
            timeout 180 rustup --quiet component add rust-src >/dev/null 2>&1 || :
        fi
        if ! sanitized thread thread-std -Zbuild-std 2>"$out/build-std.log"; then
            say "thread: SKIPPED: cancel_tls, pqp_contexts, pqp_hooks, hooks and tokens: Rust's own library cannot be built" \
                "(see $out/build-std.log; rustup component add rust-src)"
            std_is_seen=0
            sanitized thread thread
        fi
        ;;
    *) sanitized "$1" "$1" ;;
    esac
    mkdir -p "$out/$1/lib"
    ln -sf "$built" "$out/$1/lib/libpq.so.5"
}

# program KIND NAME FLAG...: compiles a program against that library
program() {
    local kind=$1 name=$2
    shift 2
    ${CC:-cc} -std=gnu11 -g -O1 -Iinclude "$@" "c-tests/$name.c" -o "$out/$kind/$name" \
        -L"$out/$kind/lib" -l:libpq.so.5 -pthread -Wl,--unresolved-symbols=ignore-in-shared-libs
}

# run KIND NAME COMMAND...: what the program prints matters only when something is wrong
run() {
    local what="$1 $2" log=$out/$1/$2.log status=0
    shift 2
    LD_LIBRARY_PATH=$out/${what%% *}/lib timeout 300 env -C "$place" "$@" >"$log" 2>&1 || status=$?
    if [ "$status" = 0 ]; then
        say "$what: clean"
    else
        say "$what: exit status $status, see $log"
        grep -E 'ERROR|WARNING|SUMMARY|==|not so|runtime error' "$log" | head -n 30 >&2 || tail -n 30 "$log" >&2
        failed=1
    fi
}

# arguments NAME: what a program is called with, in $arguments, and where, in $place: a short path for those that listen
arguments() {
    arguments=()
    place=$PWD
    case $1 in
    cancel_tls) arguments=("$PQP_DSN18 host=localhost sslmode=require" 40) ;;
    fork | pqp_bulk | pqp_hooks) arguments=("$PQP_DSN18") ;;
    threads | pqp_contexts) arguments=("$PQP_DSN18" 4 1) ;;
    hooks | tokens) place=$(mktemp -d) && places+=("$place") ;;
    conninfo_dump) arguments=("$(mktemp -d "$out/scratch.XXXXXX")" tests/data/conninfo_cases.txt) ;;
    esac
}

for kind in ${*:-memcheck address thread}; do
    mkdir -p "$out/$kind"
    library "$kind"
    case $kind in
    memcheck)
        # A child that ends in the midst of things leaves them behind, which is no leak: AddressSanitizer looks for leaks
        # in the programs that fork.
        for name in expbuffer conninfo_dump fork threads cancel_tls pqp_bulk pqp_hooks pqp_contexts hooks tokens; do
            leaks=full
            case $name in fork | threads | cancel_tls | pqp_bulk | pqp_hooks | pqp_contexts | hooks | tokens) leaks=no ;; esac
            program "$kind" "$name"
            arguments "$name"
            # fair: else a thread that never waits may keep all others from running, for minutes
            run "$kind" "$name" valgrind -q --fair-sched=yes --error-exitcode=99 --leak-check=$leaks \
                --suppressions="$PWD/tests/data/memcheck.supp" \
                --show-leak-kinds=definite,indirect,possible \
                --errors-for-leak-kinds=definite,indirect,possible \
                "$out/$kind/$name" "${arguments[@]}"
        done
        ;;
    address)
        export ASAN_OPTIONS=exitcode=99:detect_stack_use_after_return=1
        export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
        for name in escape expbuffer conninfo_dump fork threads cancel_tls pqp_bulk pqp_hooks pqp_contexts hooks tokens; do
            program "$kind" "$name" -fsanitize=address,undefined -fno-sanitize-recover=all
            arguments "$name"
            run "$kind" "$name" "$out/$kind/$name" "${arguments[@]}"
        done
        ;;
    thread)
        export TSAN_OPTIONS=exitcode=99
        names=(threads)
        [ "$std_is_seen" = 0 ] || names+=(cancel_tls pqp_contexts pqp_hooks hooks tokens)
        for name in "${names[@]}"; do
            program "$kind" "$name" -fsanitize=thread c-tests/tsan_shim.c
            arguments "$name"
            run "$kind" "$name" "$out/$kind/$name" "${arguments[@]}"
        done
        ;;
    *)
        say "there is no $kind"
        exit 2
        ;;
    esac
done
exit "$failed"
