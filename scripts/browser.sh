#!/usr/bin/env bash
# Runs scripts of ui/package.json in a real browser, each against a debug binary on a
# temporary folder: `browser` walks through the console, `browser:link` through Link,
# `screens` and `screens:link` take pictures of their pages. `browser:authorise` starts
# a second server, with CRMs that only tests have. The pages are those of ui/dist.
set -euo pipefail
cd "$(dirname "$0")/.."

: "${1:?the scripts to run}"
binary=$(realpath "${TURNBUCKLE_BINARY:-${CARGO_TARGET_DIR:-target}/debug/turnbuckle}")

other_crms=$(dirname "$binary")/examples/other_crms

chromium=${TURNBUCKLE_CHROMIUM:-$(command -v chromium || true)}
if [ -z "$chromium" ] || ! command -v openssl >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            chromium fonts-dejavu-core openssl >&2
        chromium=$(command -v chromium)
    else
        echo "the pages are tested in Chromium, and over TLS: sudo apt-get install chromium" \
            "openssl, or name a Chromium in TURNBUCKLE_CHROMIUM" >&2
        exit 1
    fi
fi

. scripts/server.sh

# Runs one script against a server of its own, signed in as the first start says.
walk() (
    start_server TURNBUCKLE_EGRESS__ALLOW_CIDRS=127.0.0.0/8 TURNBUCKLE_LOG__LEVEL=warn
    TURNBUCKLE_CONSOLE_URL=$(started url) TURNBUCKLE_NAME=$(started name)
    TURNBUCKLE_PASSWORD=$(started password) TURNBUCKLE_KEY=$(started publishable):$(started secret)
    export TURNBUCKLE_CONSOLE_URL TURNBUCKLE_NAME TURNBUCKLE_PASSWORD TURNBUCKLE_KEY
    export TURNBUCKLE_CHROMIUM=$chromium TURNBUCKLE_OTHER_CRMS=$other_crms
    if ! npm --prefix ui run "$1"; then
        echo "--- the log of the server of $1"
        tail -n 100 "$folder/log"
        exit 1
    fi
)

# All walk at once, and are told of one after the other.
told=$(mktemp -d)
trap 'rm -rf "$told"' EXIT
walks=()
for script in "$@"; do
    walk "$script" >"$told/$script" 2>&1 &
    walks+=($!)
done
failed=
for pid in "${walks[@]}"; do wait "$pid" || failed=1; done
for script in "$@"; do cat "$told/$script"; done
[ -z "$failed" ]
