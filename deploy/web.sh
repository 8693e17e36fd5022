#!/bin/sh
# The web process of a container. WEB_WORKERS processes, a few threads each: more would only wait for one another.
set -eu

exec granian career_navigator.wsgi:application \
    --interface wsgi --no-ws --http 1 --host 0.0.0.0 --port 8000 \
    --workers "${WEB_WORKERS:-1}" --blocking-threads "${WEB_THREADS:-$((2 * $(nproc) + 1))}" --workers-kill-timeout 20 \
    --respawn-failed-workers \
    --static-path-route /static --static-path-mount /app/static
