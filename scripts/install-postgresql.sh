#!/usr/bin/env bash
# Installs PostgreSQL, and psycopg under .build-postgresql/, for the tests that write to a warehouse.
# Prints nothing, and contacts no server, if everything is installed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/python-environment.sh"

check() { has_modules "$root/.build-postgresql" psycopg psycopg_binary; }
"$root/scripts/install-packages.sh" postgresql >&2
install_environment "$root/.build-postgresql" "$root/scripts/requirements-postgresql.txt" check
