#!/usr/bin/env bash
# Fuzzes the parsers with libFuzzer under AddressSanitizer: each target for SECONDS_EACH (60), or the one named by TARGET.
# New corpus inputs are stored in .build-fuzz/corpora, and inputs that violate a requirement in .build-fuzz/findings.
#
#   scripts/fuzz.sh [--build-only]
#
# FUZZ_JOBS targets run at the same time, by default one for each core.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${SECONDS_EACH:-60}
corpora=$PWD/.build-fuzz/corpora
findings=$PWD/.build-fuzz/findings

scripts/install-build-dependencies.sh

options=(--configuration release --scratch-path .build-fuzz --product fuzz -Xswiftc -enable-testing
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld -Xswiftc -gline-tables-only)
FUZZ=1 swift build "${options[@]}"
[[ ${1-} != --build-only ]] || exit 0
binary=$(FUZZ=1 swift build "${options[@]}" --show-bin-path)/fuzz

if [[ -n ${TARGET-} ]] && ! "$binary" | grep --quiet --line-regexp --fixed-strings -- "$TARGET"; then
    echo "error: unknown fuzz target $TARGET; expected one of: $("$binary" | xargs)" >&2
    exit 2
fi
mkdir -p "$findings"
"$binary" seeds "$corpora"
# libFuzzer prints its own reports, and a core dump of the sanitizer's shadow memory would be terabytes.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0
ulimit -c 0

# Runs one target and prints a line about it; fails if an input violates a requirement.
fuzz() {
    local target=$1 log=.build-fuzz/$1.log
    mkdir -p "$corpora/$target" "Tests/Fuzz/Corpora/$target"
    if timeout --signal KILL $((seconds + 60)) "$binary" "$target" "-max_total_time=$seconds" -rss_limit_mb=4096 -timeout=20 \
        -print_final_stats=1 "-artifact_prefix=$findings/$target-" \
        "$corpora/$target" "Tests/Fuzz/Corpora/$target" >"$log" 2>&1 </dev/null
    then
        local executions coverage
        executions=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log")
        coverage=$(sed -nE 's/.*DONE +cov: ([0-9]+).*/\1/p' "$log")
        printf '%-10s %10s executions, %6s edges, 0 findings\n' "$target" "$executions" "$coverage"
    else
        echo "error: $target violates a requirement; see $log" >&2
        grep --text --extended-regexp 'Fatal error|ERROR|Test unit' "$log" | head -n 5 >&2 || true
        return 1
    fi
}
export -f fuzz
export seconds corpora findings binary

if ! xargs --max-args 1 --max-procs "${FUZZ_JOBS:-$(nproc)}" bash -c 'fuzz "$1"' bash <<<"${TARGET:-$("$binary")}"; then
    echo "error: findings are in $findings; run .build-fuzz/release/fuzz TARGET FILE" >&2
    exit 1
fi
