#!/bin/sh
# Starts the web server of a container with WEB_WORKERS processes.
set -eu

exec granian career_navigator.rsgi:application \
    --interface rsgi --no-ws --http 1 --host 0.0.0.0 --port 8000 \
    --workers "${WEB_WORKERS:-1}" --workers-kill-timeout 20 \
    --respawn-failed-workers \
    --static-path-route /static --static-path-mount /app/static
