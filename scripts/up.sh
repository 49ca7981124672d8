#!/usr/bin/env bash
# npm run up: installs and builds what is missing or old, then starts the cluster. Arguments go to `sampan up`.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ ! -d node_modules/esbuild ] || [ package.json -nt node_modules/.package-lock.json ]; then
  echo "Installing dependencies"
  npm install --no-audit --no-fund --loglevel=error
fi
if [ ! -f dist/cli.cjs.cache ] || [ ! -f dist/version.json ] || [ -n "$(find src scripts/build.ts package.json -newer dist/version.json -print -quit)" ]; then
  echo "Building"
  npm run --silent build
fi
exec ./bin/sampan up "$@"
