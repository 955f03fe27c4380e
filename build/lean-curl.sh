#!/usr/bin/env bash
# lean-curl.sh CACHE: builds a static libcurl with only HTTP and HTTPS from the distribution's source package, unless
# CACHE contains it already, and prints the folder with its include/ and lib/.
#
# The distribution's libcurl.a cannot be linked into a static binary: it requires LDAP, Kerberos and SSH archives
# that are not packaged. c-ares resolves names instead of glibc, which in a static binary would load the modules of
# /etc/nsswitch.conf from the machine, even if they were built for another glibc.
set -euo pipefail

cache=${1:?usage: lean-curl.sh CACHE}
fail() {
    echo "error: $*" >&2
    exit 1
}

options=(
    --disable-shared --enable-static --with-openssl --with-zlib --enable-ares
    --without-ca-bundle --without-ca-path --without-ca-fallback
    --without-brotli --without-zstd --without-nghttp2 --without-libidn2 --without-libpsl --without-librtmp
    --without-libssh2 --without-libgsasl --without-gssapi
    --disable-{ftp,file,ldap,ldaps,rtsp,dict,telnet,tftp,pop3,imap,smb,smtp,gopher,mqtt,websockets}
    --disable-{ntlm,ntlm-wb,tls-srp,doh,alt-svc,hsts,netrc,cookies,mime,dateparse,unix-sockets}
    --disable-{manual,libcurl-option,progress-meter,get-easy-options,headers-api,dependency-tracking}
    --disable-openssl-auto-load-config
)
flags="-O2 -ffunction-sections -fdata-sections"

version_of() { dpkg-query --show --showformat='${source:Version}' "$1"; }
version=$(version_of libcurl4-openssl-dev)
key=$({
    for package in libcurl4-openssl-dev libssl-dev zlib1g-dev libc-ares-dev gcc; do version_of "$package"; echo; done
    printf '%s\n' "${options[@]}" "$flags"
} | sha256sum | cut -c 1-16)
prefix=$cache/curl-${version//[^A-Za-z0-9.]/-}-$key
if [[ -d $prefix ]]; then
    echo "$prefix"
    exit 0
fi

# The cache entry is built in a temporary folder and renamed, so that an interrupted build leaves no partial entry.
mkdir -p "$cache"
work=$(mktemp -d "$cache/building.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$work/log
run() {
    "$@" >>"$log" 2>&1 || {
        tail -n 40 "$log" >&2
        fail "$* failed; its last words are above"
    }
}

# Separate package lists are used for sources, so that the machine's apt configuration does not change.
sources=$work/sources.list
keyring=$(ls /usr/share/keyrings/{debian,ubuntu}-archive-keyring.{pgp,gpg} 2>/dev/null | head -n 1 || true)
archives() { # OPTION...: the distribution's archives that apt can identify
    apt-get "$@" indextargets --format '$(ORIGIN)|$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sed -nE 's/^(Debian|Ubuntu|\$\(ORIGIN\))\|(.* main)$/\2/p' | sort --unique |
        sed "s|^|deb-src ${keyring:+[signed-by=$keyring] }|"
}
archives >"$sources"
# Before a machine's first update, apt knows the archives only from its configuration.
[[ -s $sources ]] || archives --no-release-info >"$sources"
[[ -s $sources ]] || fail "apt knows no Debian or Ubuntu archive; see the files in /etc/apt/sources.list.d"
mkdir -p "$work"/{lists,cache/archives}/partial "$work/source"
apt_source=(
    apt-get --quiet -o Dir::Etc::SourceList="$sources" -o Dir::Etc::SourceParts=-
    -o Dir::State::Lists="$work/lists" -o Dir::Cache="$work/cache" -o APT::Sandbox::User=root
)

echo "building libcurl $version with only HTTP and HTTPS (once; about a minute)" >&2
run "${apt_source[@]}" update
cd "$work/source"
if ! "${apt_source[@]}" source "curl=$version" >>"$log" 2>&1; then
    echo "note: the archive no longer has curl $version; taking its newest" >&2
    run "${apt_source[@]}" source curl
fi
cd curl-*/
run ./configure --quiet --prefix=/curl "${options[@]}" CFLAGS="$flags"
run make -C lib -j "$(nproc)"
run make -C lib install-exec DESTDIR="$work/installed"
run make -C include install DESTDIR="$work/installed"

# A concurrent build may have finished first, with the same result.
mv -T "$work/installed/curl" "$prefix" 2>/dev/null || [[ -d $prefix ]]
echo "$prefix"
