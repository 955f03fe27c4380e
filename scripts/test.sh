#!/usr/bin/env bash
# Builds and runs all tests, or with "quick" those that start no server and require only a build.
# Compiler warnings and skipped tests are failures; the last lines list all failures.
#
#   scripts/test.sh [quick]
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
logs=.build/jobs
declare -A jobs=()
trap 'for job in "${jobs[@]}"; do kill -- "-$job" 2>/dev/null || true; done' EXIT

# start NAME COMMAND...: runs a command in the background, in its own process group.
start() {
    mkdir -p "$logs"
    echo "$1: started, its output goes to $logs/$1.log"
    set -m
    "${@:2}" >"$logs/$1.log" 2>&1 </dev/null &
    set +m
    jobs[$1]=$!
}

# finish NAME [LINES]: waits for it and prints the last lines of its output, or all of it if it failed.
finish() {
    local status=0
    wait "${jobs[$1]}" || status=$?
    unset "jobs[$1]"
    if ((status != 0)); then
        cat "$logs/$1.log" >&2
        echo "error: $1 ended with status $status; see above" >&2
        exit 1
    fi
    echo "$1: done"
    tail -n "${2:-0}" "$logs/$1.log"
}

build() {
    mkdir -p "$logs"
    swift build --build-tests 2>&1 | tee "$logs/build.log"
    if grep --quiet 'warning:' "$logs/build.log"; then
        echo "error: the compiler has printed warnings; see above" >&2
        exit 1
    fi
}

# A build uses more than one core only part of the time, and most tests wait, so they run concurrently.
scripts/install-build-dependencies.sh
case ${1-} in
    "")
        start package make --no-print-directory package
        start dependencies scripts/install-test-dependencies.sh
        build
        finish dependencies
        finish package 2
        start fuzz-targets nice scripts/fuzz.sh --build-only
        scripts/run-tests.py
        Tests/Support/chroot-probe.sh dist/bootstrap
        build/startup-order.py "$(swift build --show-bin-path)/concertctl" --check
        finish fuzz-targets
        SECONDS_EACH=4 scripts/fuzz.sh
        ;;
    quick)
        build
        scripts/run-tests.py quick
        ;;
    *)
        echo "error: unknown argument \"$1\"; usage: scripts/test.sh [quick]" >&2
        exit 2
        ;;
esac
echo "$(cat .build/tests/*.log | grep --count "^Test Case '.*' passed") passed, 0 failed"
