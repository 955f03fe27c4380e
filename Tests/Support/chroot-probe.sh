#!/usr/bin/env bash
# chroot-probe.sh BINARY: shows that BINARY needs nothing from where it runs. It makes an HTTPS request from inside a
# folder that holds the binary, /proc, /etc/hosts and a CA bundle; and refuses when the bundle has another authority.
# Needs root, for chroot and mount; the mount is in a name space of its own, which ends with this script.
set -euo pipefail

binary=$(realpath "${1:?usage: chroot-probe.sh BINARY}")
support=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if ((EUID != 0)); then
    echo "error: chroot-probe.sh must run as root" >&2
    exit 1
fi
if [[ -z ${IN_OWN_MOUNT_NAMESPACE-} ]]; then
    IN_OWN_MOUNT_NAMESPACE=1 exec unshare --mount --propagation private "$BASH" "${BASH_SOURCE[0]}" "$binary"
fi

work=$(mktemp -d)
server=
cleanup() {
    if [[ -n $server ]]; then kill "$server" 2>/dev/null || true; fi
    umount "$work/root/proc" 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap cleanup EXIT

mkdir -p "$work"/{certificates,root/{proc,etc}}
bash "$support/make-certificates.sh" "$work/certificates"
cp "$binary" "$work/root/bootstrap"
cp "$work"/certificates/{ca,other-ca}.crt "$work/root/"
echo "127.0.0.1 localhost elsewhere.example concerts.example" >"$work/root/etc/hosts"
# Modules of a host's glibc must not be asked for, whatever its configuration names.
echo "hosts: resolve [!UNAVAIL=return] myhostname files dns" >"$work/root/etc/nsswitch.conf"
mount --bind /proc "$work/root/proc"

mkfifo "$work/port" "$work/keep-open"
python3 "$support/http-server.py" "$work"/certificates/localhost.{crt,key} <"$work/keep-open" >"$work/port" &
server=$!
exec 8>"$work/keep-open" 9<"$work/port"
read -r port <&9

failures=0
probe() { # EXPECTED-STATUS EXPECTED-TEXT BUNDLE URL
    local output status=0
    output=$(env --ignore-environment PATH="$PATH" AWS_CA_BUNDLE="$3" chroot "$work/root" /bootstrap --probe "$4" 2>&1) || status=$?
    if ((status == $1)) && [[ $output == *"$2"* ]]; then
        echo "ok: $4 with $3: $2"
    else
        echo "not ok: $4 with $3: exit $status, expected $1 and \"$2\":"
        echo "$output"
        failures=1
    fi
}
probe 0 "status 200" /ca.crt "https://localhost:$port/"
probe 1 "curl error 60" /other-ca.crt "https://localhost:$port/"
probe 1 "curl error 60" /ca.crt "https://concerts.example:$port/"
probe 1 "curl error 77" /missing.crt "https://localhost:$port/"
probe 1 "AWS_CA_BUNDLE" "" "https://localhost:$port/"
exit "$failures"
