#!/usr/bin/env bash
# Whether sandbox.wasm is what its checksum says and, where the compiler that made it
# is installed, what build.sh makes of the sources.
set -euo pipefail
cd "$(dirname "$0")"
sha256sum --quiet --check sandbox.wasm.sha256

# What made it: clang and wasi-libc of Debian 12.
made_by='14.0.6 0.0~git20220510.9886d3d-2'
here="$(clang -dumpversion 2>/dev/null || true) $(dpkg-query -W -f '${Version}' wasi-libc 2>/dev/null || true)"
if [ "$here" != "$made_by" ] || ! command -v wasm-ld >/dev/null; then
    echo "the sandbox is not built again: that takes clang and wasi-libc $made_by"
    exit 0
fi
again=$(mktemp)
trap 'rm -f "$again"' EXIT
./build.sh "$again"
cmp "$again" sandbox.wasm
