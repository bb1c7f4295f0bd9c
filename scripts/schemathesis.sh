#!/usr/bin/env bash
# Starts the debug binary on a temporary folder and calls every documented
# operation with input made from openapi.json, valid and not. No answer may be a
# 5xx, and every answer must be of a status, a type and a shape that the
# description names. Bounded: SCHEMATHESIS_SECONDS (90) in all.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

binary=$(realpath "${TURNBUCKLE_BINARY:-${CARGO_TARGET_DIR:-target}/debug/turnbuckle}")
seconds=${SCHEMATHESIS_SECONDS:-45}
key=pk_fuzz:sk_fuzz
. scripts/server.sh
start_server TURNBUCKLE_BOOTSTRAP_KEY=$key TURNBUCKLE_LOG__LEVEL=warn
url=$(started url)

# Something to find: see schemathesis.toml.
api=$url/api/v1
crm=$api/connections/fuzz
call() { curl -fsS -u "$key" -H 'Content-Type: application/json' -X "$1" "$2" -d "$3"; }
member() { sed -n "s/.*\"$1\":{\"$2\":\"\([^\"]*\)\".*/\1/p"; }
call PUT "$crm" '{"context":"fuzz","connector":"native"}' >/dev/null
call PUT "$crm/objects" '{"objects":{"prospect":{"label":"Prospect",
    "fields":{"name":{"type":"string","label":"Name"}},
    "events":{"find_prospects":{"type":"search","label":"Find","payloadSchema":{"name":{"type":"string","label":"Name"}}},
              "change_phone":{"type":"update","label":"Change","payloadSchema":{"phone":{"type":"string","label":"Phone"}}}}}}}' >/dev/null
call PUT "$crm/mapping" '{"objects":{"prospect":{"entity":"Lead","fields":{"name":{"column":"Contact"}},
    "events":{"find_prospects":{"action":"search","filter":{"column":"Contact","op":"eq","payload":"name"}},
              "change_phone":{"action":"update","columns":{"MobilePhone":{"payload":"phone"}}}}}}}' >/dev/null
FUZZ_RECORD=$(call POST "$crm/entities/Lead/records" '{"data":{"Contact":"Fuzz"}}' | member record id)
FUZZ_SOURCE=$(call POST "$api/sources" '{"name":"fuzz","connection":"fuzz"}' | member source id)
FUZZ_ENDPOINT=$(call POST "$api/endpoints" '{"url":"https://app.example/hooks"}' | member endpoint id)
FUZZ_BIN=$(call POST "$api/bins" '{}' | member bin name)
FUZZ_TOKEN=$(call POST "$url/api/platform/contexts" '{"context":{"external_id":"fuzz"}}' |
    sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
export FUZZ_RECORD FUZZ_SOURCE FUZZ_ENDPOINT FUZZ_BIN FUZZ_TOKEN
for name in FUZZ_RECORD FUZZ_SOURCE FUZZ_ENDPOINT FUZZ_BIN FUZZ_TOKEN; do
    [ -n "${!name}" ] || { echo "$name was not made"; exit 1; }
done

# In the folder, because it leaves its cache where it runs. Only on failure is
# the server's log of interest.
cd "$folder"
if ! schemathesis --config-file "$root/scripts/schemathesis.toml" run "$url/api/openapi.json" --auth "$key" --seed 1 \
    --phases examples,coverage,fuzzing --max-examples 10 --max-time "$seconds" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --warnings off --suppress-health-check all --request-timeout 10 --continue-on-failure; then
    echo "--- the server's log"
    tail -n 100 "$folder/log"
    exit 1
fi
