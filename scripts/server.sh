# To be sourced: `start_server VARIABLE=value…` starts $binary on a temporary folder and
# waits until it answers; `started NAME` says a member of what it printed. It is stopped,
# and $folder removed, when the shell that started it exits.

start_server() {
    folder=$(mktemp -d)
    server=
    trap stop_server EXIT
    env "$@" "$binary" serve --json --data "$folder/data" --listen 127.0.0.1:0 \
        >"$folder/started.json" 2>"$folder/log" &
    server=$!
    for _ in $(seq 100); do
        [ -s "$folder/started.json" ] && return
        kill -0 "$server" || { cat "$folder/log"; exit 1; }
        sleep 0.1
    done
}

stop_server() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$folder"
}

started() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$folder/started.json"; }

# Nothing that somebody set for a server of their own may reach these.
for name in $(compgen -e TURNBUCKLE_ || true); do unset "$name"; done
