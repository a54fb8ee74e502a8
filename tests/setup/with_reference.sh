#!/bin/bash
# Runs a command that needs the reference library and headers, but no server. In its arguments
# @REFERENCE@ stands for PQP_REF_ROOT; the variables of prepare.sh are in its environment.
#
# usage: with_reference.sh COMMAND [ARGUMENT...]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
settings=$("$here/prepare.sh" 18 tools)
while IFS= read -r line; do export "${line?}"; done <<<"$settings"
exec "${@//@REFERENCE@/$PQP_REF_ROOT}"
