#!/usr/bin/env bash
# install-packages.sh PACKAGE...: installs packages; prints nothing, and contacts no server, if all are installed.
set -euo pipefail

missing=()
for package in "$@"; do
    status=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [[ $status == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
    if ! command -v sudo >/dev/null || { ! sudo -n true 2>/dev/null && [[ ! -t 0 ]]; }; then
        echo "error: installing ${missing[*]} requires root; run: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    as_root=(sudo)
fi

install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
}

echo "installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# Package lists are updated only if they are missing or outdated.
if ! install >"$log" 2>&1 && ! { "${as_root[@]}" apt-get update --quiet && install; } >"$log" 2>&1; then
    cat "$log" >&2
    echo "error: could not install ${missing[*]}; see apt's output above" >&2
    exit 1
fi
