#!/usr/bin/env bash
# Lints a SAM template, as it is written and as CloudFormation sees it; any error or warning fails.
#
#   scripts/lint-template.sh [TEMPLATE [TRANSFORMED]]
#
# TEMPLATE is template.yaml by default. TRANSFORMED is where the plain CloudFormation goes, should it be kept.
# The first run installs scripts/requirements.txt under .build-python/; after that no network is needed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
requirements=$root/scripts/requirements.txt
venv=$root/.build-python

fail() {
    echo "lint-template.sh: $1" >&2
    exit "${2:-1}"
}

is_installed() {
    cmp --silent "$requirements" "$venv/installed.txt" &&
        "$venv/bin/python" - <<'PYTHON' 2>/dev/null
import sys
from importlib.util import find_spec
sys.exit(not all(find_spec(name) for name in ("boto3", "cfnlint", "samtranslator")))
PYTHON
}

install() {
    # Debian and Ubuntu keep ensurepip, which a new environment needs, in a package of its own.
    if ! python3 -c 'import ensurepip' 2>/dev/null; then
        [[ $EUID -eq 0 ]] || fail "python3 with venv is needed: apt-get install python3-venv"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv
    fi
    echo "installing the template's linter under ${venv#"$root"/}" >&2
    python3 -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements"
    cp "$requirements" "$venv/installed.txt"
}

[[ $# -le 2 ]] || fail "usage: scripts/lint-template.sh [TEMPLATE [TRANSFORMED]]" 2
template=${1:-$root/template.yaml}
[[ -r $template ]] || fail "$template: cannot be read"

# Tests may start this script several times at once; one of them installs and the others wait.
mkdir -p "$venv"
(
    flock 9
    is_installed || install >&2
) 9<"$venv"

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
