#!/usr/bin/env bash
# Builds and runs all tests. A compiler warning fails, too, and so does a test that was skipped.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

swift build --build-tests 2>&1 | tee "$log"
if grep --quiet 'warning:' "$log"; then
    echo "error: the compiler warns; see above" >&2
    exit 1
fi

swift test --skip-build --disable-swift-testing 2>&1 | tee "$log"
if grep --extended-regexp 'with [0-9]+ tests? skipped' "$log"; then
    echo "error: a test was skipped, so nobody knows whether it passes" >&2
    exit 1
fi

executed=$(sed -nE 's/.*Executed ([0-9]+) tests?, with 0 failures.*/\1/p' "$log" | tail -n 1)
[[ -n $executed ]] || { echo "error: no test was executed" >&2; exit 1; }

Tests/Support/chroot-probe.sh dist/bootstrap
SECONDS_EACH=4 scripts/fuzz.sh
echo "$executed passed, 0 failed"
