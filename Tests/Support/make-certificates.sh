#!/usr/bin/env bash
# make-certificates.sh DIR: creates two private authorities, and certificates of the first one for localhost and elsewhere.
set -euo pipefail
cd "${1:?usage: make-certificates.sh DIR}"

for authority in ca other-ca; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=test $authority" \
        -addext basicConstraints=critical,CA:TRUE -keyout $authority.key -out $authority.crt 2>/dev/null
done
sign() { # NAME SUBJECT-ALTERNATIVE-NAMES
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
        -keyout "$1.key" -out "$1.csr" 2>/dev/null
    openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 \
        -extfile <(echo "subjectAltName=$2") -out "$1.crt" 2>/dev/null
}
sign localhost DNS:localhost,IP:127.0.0.1,DNS:named.example,DNS:listed.example
sign elsewhere DNS:elsewhere.example
