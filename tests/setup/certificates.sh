#!/bin/bash
# Makes the certificates, keys and revocation lists that the TLS tests use, with the openssl program.
#
# usage: certificates.sh DIR
#
# DIR is filled once; a second call finds it complete and does nothing. Everything is made anew in
# each DIR; servers share one key of a kind, for keys take the time. NAME.crt and NAME.key belong together; NAME.chain.crt has the
# intermediate behind it. Names that begin with "server" are for servers, "client" for clients.
set -euo pipefail
[ $# = 1 ] || { echo "usage: certificates.sh DIR" >&2; exit 2; }
command -v openssl >/dev/null || { echo "certificates: the openssl program is missing" >&2; exit 1; }
mkdir -p "$1"
cd "$1"
exec 9>.lock
flock 9
[ -e .complete ] && exit 0
umask 077

log=$PWD/.log
o() { openssl "$@" >>"$log" 2>&1 || { echo "certificates: openssl $* failed:" >&2; tail -5 "$log" >&2; exit 1; }; }

cat >empty.cnf <<'EOF'
[req]
distinguished_name = dn
prompt = no
[dn]
EOF
export OPENSSL_CONF=$PWD/empty.cnf

key() { # NAME KIND
    case $1 in
    .*) ;;
    server*)
        [ -e ".server-$2.key" ] || key ".server-$2" "$2"
        cp ".server-$2.key" "$1.key"
        return
        ;;
    esac
    case $2 in
    rsa) o genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1.key" ;;
    rsa1024) o genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024 -out "$1.key" ;;
    rsa4096) o genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096 -out "$1.key" ;;
    rsapss) o genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out "$1.key" ;;
    p256) o genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" ;;
    p384) o genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$1.key" ;;
    p521) o genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521 -out "$1.key" ;;
    ed25519) o genpkey -algorithm ED25519 -out "$1.key" ;;
    esac
}

CA_EXTENSIONS=$'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash'

# root NAME KIND SUBJECT [EXTENSIONS] [REQ OPTIONS]
root() {
    key "$1" "$2"
    printf '%s\n' "[x]" "${4:-$CA_EXTENSIONS}" >"$1.ext"
    o req -new -key "$1.key" -subj "$3" -config empty.cnf -out "$1.csr"
    o x509 -req -in "$1.csr" -signkey "$1.key" -days 3650 -sha256 -extfile "$1.ext" -extensions x \
        "${@:5}" -out "$1.crt"
}

# issue NAME KIND SUBJECT ISSUER EXTENSIONS [X509 OPTIONS]; no extensions make version 1
serial=4096
issue() {
    local name=$1 kind=$2 subject=$3 issuer=$4 extensions=$5
    shift 5
    [ -e "$name.key" ] || key "$name" "$kind"
    serial=$((serial + 1))
    o req -new -key "$name.key" -subj "$subject" -config empty.cnf -out "$name.csr"
    local with=()
    if [ -n "$extensions" ]; then
        printf '%s\n' "[x]" "$extensions" >"$name.ext"
        with=(-extfile "$name.ext" -extensions x)
    fi
    local days=(-days 3650)
    [[ " $* " == *" -days "* ]] && days=()
    local digest=(-sha256)
    [[ " $* " == *" -sha"* ]] && digest=()
    o x509 -req -in "$name.csr" -CA "$issuer.crt" -CAkey "$issuer.key" -set_serial "$serial" \
        "${days[@]}" "${digest[@]}" "${with[@]}" "$@" -out "$name.crt"
}

