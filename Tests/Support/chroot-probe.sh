#!/usr/bin/env bash
# chroot-probe.sh BINARY: checks that BINARY does not depend on its environment. It sends HTTPS requests from a chroot with
# only the binary, /proc, three files in /etc and a CA bundle, with names from /etc/hosts and from a name server, and must
# reject a server with another authority or name.
# Requires root: mounts and network are in separate namespaces, which end with this script.
set -euo pipefail

binary=$(realpath "${1:?usage: chroot-probe.sh BINARY}")
support=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if ((EUID != 0)); then
    echo "error: chroot-probe.sh must run as root" >&2
    exit 1
fi
if [[ -z ${IN_OWN_NAMESPACES-} ]]; then
    IN_OWN_NAMESPACES=1 exec unshare --mount --propagation private --net "$BASH" "${BASH_SOURCE[0]}" "$binary"
fi
ip link set lo up

work=$(mktemp -d)
servers=()
cleanup() {
    if ((${#servers[@]})); then kill "${servers[@]}" 2>/dev/null || true; fi
    umount "$work/root/proc" 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT

mkdir -p "$work"/{certificates,root/{proc,etc}}
bash "$support/make-certificates.sh" "$work/certificates"
cp "$binary" "$work/root/bootstrap"
cp "$work"/certificates/{ca,other-ca}.crt "$work/root/"
echo "127.0.0.1 localhost listed.example" >"$work/root/etc/hosts"
echo "nameserver 127.0.0.1" >"$work/root/etc/resolv.conf"
# As on Amazon Linux. Two of these are modules of the host's glibc, which must not be loaded.
echo "hosts: files myhostname resolve [!UNAVAIL=return] dns" >"$work/root/etc/nsswitch.conf"
mount --bind /proc "$work/root/proc"

# Each server reports on its pipe when it is ready, and exits when this script closes its standard input.
mkfifo "$work/https" "$work/names" "$work/keep-open"
python3 "$support/http-server.py" "$work"/certificates/localhost.{crt,key} <"$work/keep-open" >"$work/https" &
servers+=("$!")
python3 "$support/name-server.py" <"$work/keep-open" >"$work/names" &
servers+=("$!")
exec 7>"$work/keep-open" 8<"$work/https" 9<"$work/names"
read -r port <&8
read -r _ <&9

failures=0
probe() { # EXPECTED-STATUS EXPECTED-TEXT BUNDLE URL
    local output status=0
    output=$(env --ignore-environment PATH="$PATH" AWS_CA_BUNDLE="$3" \
        chroot "$work/root" /bootstrap --probe "$4" 2>&1) || status=$?
    if ((status == $1)) && [[ $output == *"$2"* ]]; then
        echo "ok: $4 with ${3:-no bundle}: $2"
    else
        echo "not ok: $4 with ${3:-no bundle}: exit $status, expected $1 and \"$2\":"
        echo "$output"
        failures=1
    fi
}
probe 0 "status 200" /ca.crt "https://localhost:$port/"
probe 0 "status 200" /ca.crt "https://127.0.0.1:$port/"
probe 0 "status 200" /ca.crt "https://named.example:$port/"
probe 0 "status 200" /ca.crt "https://listed.example:$port/"
probe 1 "curl error 60" /other-ca.crt "https://localhost:$port/"
probe 1 "curl error 60" /ca.crt "https://elsewhere.example:$port/"
probe 1 "curl error 77" /missing.crt "https://localhost:$port/"
probe 1 "AWS_CA_BUNDLE" "" "https://localhost:$port/"
exit "$failures"
