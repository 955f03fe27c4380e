#!/usr/bin/env bash
# Fuzzes the parsers with libFuzzer under AddressSanitizer: each target for SECONDS (60), or the one named by TARGET.
# What it finds new grows in .build-fuzz/corpora; an input that breaks a rule is kept in .build-fuzz/findings.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${SECONDS_EACH:-60}
corpora=$PWD/.build-fuzz/corpora
findings=$PWD/.build-fuzz/findings

scripts/install-build-dependencies.sh

options=(--configuration release --scratch-path .build-fuzz --product fuzz -Xswiftc -enable-testing
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld -Xswiftc -gline-tables-only)
FUZZ=1 swift build "${options[@]}"
binary=$(FUZZ=1 swift build "${options[@]}" --show-bin-path)/fuzz

if [[ -n ${TARGET-} ]] && ! "$binary" | grep --quiet --line-regexp --fixed-strings -- "$TARGET"; then
    echo "error: no fuzz target is named $TARGET; there are: $("$binary" | xargs)" >&2
    exit 2
fi
mkdir -p "$findings"
"$binary" seeds "$corpora"
# libFuzzer reports itself, and a core of the sanitizer's shadow memory would be terabytes.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0
ulimit -c 0

failed=()
for target in ${TARGET:-$("$binary")}; do
    mkdir -p "$corpora/$target" "Tests/Fuzz/Corpora/$target"
    log=.build-fuzz/$target.log
    if timeout --signal KILL $((seconds + 60)) "$binary" "$target" "-max_total_time=$seconds" -rss_limit_mb=4096 -timeout=20 \
        -print_final_stats=1 "-artifact_prefix=$findings/$target-" \
        "$corpora/$target" "Tests/Fuzz/Corpora/$target" >"$log" 2>&1 </dev/null
    then
        executions=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$log")
        coverage=$(sed -nE 's/.*DONE +cov: ([0-9]+).*/\1/p' "$log")
        printf '%-8s %10s executions, %6s edges, 0 findings\n' "$target" "$executions" "$coverage"
    else
        failed+=("$target")
        echo "error: $target broke a rule; see $log" >&2
        grep --text --extended-regexp 'Fatal error|ERROR|Test unit' "$log" | head -n 5 >&2 || true
    fi
done
((${#failed[@]} == 0)) || { echo "error: findings are in $findings; run .build-fuzz/release/fuzz TARGET FILE" >&2; exit 1; }
