#!/usr/bin/env bash
# Installs the linter of the template under .build-python/.
# Prints nothing, and contacts no server, if everything is installed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/python-environment.sh"

check() { has_modules "$root/.build-python" boto3 cfnlint samtranslator; }
install_environment "$root/.build-python" "$root/scripts/requirements.txt" check
