#!/usr/bin/env bash
# Lints a SAM template before and after its transformation; fails on any error or warning.
#
#   scripts/lint-template.sh [TEMPLATE [TRANSFORMED]]
#
# TEMPLATE is template.yaml by default. TRANSFORMED is an optional file for the transformed template.
# The first run installs scripts/requirements.txt under .build-python/; later runs work without a network.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.build-python

fail() {
    echo "lint-template.sh: $1" >&2
    exit "${2:-1}"
}

[[ $# -le 2 ]] || fail "usage: scripts/lint-template.sh [TEMPLATE [TRANSFORMED]]" 2
template=${1:-$root/template.yaml}
[[ -r $template ]] || fail "cannot read $template"

"$root/scripts/install-linter.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
transformed=${2:-$scratch/transformed.json}

"$venv/bin/python" "$root/scripts/transform-template.py" "$template" >"$transformed"

# Both are linted before the script fails, so that one run reports everything.
status=0
for file in "$template" "$transformed"; do
    # Run with python, because the script's first line becomes invalid when the checkout is moved.
    "$venv/bin/python" "$venv/bin/cfn-lint" \
        --non-zero-exit-code warning --format parseable --template "$file" || status=1
done
exit "$status"
