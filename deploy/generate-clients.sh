#!/bin/sh
# Usage: generate-clients.sh [--python-only] BIN DIRECTORY
# Generates the OpenAPI document, a Python client and TypeScript types in DIRECTORY. Fails if a module of the client
# cannot be imported or if the types do not compile. BIN is the bin directory of the virtual environment.
set -eu

# Exact versions, because the output differs between versions.
OPENAPI_TYPESCRIPT=7.13.0
TYPESCRIPT=5.9.3
MIN_NODE=18

languages=all
if [ "$1" = --python-only ]; then
    languages=python
    shift
fi
bin=$(cd "$1" && pwd)
directory=$2
project=$(dirname "$0")/..

mkdir -p "$directory"
schema=$directory/openapi.json
"$bin/python" "$project/manage.py" spectacular --validate --fail-on-warn --format openapi-json --file "$schema"

# The generator looks for ruff on the PATH to format its output.
PATH="$bin:$PATH" "$bin/openapi-python-client" generate --fail-on-warning --overwrite --path "$schema" \
    --config "$project/deploy/openapi-python-client.yaml" --output-path "$directory/python"
"$bin/python" -W error - "$directory/python" <<'PYTHON'
import importlib
import pkgutil
import sys

sys.path.insert(0, sys.argv[1])
import career_navigator_client as package

names = [each.name for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
for name in names:
    importlib.import_module(name)
print(f"The Python client is in {sys.argv[1]}. All {len(names)} modules can be imported.")
PYTHON
[ "$languages" = all ] || exit 0

version=$(node --version 2>/dev/null || true)
major=${version#v}
major=${major%%.*}
if [ "${major:-0}" -lt $MIN_NODE ] || ! command -v npx >/dev/null 2>&1; then
    echo "The TypeScript types need Node.js $MIN_NODE or newer with npm; found: ${version:-no Node.js}." >&2
    echo "Install both (Debian: apt-get install nodejs npm), then run make client again." >&2
    exit 1
fi
with_node() {
    npx --yes --package "openapi-typescript@$OPENAPI_TYPESCRIPT" --package "typescript@$TYPESCRIPT" -- "$@"
}
types=$directory/typescript/career-navigator.d.ts
mkdir -p "$directory/typescript"
with_node openapi-typescript "$schema" --output "$types"
with_node tsc --noEmit --strict "$types"
echo "The TypeScript types are in $types. They compile without errors."
