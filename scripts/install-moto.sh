#!/usr/bin/env bash
# Installs moto, boto3 and the AWS CLI for the tests under .build-moto/.
# Prints nothing, and contacts no server, if everything is installed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/python-environment.sh"

check() { has_modules "$root/.build-moto" awscli boto3 flask moto; }
install_environment "$root/.build-moto" "$root/scripts/requirements-moto.txt" check
