#!/bin/bash
# Runs a command in a network of its own: this side at 10.77.0.1 and 10.78.0.1, the far side, where peers.py serves, in
# another namespace. Names are asked of the name server there. Nothing of the
# machine's own network is touched, and all of it goes away with the last process in it.
#
# usage: network.sh COMMAND [ARGUMENT...]         as root; the variables of with_servers.sh must be set
#
# The command finds in its environment PQP_FAR, the start of a command line that runs something on the far side.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ -z "${PQP_INSIDE:-}" ]; then
    [ "$(id -u)" = 0 ] || {
        echo "waiting: namespaces take root" >&2
        exit 1
    }
    export PQP_INSIDE=1
    exec unshare --net --mount --propagation private -- "$0" "$@"
fi

mkdir -p /run/netns
mount -t tmpfs none /run/netns
etc=$(mktemp -d)
trap 'rm -rf "$etc"' EXIT
printf 'nameserver 10.77.0.53\noptions timeout:10 attempts:2\n' >"$etc/resolv.conf"
printf 'hosts: files dns\n' >"$etc/nsswitch.conf"
mount --bind "$etc/resolv.conf" "$(realpath /etc/resolv.conf)"
[ ! -e /etc/nsswitch.conf ] || mount --bind "$etc/nsswitch.conf" /etc/nsswitch.conf

ip netns add far
export PQP_FAR="ip netns exec far"
ip link set lo up
$PQP_FAR ip link set lo up
ip link add near0 type veth peer name far0 netns far
ip link add near1 type veth peer name far1 netns far
ip address add 10.77.0.1/16 dev near0
ip address add fd77::1/64 dev near0 nodad
ip address add 10.78.0.1/24 dev near1
for n in 2 3 4 5 6 7 8 11 12 13 53; do
    $PQP_FAR ip address add "10.77.0.$n/16" dev far0
done
$PQP_FAR ip address add fd77::2/64 dev far0 nodad
$PQP_FAR ip address add fd77::3/64 dev far0 nodad
$PQP_FAR ip address add 10.78.0.2/24 dev far1
for device in near0 near1; do ip link set "$device" up; done
for device in far0 far1; do $PQP_FAR ip link set "$device" up; done
# The many addresses of one name, none of which is there, are rejected at once.
ip route add unreachable 10.77.100.0/22
$PQP_FAR nft -f - <<'RULES'
table inet far {
    chain in {
        type filter hook input priority 0;
        ip daddr 10.77.0.3 drop
        ip6 daddr fd77::3 drop
        ip daddr 10.77.0.4 tcp flags syn reject with tcp reset
    }
    chain late {
        type filter hook input priority 1;
    }
}
RULES

"$@"
