#!/usr/bin/env bash
# Installs moto, boto3 and the AWS command line, which the tests run and check against, under .build-moto/.
# Prints nothing, and contacts no server, when all of it is there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source "$root/scripts/python-environment.sh"

check() { has_modules "$root/.build-moto" awscli boto3 flask moto; }
install_environment "$root/.build-moto" "$root/scripts/requirements-moto.txt" check
