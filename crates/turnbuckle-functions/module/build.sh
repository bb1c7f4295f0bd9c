#!/usr/bin/env bash
# Makes sandbox.wasm: QuickJS-ng, as the crate `rquickjs-sys` carries it, and shim.c.
#
# Debian: apt-get install clang lld wasi-libc libclang-rt-14-dev-wasm32
# The same compiler makes the same bytes; check.sh compares them.
set -euo pipefail
cd "$(dirname "$0")"
out=${1:-sandbox.wasm}

quickjs=$(cargo metadata --locked --format-version 1 | python3 -c '
import json, os, sys
packages = json.load(sys.stdin)["packages"]
manifest = next(it["manifest_path"] for it in packages if it["name"] == "rquickjs-sys")
print(os.path.join(os.path.dirname(manifest), "quickjs"))')

# The C library has no rounding modes and no signals; EMSCRIPTEN is how QuickJS is
# told to do without threads and the like.
clang --target=wasm32-wasi --sysroot=/usr -mexec-model=reactor -O2 -std=gnu11 \
    -funsigned-char -fvisibility=hidden -w \
    -D_GNU_SOURCE -DEMSCRIPTEN=1 -DFE_DOWNWARD=0 -DFE_UPWARD=0 -DNDEBUG \
    -ffile-prefix-map="$quickjs=quickjs" -I"$quickjs" \
    -Wl,--stack-first -Wl,-z,stack-size=1048576 -Wl,--strip-all \
    -o "$out" \
    shim.c "$quickjs"/{quickjs,libregexp,libunicode,dtoa}.c
