#!/usr/bin/env bash
# Makes the certificates of the tests anew, with OpenSSL 3. They are good for a hundred years; the keys protect nothing.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

authority() { # name
  key "$work/$1.key"
  openssl req -x509 -new -key "$work/$1.key" -subj "/CN=$1" -days 36500 -out "$1.pem" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
}

leaf() { # name authority subjectAltName start end
  key "$1.key"
  openssl req -new -key "$1.key" -subj "/CN=$1" -out "$work/$1.csr"
  : >"$work/index"
  printf '[ca]\ndefault_ca=c\n[c]\ndatabase=%s\nrand_serial=yes\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=%s\n' \
    "$work/index" "$work" "$3" >"$work/config"
  openssl ca -batch -notext -config "$work/config" -extensions e -cert "$2.pem" -keyfile "$work/$2.key" \
    -startdate "$4" -enddate "$5" -in "$work/$1.csr" -out "$1.pem" 2>/dev/null
}

from=20200101000000Z
to=21200101000000Z
authority authority
authority stranger
leaf localhost authority DNS:localhost,IP:127.0.0.1 "$from" "$to"
leaf one authority DNS:one.example "$from" "$to"
leaf two authority 'DNS:*.two.example' "$from" "$to"
leaf expired authority DNS:localhost,IP:127.0.0.1 "$from" 20200102000000Z
leaf client authority DNS:client.example "$from" "$to"
leaf foreign stranger DNS:localhost,IP:127.0.0.1 "$from" "$to"
openssl pkcs8 -topk8 -in localhost.key -passout pass:secret -out localhost.encrypted.key
rm stranger.pem
