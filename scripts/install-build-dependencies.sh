#!/usr/bin/env bash
# Installs the dependencies of a build other than a Swift toolchain.
# Prints nothing, and contacts no server, if everything is installed.
set -euo pipefail

packages=(
    dpkg-dev gcc g++ make binutils          # builds curl from its source package; g++ brings the static libstdc++
    libcurl4-openssl-dev libssl-dev zlib1g-dev libc-ares-dev
    python3 advancecomp                     # write the zip
    openssl iproute2                        # the tests' certificates and network name spaces
)
exec "$(dirname "${BASH_SOURCE[0]}")/install-packages.sh" "${packages[@]}"
