#!/usr/bin/env bash
# Starts the debug binary on a temporary folder and calls every documented
# operation with input made from openapi.json, valid and not. No answer may be a
# 5xx, and every answer must be of a status and a type that the description
# names. Bounded: SCHEMATHESIS_SECONDS (120) in all.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=${TURNBUCKLE_BINARY:-${CARGO_TARGET_DIR:-target}/debug/turnbuckle}
seconds=${SCHEMATHESIS_SECONDS:-120}
key=pk_fuzz:sk_fuzz
folder=$(mktemp -d)
server=

finish() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}
trap finish EXIT

# Nothing that somebody set for a server of their own may reach this one.
for name in $(compgen -e TURNBUCKLE_ || true); do unset "$name"; done
TURNBUCKLE_BOOTSTRAP_KEY=$key TURNBUCKLE_LOG__LEVEL=warn \
    "$binary" serve --json --data "$folder/data" --listen 127.0.0.1:0 \
    >"$folder/started.json" 2>"$folder/log" &
server=$!

for _ in $(seq 100); do
    [ -s "$folder/started.json" ] && break
    kill -0 "$server" || { cat "$folder/log"; exit 1; }
    sleep 0.1
done
url=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' "$folder/started.json")

# Something to find: most operations need a connection.
curl -fsS -o /dev/null -u "$key" -X PUT "$url/api/v1/connections/fuzz" \
    -H 'Content-Type: application/json' -d '{"context":"fuzz","connector":"native"}'

# Only on failure is the log of interest.
if ! schemathesis run "$url/api/openapi.json" --auth "$key" --seed 1 \
    --phases examples,coverage,fuzzing --max-examples 10 --max-time "$seconds" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance \
    --suppress-health-check all --request-timeout 10 --continue-on-failure; then
    echo "--- the server's log"
    tail -n 100 "$folder/log"
    exit 1
fi
