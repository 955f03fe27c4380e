#!/usr/bin/env bash
# Installs PostgreSQL, and psycopg under .build-postgresql/, for the tests that write to a warehouse.
# Says nothing, and asks no server, when all of it is there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
requirements=$root/scripts/requirements-postgresql.txt
venv=$root/.build-postgresql

fail() {
    echo "error: install-postgresql.sh: $*" >&2
    exit 1
}

is_installed() {
    cmp --silent "$requirements" "$venv/installed.txt" &&
        "$venv/bin/python" - <<'PYTHON' 2>/dev/null
import sys
from importlib.util import find_spec
sys.exit(not all(find_spec(name) for name in ("psycopg", "psycopg_binary")))
PYTHON
}

install() {
    # Debian and Ubuntu keep ensurepip, which a new environment needs, in a package of its own.
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        [[ $EUID -eq 0 ]] || fail "python3 with venv is needed: apt-get install python3-venv"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    fi
    python3 -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
    "$venv/bin/python" -m pip check >/dev/null || fail "scripts/requirements-postgresql.txt has pins that do not fit together"
    cp "$requirements" "$venv/installed.txt"
}

"$root/scripts/install-packages.sh" postgresql >&2
# Tests may start this script several times at once; one of them installs and the others wait.
mkdir -p "$venv"
(
    flock 9
    is_installed || install >&2
) 9<"$venv"
is_installed || fail "psycopg could not be installed; see above"
