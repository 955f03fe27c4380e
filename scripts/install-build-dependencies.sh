#!/usr/bin/env bash
# Installs what a build needs beside a Swift toolchain. Says nothing, and asks no server, when all of it is there.
set -euo pipefail

packages=(
    dpkg-dev gcc g++ make binutils          # builds curl from its source package; g++ brings the static libstdc++
    libcurl4-openssl-dev libssl-dev zlib1g-dev libc-ares-dev
    python3 advancecomp                     # write the zip
    openssl iproute2                        # the tests' certificates and network name spaces
)
exec "$(dirname "${BASH_SOURCE[0]}")/install-packages.sh" "${packages[@]}"
