#!/usr/bin/env bash
# All checks and tests, in the order in which they are likely to complain: test.sh all|check [WORKERS]
# One that fails does not hide the others; the status at the end counts them all.
#
# The tests run twice: those that use the database first on PostgreSQL, as a large installation
# has it, then all of them on SQLite, as `make run` has it. The live tests start the real site
# themselves, on both.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/setup/say.sh

export PATH="$PWD/.venv/bin:$PATH"
unset PYTHONDONTWRITEBYTECODE # else each of hundreds of processes compiles everything anew
run=(-n "${2:-2}" --randomly-seed="${SEED:-2026}") # one order, so that a failure can be seen again
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

failed=()
try() { # try NAME COMMAND...
    local name=$1
    shift
    step "$name"
    "$@" || failed+=("$name")
}

check_all() {
    export DATA_DIR="$scratch/checks" # Django's settings make it; the tests make their own
    try "Style" ruff check --quiet --output-format=concise .
    try "Format" ruff format --quiet --check .
    try "Types" mypy --no-error-summary .
    try "Layers" lint-imports --no-logo
    try "Migrations" python manage.py makemigrations --check --dry-run
    try "Browser code" node_modules/.bin/tsc --project jsconfig.json
    unset DATA_DIR
}

test_all() {
    # One processor would be idle while the checks go on alone; what they say follows.
    bash deploy/test.sh check >"$scratch/checks.log" 2>&1 &
    local checks=$!
    try "Tests on PostgreSQL" python -m tests.servers pytest -q -rs "${run[@]}" -m database --reuse-db
    wait "$checks" || failed+=("Checks")
    cat "$scratch/checks.log"
    try "Tests on SQLite, and of the whole site" pytest -q -rs "${run[@]}"
}

case ${1:-all} in
    all) test_all ;;
    check) check_all ;;
    *) fail "test.sh all|check [WORKERS], not $1" ;;
esac

[ ${#failed[@]} = 0 ] || fail "failed: $(printf '%s; ' "${failed[@]}")"
