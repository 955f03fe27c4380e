#!/usr/bin/env bash
# Installs what the tests need beside a build. Says nothing, and asks no server, when all of it is there.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-build-dependencies.sh
# The shells that completion is for, and a real cache.
scripts/install-packages.sh zsh fish redis-server redis-tools
scripts/install-emulator.sh
scripts/install-moto.sh
scripts/install-postgresql.sh
