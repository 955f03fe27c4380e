#!/usr/bin/env bash
# Installs what the tests need beside a build. Says nothing, and asks no server, when all of it is there.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-build-dependencies.sh
# The shells that completion is for, a real cache, and a browser for the replay's page.
scripts/install-packages.sh zsh fish redis-server redis-tools chromium-headless-shell
scripts/install-emulator.sh
scripts/install-linter.sh
scripts/install-moto.sh
scripts/install-postgresql.sh
scripts/install-redis.sh
