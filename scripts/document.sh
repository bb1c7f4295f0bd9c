#!/usr/bin/env bash
# Stands in for rustdoc where cargo has it try the examples of a library (`cargo test --doc`):
# documents the library instead, private items too so that links may lead to them. The
# libraries that it needs are those that the tests were built with; `cargo doc` would
# check each of them once more.
set -euo pipefail
arguments=()
skip=
for argument in "$@"; do
    if [ -n "$skip" ]; then skip=; continue; fi
    case $argument in
        --test | --nocapture) ;;
        --test-run-directory | --test-args | --persist-doctests | --test-runtool | --test-runtool-arg) skip=1 ;;
        --test-run-directory=* | --test-args=*) ;;
        *) arguments+=("$argument") ;;
    esac
done
exec rustdoc --out-dir "$(dirname "$0")/../target/doc" "${arguments[@]}"
