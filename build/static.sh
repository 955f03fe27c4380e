#!/usr/bin/env bash
# static.sh PRODUCT...: builds static ELF files without external dependencies for this machine's architecture. Both
# products share one build of their modules, and builds are reproducible.
#
#   bootstrap    dist/bootstrap, and dist/concert-data-processor.zip, the deployment package for Lambda
#   concertctl   dist/concertctl
set -euo pipefail

usage=$(sed -n '2,6s/^# \{0,1\}//p' "$0")
if [[ ${1-} == --help ]]; then
    echo "$usage"
    exit 0
fi
for product in "${@:-}"; do
    if [[ $product != bootstrap && $product != concertctl ]]; then
        echo "error: expected bootstrap or concertctl; found: ${product:-nothing}; see build/static.sh --help" >&2
        exit 2
    fi
done

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
cache=$root/.build-deps
scratch=$root/.build-static

step="start"
trap 'echo "error: build/static.sh could not $step; see above" >&2' ERR
fail() {
    trap - ERR
    echo "error: $*" >&2
    exit 1
}

command -v swift >/dev/null || fail "no swift in PATH; install the Swift 6.3 toolchain from swift.org"
step="install the build dependencies"
scripts/install-build-dependencies.sh
mkdir -p "$scratch" dist
# One build at a time: a second one would wait in SwiftPM, and then link with the other's options.
exec 9>"$scratch/lock"
flock 9
step="build libcurl; delete $cache and try again"
curl=$(build/lean-curl.sh "$cache")

# Absolute paths would make the output depend on the folder, so the compilers replace it; incremental code generation is
# disabled, because its hash in each object file always covers the path. Each function has its own section, so that the
# linker can remove or reorder it. Metadata accessors by mangled name are smaller, but cause a quarter of the instructions
# of a cold start, so they are disabled.
compiler=(
    -static-executable -use-ld=lld -file-prefix-map "$root=/source"
    -Xfrontend -disable-incremental-llvm-codegen -Xfrontend -function-sections
    -Xfrontend -disable-concrete-type-metadata-mangled-name-accessors
)
# The linker finds the minimal libcurl first because of the order of folders; libcurl's dependencies are listed.
linker=("-L$curl/lib" -lcares -lssl -lcrypto -lz --gc-sections --icf=safe --build-id=none)
# The function alone has no parts that it does not use (build/lean.ld). The standard library's names of all Unicode
# characters are replaced by a stub. The order of symbols is from build/startup-order.py; symbols that no longer exist
# are ignored.
bootstrap_linker=(
    --no-eh-frame-hdr "$root/build/lean.ld"
    --wrap=_swift_stdlib_getScalarName --defsym=__wrap__swift_stdlib_getScalarName=abort
    "--symbol-ordering-file=$root/build/startup.order" --no-warn-symbol-ordering "-Map=$scratch/bootstrap.map"
)

# build PRODUCT LINKER-OPTION...: writes dist/PRODUCT.
build() {
    local product=$1 options=("${linker[@]}" "${@:2}") binary headers
    step="build $product"
    echo "building $product ($(uname -m))"
    # SwiftPM does not track the linker's other input files, so deleting the binary forces a link.
    rm -f "$scratch"/*/release/"$product"
    swift build --configuration release --product "$product" --scratch-path "$scratch" --static-swift-stdlib -debug-info-format none \
        "${compiler[@]/#/-Xswiftc=}" -Xcc "-ffile-prefix-map=$root=/source" -Xcc "-I$curl/include" "${options[@]/#/-Xlinker=}"

    step="write dist/$product"
    binary=$(swift build --configuration release --scratch-path "$scratch" --show-bin-path)/$product
    strip --strip-all --remove-section=.comment --remove-section=.note.GNU-stack -o "dist/$product.new" "$binary"
    chmod 0755 "dist/$product.new"
    mv "dist/$product.new" "dist/$product"

    step="check that dist/$product is static"
    headers=$(readelf --program-headers --dynamic --wide "dist/$product")
    if grep -E 'INTERP|\(NEEDED\)' <<<"$headers" >&2; then
        fail "dist/$product is not static: it depends on the libraries above"
    fi
    if grep --quiet --binary-files=text --fixed-strings "$root/" "dist/$product"; then
        fail "dist/$product contains the path $root, so a build in another folder would differ"
    fi
    echo "dist/$product: $(stat --format=%s "dist/$product") bytes"
}

write_zip() {
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
    echo "dist/concert-data-processor.zip: $(stat --format=%s dist/concert-data-processor.zip) bytes"
}

for product in "$@"; do
    case $product in
        bootstrap)
            build bootstrap "${bootstrap_linker[@]}"
            write_zip
            ;;
        concertctl) build concertctl ;;
    esac
done
