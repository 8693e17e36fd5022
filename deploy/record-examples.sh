#!/bin/sh
# Usage: record-examples.sh BIN
# Starts a separate demonstration, records the examples in the OpenAPI document from it, and stops it.
set -eu

bin=$1
VAR_DIR=$(mktemp -d)
PORT=$("$bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
THEIR_STACK_WEBHOOK_SECRET=$("$bin/python" -c 'import secrets; print(secrets.token_hex(16))')
THEIR_STACK_API_KEY=
export VAR_DIR PORT THEIR_STACK_WEBHOOK_SECRET THEIR_STACK_API_KEY
unset MONGODB_URI REDIS_URL CELERY_BROKER_URL

"$bin/python" manage.py run >"$VAR_DIR.log" 2>&1 &
run=$!
end() {
    kill -INT "$run" 2>/dev/null || true
    wait "$run" || true
    rm -rf "$VAR_DIR"
}
trap end EXIT
until grep -q 'is ready at' "$VAR_DIR.log"; do
    kill -0 "$run" 2>/dev/null || {
        cat "$VAR_DIR.log" >&2
        exit 1
    }
    sleep 1
done
"$bin/python" manage.py record_examples
