#!/usr/bin/env bash
# Builds the baselines and the decode benchmark, and compares them with dist/bootstrap. Arguments are passed to
# Benchmarks/bench.py. With --pipeline as the first one, measures the whole pipeline on local servers
# (Benchmarks/pipeline.py), with --sinks each sink against a plain client (Benchmarks/sinks.py).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ ${1-} == --pipeline ]]; then
    scripts/install-packages.sh redis-server >&2
    scripts/install-moto.sh >&2
    scripts/install-postgresql.sh >&2
    exec python3 Benchmarks/pipeline.py "${@:2}"
fi
build=.build-bench
mkdir -p "$build"
if [[ ${1-} == --sinks ]]; then
    scripts/install-packages.sh gcc redis-server >&2
    for program in stub plain; do gcc -O2 -Wall -Wextra -o "$build/$program" "Benchmarks/baselines/$program.c"; done
    exec python3 Benchmarks/sinks.py "${@:2}"
fi

scripts/install-build-dependencies.sh
if [[ ! -e /usr/include/simdjson.h ]]; then
    sudo=(); ((EUID == 0)) || sudo=(sudo)
    "${sudo[@]}" apt-get install --yes --no-install-recommends g++ gcc libsimdjson-dev python3-venv >&2
fi
if [[ ! -x $build/python/bin/python ]] || ! "$build/python/bin/python" -c 'import awslambdaric' 2>/dev/null; then
    python3 -m venv "$build/python"
    "$build/python/bin/pip" install --quiet 'awslambdaric==3.1.1' >&2
fi

options=(--configuration release --scratch-path "$build/swift" --product decode-benchmark -Xswiftc -enable-testing)
BENCH=1 swift build "${options[@]}" >&2
cp "$(BENCH=1 swift build "${options[@]}" --show-bin-path)/decode-benchmark" "$build/decode-benchmark"
gcc -O2 -Wall -Wextra -o "$build/stub" Benchmarks/baselines/stub.c
gcc -O2 -Wall -Wextra -o "$build/floor" Benchmarks/baselines/floor.c
g++ -O3 -march=haswell -o "$build/anchor" Benchmarks/baselines/anchor.cpp -lsimdjson
g++ -O3 -march=haswell -DDECODES -o "$build/floor-simdjson" -x c++ Benchmarks/baselines/floor.c -lsimdjson
exec python3 Benchmarks/bench.py "$@"
