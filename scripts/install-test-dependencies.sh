#!/usr/bin/env bash
# Installs what the tests need beside a build. Says nothing, and asks no server, when all of it is there.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-build-dependencies.sh
scripts/install-emulator.sh