# expired NAME: the same key and issuer, valid for a day in 2020, made by `openssl ca`
ca_conf() { # ISSUER
    mkdir -p "db.$1"
    [ -e "db.$1/index.txt" ] || : >"db.$1/index.txt"
    [ -e "db.$1/serial" ] || echo 2000 >"db.$1/serial"
    [ -e "db.$1/crlnumber" ] || echo 01 >"db.$1/crlnumber"
    cat >"db.$1/ca.cnf" <<EOF
[ca]
default_ca = d
[d]
database = db.$1/index.txt
serial = db.$1/serial
new_certs_dir = db.$1
certificate = $1.crt
private_key = $1.key
default_md = sha256
default_days = 3650
default_crl_days = 3650
policy = p
unique_subject = no
copy_extensions = none
[p]
commonName = optional
[v2]
authorityKeyIdentifier = keyid:always
EOF
    cp "db.$1/ca.cnf" "db.$1/ca-v2.cnf"
    sed -i '/^default_crl_days/a crlnumber = db.'"$1"'/crlnumber\ncrl_extensions = v2' "db.$1/ca-v2.cnf"
}
dated() { # NAME KIND SUBJECT ISSUER EXTENSIONS FROM TO
    [ -e "$1.key" ] || key "$1" "$2"
    o req -new -key "$1.key" -subj "$3" -config empty.cnf -out "$1.csr"
    printf '%s\n' "[x]" "$5" >"$1.ext"
    ca_conf "$4"
    o ca -batch -config "db.$4/ca.cnf" -in "$1.csr" -notext -extfile "$1.ext" -extensions x \
        -startdate "$6" -enddate "$7" -out "$1.crt"
}

# ---- authorities ----
root root rsa "/CN=Test root"
root root-ec p384 "/CN=Test EC root"
root root-other rsa "/CN=Other root"
# the same name as root, another key: a chain of names that no signature holds
root root-impostor rsa "/CN=Test root"
root root-not-ca rsa "/CN=Test root without CA" "basicConstraints=critical,CA:FALSE"
root root-pathlen0 rsa "/CN=Test root of no intermediates" $'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign'
key root-v1 rsa
o req -new -key root-v1.key -subj "/CN=Test v1 root" -config empty.cnf -out root-v1.csr
o x509 -req -in root-v1.csr -signkey root-v1.key -days 3650 -sha256 -out root-v1.crt
issue intermediate rsa "/CN=Test intermediate" root "$CA_EXTENSIONS"
issue intermediate-pathlen rsa "/CN=Test intermediate too many" root-pathlen0 "$CA_EXTENSIONS"
issue intermediate-not-ca rsa "/CN=Not an authority" root "basicConstraints=critical,CA:FALSE"
issue intermediate-client rsa "/CN=Test client intermediate" root "$CA_EXTENSIONS"
key root-expired rsa
o req -x509 -new -key root-expired.key -subj "/CN=Test expired root" -config empty.cnf -days 3650 -out root-expired.crt
dated_root() { # NAME SUBJECT FROM TO
    key "$1" rsa
    o req -new -key "$1.key" -subj "$2" -config empty.cnf -out "$1.csr"
    printf '%s\n' "[x]" "$CA_EXTENSIONS" >"$1.ext"
    mkdir -p "db.$1"
    : >"db.$1/index.txt"
    echo 01 >"db.$1/serial"
    cat >"db.$1/ca.cnf" <<EOF
[ca]
default_ca = d
[d]
database = db.$1/index.txt
serial = db.$1/serial
new_certs_dir = db.$1
private_key = $1.key
default_md = sha256
policy = p
[p]
commonName = supplied
EOF
    o ca -batch -selfsign -config "db.$1/ca.cnf" -in "$1.csr" -keyfile "$1.key" -notext -extfile "$1.ext" \
        -extensions x -startdate "$3" -enddate "$4" -out "$1.crt"
}
dated_root root-expired "/CN=Test expired root" 20200101000000Z 20210101000000Z

# ---- servers ----
DNS=$'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth'
issue server rsa "/CN=common-name.test" root "$DNS"
for kind in rsa4096 rsapss p256 p384 p521 ed25519; do
    issue "server-$kind" "$kind" "/CN=common-name.test" root "$DNS"
