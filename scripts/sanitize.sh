#!/usr/bin/env bash
# Runs the unit tests under AddressSanitizer and under ThreadSanitizer, or one of them: scripts/sanitize.sh [address|thread]
# Any report is a failure.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/install-test-dependencies.sh

# libcurl, OpenSSL and zlib are from the distribution and not instrumented.
# Objects that are alive when the tests end, such as the runtime's caches, are not leaks.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0
units='^(JSONTests|ProcessorTests|TelemetryTests|LambdaRuntimeTests|RuntimeServerTests|PollerTests|ClientsTests|TransportTests)\.'
[[ $# -gt 0 ]] || set -- address thread
for sanitizer; do
    echo "== $sanitizer"
    options=(--sanitize "$sanitizer" --scratch-path ".build-$sanitizer" -Xswiftc -use-ld=lld)
    swift build --build-tests "${options[@]}"
    log=.build-$sanitizer/report.txt
    if ! swift test --skip-build --disable-swift-testing "${options[@]}" --filter "$units" >"$log" 2>&1; then
        tail -n 40 "$log"
        echo "error: the tests fail under the $sanitizer sanitizer; see $log" >&2
        exit 1
    fi
    if grep --extended-regexp 'WARNING: ThreadSanitizer|ERROR: AddressSanitizer' "$log"; then
        echo "error: the $sanitizer sanitizer has reported an error; see $log" >&2
        exit 1
    fi
    grep --extended-regexp '^.*Executed [0-9]+ tests' "$log" | tail -n 1
done
