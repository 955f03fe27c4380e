#!/usr/bin/env bash
# Lints a SAM template, as it is written and as CloudFormation sees it; any error or warning fails.
#
#   scripts/lint-template.sh [TEMPLATE [TRANSFORMED]]
#
# TEMPLATE is template.yaml by default. TRANSFORMED is where the plain CloudFormation goes, should it be kept.
# The first run installs scripts/requirements.txt under .build-python/; after that no network is needed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.build-python

fail() {
    echo "lint-template.sh: $1" >&2
    exit "${2:-1}"
}

[[ $# -le 2 ]] || fail "usage: scripts/lint-template.sh [TEMPLATE [TRANSFORMED]]" 2
template=${1:-$root/template.yaml}
[[ -r $template ]] || fail "$template: cannot be read"

"$root/scripts/install-linter.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
transformed=${2:-$scratch/transformed.json}

"$venv/bin/python" "$root/scripts/transform-template.py" "$template" >"$transformed"

# Both are linted before the verdict, so that one run shows everything.
status=0
for file in "$template" "$transformed"; do
    # Through python, for the script's own first line breaks when the checkout is moved.
    "$venv/bin/python" "$venv/bin/cfn-lint" \
        --non-zero-exit-code warning --format parseable --template "$file" || status=1
done
exit "$status"
