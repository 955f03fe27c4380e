#!/usr/bin/env python3
"""Builds a release for this machine's architecture in dist/release from the output of `make package` and `make build`.

concert-data-processor-VERSION-ARCH.zip   the function's deployment package
template-VERSION-ARCH.yaml                the stack, with the zip file in the same folder as the function's code
concertctl-VERSION-linux-ARCH.tar.gz      the command line tool, with licence and notices
sbom-ARCH.spdx.json                       the parts linked into the function, with versions and licences (SPDX 2.3)
THIRD-PARTY-NOTICES-ARCH                  the full licences of those parts
SHA256SUMS-ARCH                           the checksums of all of the above

It fails unless the changelog's first heading is the version of the programs with a date; --snapshot makes the date optional.
"""
import argparse
import datetime
import gzip
import hashlib
import io
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Debian package, name of the part, SPDX licence, and the linked files.
PARTS = [
    ("libcurl4-openssl-dev", "curl", "curl", "HTTP client, built by build/lean-curl.sh"),
    ("libc-ares-dev", "c-ares", "MIT", "name resolution"),
    ("libssl-dev", "openssl", "Apache-2.0", "TLS and digests"),
    ("zlib1g-dev", "zlib", "Zlib", "gzip"),
    ("libc6-dev", "glibc", "LGPL-2.1-or-later", "C library"),
    ("libstdc++", "gcc", "GPL-3.0-or-later WITH GCC-exception-3.1", "C++ library, beneath Swift's"),
]


def fail(message):
    sys.exit(f"error: {message}")


def output(*command):
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if run.returncode:
        fail(f"{' '.join(command)} ended with status {run.returncode}")
    return run.stdout.strip()


def read(*path):
    with open(os.path.join(*path), errors="replace") as file:
        return file.read()


def checked_version(is_snapshot):
    version = re.search(r'current = "([^"]+)"', read(root, "Sources/Telemetry/Version.swift")).group(1)
    heading = re.search(r"^## (\S+) \(([^)]+)\)$", read(root, "CHANGELOG.md"), re.MULTILINE)
    if not heading or heading.group(1) != version:
        fail(f"CHANGELOG.md's first heading is not \"## {version} (DATE)\", the version in Sources/Telemetry/Version.swift")
    if not is_snapshot and not re.fullmatch(r"\d{4}-\d\d-\d\d", heading.group(2)):
        fail(f"CHANGELOG.md has \"{heading.group(2)}\" instead of the date of version {version}; use --snapshot to ignore it")
    found = output(os.path.join(root, "dist/concertctl"), "--version")
    if version not in found:
        fail(f"dist/concertctl has version {found}; expected {version}: run make build again")
    return version


def parts():
    """Returns the name, version, licence, comment and licence text of each part."""
    found = []
    for package, name, licence, comment in PARTS:
        if package == "libstdc++":
            major = output("gcc", "-dumpversion").split(".")[0]
            package = f"libstdc++-{major}-dev"
        number = output("dpkg-query", "--show", "--showformat=${source:Version}", package)
        found.append((name, number, licence, comment, read("/usr/share/doc", package, "copyright")))
    swift = os.path.dirname(os.path.dirname(os.path.realpath(shutil.which("swift"))))
    number = re.search(r"Swift version (\S+)", output("swift", "--version")).group(1)
    text = read(swift, "share/swift/LICENSE.txt")
    licence = "Apache-2.0 WITH Swift-exception"
    return found + [("swift", number, licence, "the language's runtime, concurrency and dispatch", text)]