done
issue server-ec-root p256 "/CN=common-name.test" root-ec "$DNS" -sha384
issue server-signed-sha384 rsa "/CN=common-name.test" root "$DNS" -sha384
issue server-signed-sha512 rsa "/CN=common-name.test" root "$DNS" -sha512
issue server-signed-pss rsa "/CN=common-name.test" root "$DNS" -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32
issue server-signed-pss384 rsa "/CN=common-name.test" root "$DNS" -sha384 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:48
issue server-signed-sha1 rsa "/CN=common-name.test" root "$DNS" -sha1
issue server-rsa1024 rsa1024 "/CN=common-name.test" root "$DNS"
issue server-intermediate rsa "/CN=common-name.test" intermediate "$DNS"
cat server-intermediate.crt intermediate.crt >server-intermediate.chain.crt
issue server-pathlen rsa "/CN=common-name.test" intermediate-pathlen "$DNS"
cat server-pathlen.crt intermediate-pathlen.crt >server-pathlen.chain.crt
issue server-not-ca rsa "/CN=common-name.test" intermediate-not-ca "$DNS"
cat server-not-ca.crt intermediate-not-ca.crt >server-not-ca.chain.crt
issue server-not-ca-root rsa "/CN=common-name.test" root-not-ca "$DNS"
issue server-v1-root rsa "/CN=common-name.test" root-v1 "$DNS"
issue server-expired-root rsa "/CN=common-name.test" root-expired "$DNS"
issue server-v1 rsa "/CN=localhost" root ""
issue server-ca rsa "/CN=common-name.test" root $'basicConstraints=critical,CA:TRUE\nsubjectAltName=DNS:localhost'
issue server-policies rsa "/CN=common-name.test" root $'certificatePolicies=critical,1.2.3.4\nsubjectAltName=DNS:localhost'
issue server-critical rsa "/CN=common-name.test" root $'1.2.3.4.5=critical,DER:0500\nsubjectAltName=DNS:localhost'
issue server-client-purpose rsa "/CN=common-name.test" root $'extendedKeyUsage=clientAuth\nsubjectAltName=DNS:localhost'
issue server-key-usage rsa "/CN=common-name.test" root $'keyUsage=critical,keyCertSign\nsubjectAltName=DNS:localhost'
dated server-expired rsa "/CN=common-name.test" root "$DNS" 20200101000000Z 20210101000000Z
dated server-future rsa "/CN=common-name.test" root "$DNS" 20400101000000Z 20410101000000Z
root server-selfsigned rsa "/CN=localhost" "subjectAltName=DNS:localhost"
root server-selfsigned-ca rsa "/CN=localhost" $'basicConstraints=critical,CA:TRUE\nsubjectAltName=DNS:localhost'
root server-selfsigned-notca rsa "/CN=localhost" $'basicConstraints=critical,CA:FALSE\nsubjectAltName=DNS:localhost'
root server-ed25519-signed ed25519 "/CN=localhost" "subjectAltName=DNS:localhost" 2>/dev/null || {
    o req -x509 -new -key server-ed25519-signed.key -subj "/CN=localhost" -config empty.cnf -days 3650 -out server-ed25519-signed.crt
}

# names: what libpq's rules are tried on
issue server-cn rsa "/CN=localhost" root "basicConstraints=CA:FALSE"
issue server-cn-wildcard rsa "/CN=*.wild.test" root "basicConstraints=CA:FALSE"
issue server-cn-ip rsa "/CN=127.0.0.1" root "basicConstraints=CA:FALSE"
issue server-cn-two rsa "/CN=first.test/CN=localhost" root "basicConstraints=CA:FALSE"
issue server-no-name rsa "/" root "basicConstraints=CA:FALSE"
issue server-san-one rsa "/CN=localhost" root "subjectAltName=DNS:one.test"
issue server-san-two rsa "/CN=localhost" root "subjectAltName=DNS:one.test,DNS:two.test"
issue server-san-three rsa "/CN=localhost" root "subjectAltName=DNS:one.test,DNS:two.test,IP:192.0.2.7"
issue server-san-wildcard rsa "/CN=localhost" root "subjectAltName=DNS:*.wild.test,DNS:LocalHost"
issue server-san-ip rsa "/CN=localhost" root "subjectAltName=IP:127.0.0.1,IP:::1"
issue server-san-ip-cn rsa "/CN=localhost" root "subjectAltName=IP:192.0.2.7"
issue server-san-dns-cnip rsa "/CN=127.0.0.1" root "subjectAltName=DNS:one.test"
issue server-san-dns-is-ip rsa "/CN=localhost" root "subjectAltName=DNS:127.0.0.1"
issue server-san-mail rsa "/CN=localhost" root "subjectAltName=email:a@b.test"
issue server-san-null rsa "/CN=common-name.test" root "subjectAltName=DER:300b8209612e74657374002e78"
issue server-san-badip rsa "/CN=common-name.test" root "subjectAltName=DER:300787057f00000101"

# ---- clients ----
for kind in rsa p256 p384 ed25519; do
    issue "client-$kind" "$kind" "/CN=tlsuser" root "extendedKeyUsage=clientAuth"
