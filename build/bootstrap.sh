#!/usr/bin/env bash
# Builds the function for this machine's architecture: dist/bootstrap, a static ELF file without external dependencies,
# and dist/concert-data-processor.zip, the deployment package for Lambda. Builds are reproducible.
set -euo pipefail

if [[ ${1-} == --help ]]; then
    sed -n '2,3s/^# //p' "$0"
    exit 0
elif (($#)); then
    echo "error: build/bootstrap.sh takes no arguments but --help; found: $*" >&2
    exit 2
fi

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
cache=$root/.build-deps
scratch=$root/.build-static

step="start"
trap 'echo "error: build/bootstrap.sh could not $step; see above" >&2' ERR
fail() {
    trap - ERR
    echo "error: $*" >&2
    exit 1
}

command -v swift >/dev/null || fail "no swift in PATH; install the Swift 6.3 toolchain from swift.org"
step="install the build dependencies"
scripts/install-build-dependencies.sh
step="build libcurl; delete $cache and try again"
curl=$(build/lean-curl.sh "$cache")

step="build the function"
echo "building bootstrap ($(uname -m))"
# Absolute paths would make the output depend on the folder, so the compilers replace it; incremental code generation is
# disabled, because its hash in each object file always covers the path. Each function has its own section, so that the
# linker can remove or reorder it. Metadata accessors by mangled name are smaller, but cause a quarter of the instructions
# of a cold start, so they are disabled.
compiler=(
    -static-executable -use-ld=lld -file-prefix-map "$root=/source"
    -Xfrontend -disable-incremental-llvm-codegen -Xfrontend -function-sections
    -Xfrontend -disable-concrete-type-metadata-mangled-name-accessors
)
# The linker finds the minimal libcurl first because of the order of folders; libcurl's dependencies are listed. The
# standard library's names of all Unicode characters are not used, so they are replaced by a stub. The order of symbols is
# from build/startup-order.py; symbols that no longer exist are ignored.
linker=(
    "-L$curl/lib" -lcares -lssl -lcrypto -lz
    --gc-sections --icf=safe --build-id=none --no-eh-frame-hdr "$root/build/lean.ld"
    --wrap=_swift_stdlib_getScalarName --defsym=__wrap__swift_stdlib_getScalarName=abort
    "--symbol-ordering-file=$root/build/startup.order" --no-warn-symbol-ordering "-Map=$scratch/bootstrap.map"
)
mkdir -p "$scratch"
# SwiftPM does not track the linker's other input files, so deleting the binary forces a link.
rm -f "$scratch"/*/release/bootstrap
swift build --configuration release --product bootstrap --scratch-path "$scratch" --static-swift-stdlib \
    "${compiler[@]/#/-Xswiftc=}" -Xcc "-ffile-prefix-map=$root=/source" -Xcc "-I$curl/include" "${linker[@]/#/-Xlinker=}"

step="write dist/bootstrap"
mkdir -p dist
binary=$(swift build --configuration release --scratch-path "$scratch" --show-bin-path)/bootstrap
strip --strip-all --remove-section=.comment --remove-section=.note.GNU-stack -o dist/bootstrap.new "$binary"
chmod 0755 dist/bootstrap.new
mv dist/bootstrap.new dist/bootstrap

step="check that dist/bootstrap is static"
headers=$(readelf --program-headers --dynamic --wide dist/bootstrap)
if grep -E 'INTERP|\(NEEDED\)' <<<"$headers" >&2; then
    fail "dist/bootstrap is not static: it depends on the libraries above"
fi
if grep --quiet --binary-files=text --fixed-strings "$root/" dist/bootstrap; then
    fail "dist/bootstrap contains the path $root, so a build in another folder would differ"
fi

step="write dist/concert-data-processor.zip"
python3 - dist/bootstrap dist/concert-data-processor.zip <<'PYTHON'
import sys, zipfile

binary, archive = sys.argv[1:]
entry = zipfile.ZipInfo("bootstrap", (1980, 1, 1, 0, 0, 0))  # the earliest timestamp of the zip format
entry.create_system = 3  # Unix, so that the mode applies
entry.external_attr = 0o100755 << 16
entry.compress_type = zipfile.ZIP_DEFLATED
with open(binary, "rb") as file, zipfile.ZipFile(archive + ".new", "w") as output:
    output.writestr(entry, file.read(), compresslevel=9)
PYTHON

# 4 percent smaller than with zlib, in a second.
advzip --recompress --shrink-normal --quiet dist/concert-data-processor.zip.new
mv dist/concert-data-processor.zip.new dist/concert-data-processor.zip

for file in dist/bootstrap dist/concert-data-processor.zip; do
    echo "$file: $(stat --format=%s "$file") bytes"
done