def sbom(version, architecture, parts, archive):
    def package(name, number, licence, comment, **more):
        return {"SPDXID": f"SPDXRef-{name}", "name": name, "versionInfo": number, "licenseDeclared": licence,
                "licenseConcluded": "NOASSERTION", "downloadLocation": "NOASSERTION", "filesAnalyzed": False,
                "copyrightText": "NOASSERTION", "comment": comment, **more}

    this = package("concert-data-processor", version, "Apache-2.0", f"the function for {architecture}", checksums=[
        {"algorithm": "SHA256", "checksumValue": digest(archive)}])
    # The time of the commit, so that releases are reproducible.
    time = int(output("git", "-C", root, "log", "-1", "--format=%ct"))
    created = datetime.datetime.fromtimestamp(time, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"concert-data-processor-{version}-{architecture}",
        "documentNamespace": f"urn:concert-data-processor:{version}:{architecture}:{digest(archive)}",
        "creationInfo": {"created": created, "creators": ["Tool: scripts/release.py"]},
        "packages": [this, *(package(*part[:4]) for part in parts)],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES",
             "relatedSpdxElement": "SPDXRef-concert-data-processor"},
            *({"spdxElementId": "SPDXRef-concert-data-processor", "relationshipType": "STATIC_LINK",
               "relatedSpdxElement": f"SPDXRef-{part[0]}"} for part in parts)],
    }


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def write_archive(path, files):
    """Writes a reproducible archive: sorted names, without times and owners."""
    with open(path, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as zipped:
        with tarfile.open(fileobj=zipped, mode="w") as archive:
            for name, source, mode in files:
                with open(source, "rb") as file:
                    data = file.read()
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(data), mode
                archive.addfile(entry, io.BytesIO(data))


def write_template(path, archive, architecture):
    """Writes a template that deploys `archive` without a build."""
    with open(os.path.join(root, "template.yaml")) as file:
        text = file.read()
    architecture = "arm64" if architecture == "aarch64" else architecture
    for old, new, count in [
        ("CodeUri: build/function\n", f"CodeUri: {archive}\n", 2),
        ("    # sam build makes it with build/function/Makefile, run in this folder.\n", "", 1),
        ("    Metadata: {BuildMethod: makefile, WorkingDirectory: .}\n", "", 2),
        ("    Default: x86_64\n", f"    Default: {architecture}\n", 1),
    ]:
        if text.count(old) != count:
            sys.exit(f"release.py: template.yaml has {text.count(old)} of {old.strip()!r}; expected {count}")
        text = text.replace(old, new)
    with open(path, "w") as file:
        file.write(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snapshot", action="store_true", help="of a version that has no date yet")
    number = checked_version(parser.parse_args().snapshot)
    architecture = platform.machine()
    folder = os.path.join(root, "dist", "release")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)

    archive = os.path.join(folder, f"concert-data-processor-{number}-{architecture}.zip")
    shutil.copyfile(os.path.join(root, "dist/concert-data-processor.zip"), archive)
    stack = os.path.join(folder, f"template-{number}-{architecture}.yaml")
    write_template(stack, os.path.basename(archive), architecture)
    linked = parts()
    notices = os.path.join(folder, f"THIRD-PARTY-NOTICES-{architecture}")
    with open(notices, "w") as file:
        for name, part, licence, comment, text in linked:
            file.write(f"{name} {part}: {comment}\n{licence}\n\n{text.rstrip()}\n\n{'=' * 80}\n\n")
    bill = os.path.join(folder, f"sbom-{architecture}.spdx.json")
    with open(bill, "w") as file:
        json.dump(sbom(number, architecture, linked, archive), file, indent=2)
        file.write("\n")
    command = os.path.join(folder, f"concertctl-{number}-linux-{architecture}.tar.gz")
    write_archive(command, [
        ("concertctl", os.path.join(root, "dist/concertctl"), 0o755), ("LICENSE", os.path.join(root, "LICENSE"), 0o644),
        ("THIRD-PARTY-NOTICES", notices, 0o644)])
    files = [archive, stack, command, bill, notices]
    with open(os.path.join(folder, f"SHA256SUMS-{architecture}"), "w") as file:
        for path in files:
            file.write(f"{digest(path)}  {os.path.basename(path)}\n")
    for path in files:
        print(f"{os.path.relpath(path, root)}: {os.path.getsize(path)} bytes")


main()
