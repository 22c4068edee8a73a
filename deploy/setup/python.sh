#!/usr/bin/env bash
# Puts the packages of requirements/LIST.txt, checked by their hashes, into .venv: python.sh base|dev
set -euo pipefail
cd "$(dirname "$0")/../.."
. deploy/setup/say.sh

list=$1
requirements=requirements/$list.txt
stamp=.venv/.has-$list
wanted=$(fingerprint "$requirements")
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then exit 0; fi

is_new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3.14; do
        if has "$candidate" && is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed; this machine has $(python3 --version 2>/dev/null || echo none)." \
        "Name another one with PYTHON=..."
}

make_environment() {
    local python
    python=$(find_python)
    step "Making .venv with $("$python" --version)"
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        local package
        package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
        may_install || fail "$python cannot make virtual environments here: sudo apt-get install $package"
        install_packages "$package" || install_packages python3-venv
    fi
    rm -rf .venv
    "$python" -m venv .venv
}

# uv comes first, by pip and with its hashes, because it is several times faster at the rest.
# It does not read pip's configuration, so it is told the index; if it fails, pip does it all.
install_with_uv() {
    local lines index
    lines=$(mktemp)
    awk '/^uv==/ { on = 1 } on { print; if ($0 !~ /\\$/) exit }' "$requirements" >"$lines"
    .venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r "$lines" || return 1
    rm -f "$lines"
    index=$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)
    index=${PIP_INDEX_URL:-$index}
    env ${index:+UV_DEFAULT_INDEX="$index"} UV_SYSTEM_CERTS=true UV_NO_CONFIG=1 \
        .venv/bin/uv pip install -q -p .venv/bin/python --require-hashes -r "$requirements"
}

if ! .venv/bin/python -c 'import pip' 2>/dev/null || ! is_new_enough .venv/bin/python; then
    make_environment
fi
step "Installing the Python packages of $requirements"
install_with_uv || .venv/bin/python -m pip install -q --require-hashes -r "$requirements" ||
    fail "The Python packages could not be installed; the lines above say why."
echo "$wanted" >"$stamp"
if [ "$list" = dev ]; then fingerprint requirements/base.txt >.venv/.has-base; fi