done
issue client-v1 rsa "/CN=tlsuser" root ""
issue client-intermediate rsa "/CN=tlsuser" intermediate-client "extendedKeyUsage=clientAuth"
cat client-intermediate.crt intermediate-client.crt >client-intermediate.chain.crt
issue client-other rsa "/CN=tlsuser" root-other "extendedKeyUsage=clientAuth"
issue client-revoked rsa "/CN=tlsuser" root "extendedKeyUsage=clientAuth"
dated client-expired rsa "/CN=tlsuser" root "extendedKeyUsage=clientAuth" 20200101000000Z 20210101000000Z

# keys of client-rsa and client-p256 in every form; the pass phrase of the encrypted ones is "secret"
o rsa -in client-rsa.key -traditional -out client-rsa.pkcs1.key
o rsa -in client-rsa.key -traditional -outform DER -out client-rsa.pkcs1.der
o pkcs8 -topk8 -nocrypt -in client-rsa.key -outform DER -out client-rsa.pkcs8.der
o ec -in client-p256.key -out client-p256.sec1.key
o ec -in client-p256.key -outform DER -out client-p256.sec1.der
{ openssl ecparam -name prime256v1; cat client-p256.sec1.key; } >client-p256.params.key
o pkcs8 -topk8 -in client-rsa.key -v2 aes-256-cbc -passout pass:secret -out client-rsa.pbes2-aes256.key
o pkcs8 -topk8 -in client-rsa.key -v2 aes-256-cbc -passout pass:secret -outform DER -out client-rsa.pbes2-aes256.der
o pkcs8 -topk8 -in client-rsa.key -v2 aes-128-cbc -v2prf hmacWithSHA1 -passout pass:secret -out client-rsa.pbes2-aes128-sha1.key
o pkcs8 -topk8 -in client-rsa.key -v2 aes-192-cbc -v2prf hmacWithSHA512 -passout pass:secret -out client-rsa.pbes2-aes192-sha512.key
o pkcs8 -topk8 -in client-rsa.key -v2 des3 -passout pass:secret -out client-rsa.pbes2-3des.key
o pkcs8 -topk8 -in client-rsa.key -scrypt -passout pass:secret -out client-rsa.scrypt.key
o pkcs8 -topk8 -in client-rsa.key -v1 PBE-SHA1-3DES -passout pass:secret -out client-rsa.pkcs12-3des.key
for cipher in aes128 aes192 aes256 des3; do
    o rsa -in client-rsa.key -traditional -"$cipher" -passout pass:secret -out "client-rsa.legacy-$cipher.key"
done
o ec -in client-p256.key -aes256 -passout pass:secret -out client-p256.legacy-aes256.key
printf 'this is no key\n' >garbage.key
printf 'this is no certificate\n' >garbage.crt

# ---- revocation lists: v1 and v2, empty and with the server's certificate, current and outdated ----
crl() { # OUT ISSUER CONF [OPTIONS]
    o ca -config "db.$2/$3.cnf" -gencrl "${@:4}" -out "$1"
}
for issuer in root intermediate; do
    rm -rf "db.$issuer"
    ca_conf "$issuer"
done
crl root.v1.crl root ca
crl root.v2.crl root ca-v2
crl root.expired.crl root ca-v2 -crl_lastupdate 20200101000000Z -crl_nextupdate 20210101000000Z
crl intermediate.v2.crl intermediate ca-v2
o ca -config db.root/ca.cnf -revoke server.crt
o ca -config db.root/ca.cnf -revoke client-revoked.crt
crl root.revoked.v1.crl root ca
crl root.revoked.v2.crl root ca-v2
o ca -config db.intermediate/ca.cnf -revoke server-intermediate.crt
crl intermediate.revoked.v2.crl intermediate ca-v2
cat root.v2.crl intermediate.v2.crl >both.v2.crl
cat root.v2.crl intermediate.revoked.v2.crl >both.revoked.v2.crl
mkdir -p crldir
cp root.revoked.v2.crl crldir/
o rehash crldir

cat root.crt root-ec.crt root-v1.crt >roots.crt
cat intermediate.crt root.crt >root-and-intermediate.crt
cat client-rsa.crt client-rsa.key >client-both.pem
touch .complete
