#!/usr/bin/env bash
# Builds and runs all tests. Compiler warnings and skipped tests are failures; the last lines name what failed.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Prints the failed tests with their first errors, and how to run them alone.
report_failures() {
    local failed
    failed=$(sed -nE "s/^Test Case '([^']+)' failed.*/\1/p" "$log" | sort -u)
    echo
    if [[ -z $failed ]]; then
        echo "error: the tests ended without a failed test case; the last lines were:" >&2
        tail -n 15 "$log" >&2
        return
    fi
    echo "Failed tests:" >&2
    local name
    while read -r name; do
        echo "  $name" >&2
        grep -F "error: $name :" "$log" | head -n 3 | cut -c 1-300 | sed 's/^/    /' >&2 || true
    done <<<"$failed"
    local pattern
    pattern=$(sed 's/\./\//' <<<"$failed" | paste -sd '|')
    echo "Run them alone: swift test --disable-swift-testing --filter '($pattern)\$'" >&2
}

swift build --build-tests 2>&1 | tee "$log"
if grep --quiet 'warning:' "$log"; then
    echo "error: the compiler warns; see above" >&2
    exit 1
fi

if ! swift test --skip-build --disable-swift-testing 2>&1 | tee "$log"; then
    report_failures
    exit 1
fi
if grep --extended-regexp 'with [0-9]+ tests? skipped' "$log"; then
    echo "error: a test was skipped" >&2
    exit 1
fi

executed=$(sed -nE 's/.*Executed ([0-9]+) tests?, with 0 failures.*/\1/p' "$log" | tail -n 1)
[[ -n $executed ]] || { echo "error: no test was executed" >&2; exit 1; }

Tests/Support/chroot-probe.sh dist/bootstrap
SECONDS_EACH=4 scripts/fuzz.sh
echo "$executed passed, 0 failed"
