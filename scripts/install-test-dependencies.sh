#!/usr/bin/env bash
# Installs the dependencies of the tests other than a build.
# Prints nothing, and contacts no server, if everything is installed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-build-dependencies.sh
# The shells with completion, a real cache, a browser for the replay's page, and the trace of a start.
scripts/install-packages.sh zsh fish redis-server redis-tools chromium-headless-shell valgrind
scripts/install-emulator.sh
scripts/install-linter.sh
scripts/install-moto.sh
scripts/install-postgresql.sh
scripts/install-redis.sh
