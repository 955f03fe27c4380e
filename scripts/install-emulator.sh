#!/usr/bin/env bash
# Installs AWS's Runtime API emulator as .build-emulator/aws-lambda-rie and prints its path. It is part of the SAM CLI's
# package, of which nothing else is kept. If it is installed, no server is contacted.
set -euo pipefail

version=1.170.0
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/.build-emulator
emulator=$folder/aws-lambda-rie
source "$root/scripts/python-environment.sh"

fail() {
    echo "error: install-emulator.sh: $*" >&2
    exit 1
}

case $(uname -m) in
    x86_64) architecture=x86_64 ;;
    aarch64 | arm64) architecture=arm64 ;;
    *) fail "no emulator is available for $(uname -m)" ;;
esac

is_installed() { [[ -x $emulator && $(cat "$folder/version" 2>/dev/null) == "$version" ]]; }

install() {
    require_venv
    echo "installing the Runtime API emulator under ${folder#"$root"/}"
    local scratch
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' RETURN
    python3 -m venv "$scratch/venv"
    "$scratch/venv/bin/python" -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --dest "$scratch" "aws-sam-cli==$version"
    python3 - "$scratch"/*.whl "samcli/local/rapid/aws-lambda-rie-$architecture" "$scratch/emulator" <<'PYTHON'
import sys, zipfile

wheel, member, destination = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive, open(destination, "wb") as file:
    file.write(archive.read(member))
PYTHON
    chmod 0755 "$scratch/emulator"
    mv "$scratch/emulator" "$emulator"
    echo "$version" >"$folder/version"
}

# Tests may run this script concurrently; one installs and the others wait.
mkdir -p "$folder"
(
    flock 9
    is_installed || install >&2
) 9<"$folder"
is_installed || fail "the emulator could not be installed; see above"
echo "$emulator"
