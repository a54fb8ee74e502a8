#!/usr/bin/env bash
# What a row costs: instructions (callgrind) and allocations (memcheck), as the difference of two sizes, so that
# connecting and everything else that happens once drops out. Both repeat exactly.
#
#   tests/setup/with_servers.sh tests/bench/row_cost.sh
#
# Wants PQP_DSN18, PQP_REF_LIB and PQP_LIB. Fails when ours allocates for a row, or takes more instructions for it than the reference.
set -euo pipefail
conninfo=$PQP_DSN18
reference=$(dirname "$PQP_REF_LIB") ours=$(dirname "$PQP_LIB")
small=20000 large=120000
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

${CC:-cc} -O2 -I"$here/../../include" "$here/rows.c" -o "$work/rows" -L"$ours" -lpq

instructions() { # libdir rows
	LD_LIBRARY_PATH=$1 valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		"$work/rows" "$conninfo" "$2" 2>&1 | sed -n 's/.*Collected : //p'
}
allocations() { # libdir rows
	LD_LIBRARY_PATH=$1 valgrind --leak-check=no "$work/rows" "$conninfo" "$2" 2>&1 |
		sed -n 's/.*total heap usage: \([0-9,]*\) allocs.*/\1/p' | tr -d ,
}
cost() { # what libdir: thousandths a row
	local a b
	a=$("$1" "$2" $small)
	b=$("$1" "$2" $large)
	echo $(((b - a) * 1000 / (large - small)))
}

same=$(for lib in "$reference" "$ours"; do LD_LIBRARY_PATH=$lib "$work/rows" "$conninfo" $small; done | sort -u | wc -l)
[ "$same" = 1 ] || { echo "row_cost: the two libraries read different rows" >&2; exit 1; }

reference_ir=$(cost instructions "$reference") ours_ir=$(cost instructions "$ours")
reference_allocs=$(cost allocations "$reference") ours_allocs=$(cost allocations "$ours")
thousandths() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }
printf '%-34s %12s %12s\n' 'a row of 4 text columns, fetched and read' reference ours
printf '%-41s %12s %12s\n' 'client instructions' "$(thousandths "$reference_ir")" "$(thousandths "$ours_ir")"
printf '%-41s %12s %12s\n' 'allocations' "$(thousandths "$reference_allocs")" "$(thousandths "$ours_allocs")"
[ "$ours_ir" -lt "$reference_ir" ] || { echo "row_cost: a row costs more instructions than with libpq" >&2; exit 1; }
[ "$ours_allocs" -lt 10 ] || { echo "row_cost: rows cost allocations" >&2; exit 1; }
