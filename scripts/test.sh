#!/usr/bin/env bash
# npm test: installs what the tests need, builds, type-checks, and runs every suite, real parts included.
# The last line reads `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
  echo "error: npm test runs real containers and network rules: run it as root (npm run test:fast needs no root)" >&2
  exit 1
fi
[ -d node_modules/vitest ] || npm install --no-audit --no-fund
# shellcheck source=scripts/packages.sh
. scripts/packages.sh
install_packages etcd-server docker.io iptables conntrack iproute2 busybox-static procps python3-kubernetes \
  ruby ruby-kubeclient prometheus zsh fish
debian_kubectl
start_docker

npm run --silent generate
npm run --silent check
npm run --silent build
mkdir -p .cache
report=.cache/test-report.json
status=0
npx vitest run --reporter=default --reporter=json --outputFile.json="$report" "$@" || status=$?
node -e '
  const r = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
  const failed = r.numFailedTests + r.testResults.filter((f) => f.status === "failed" && f.assertionResults.length === 0).length;
  console.log(`${r.numPassedTests} passed, ${failed} failed`);
  process.exit(failed > 0 || r.numPassedTests === 0 ? 1 : 0);
' "$report" || status=1
exit "$status"
