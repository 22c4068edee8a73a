#!/usr/bin/env bash
# All checks and tests, in the order in which they are likely to complain: test.sh all|check [WORKERS]
#
# The tests run twice: those that use the database first on PostgreSQL, as a large installation
# has it, then all of them on SQLite, as `make run` has it. The live tests start the real site
# themselves, on both.
set -euo pipefail
cd "$(dirname "$0")/.."
. deploy/setup/say.sh

export PATH="$PWD/.venv/bin:$PATH" PYTHONDONTWRITEBYTECODE=1
workers=${2:-2}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export DATA_DIR="$scratch/checks" # Django's settings make it; the tests make their own

step "Style"
ruff check --quiet .
ruff format --quiet --check .
step "Types"
mypy --no-error-summary .
step "Layers"
lint-imports --no-logo 2>/dev/null || lint-imports
step "Migrations"
python manage.py makemigrations --check --dry-run
step "Browser code"
node_modules/.bin/tsc --project jsconfig.json
[ "${1:-all}" = all ] || exit 0

unset DATA_DIR
step "Tests on PostgreSQL"
python -m tests.servers pytest -q -n "$workers" -m database
step "Tests on SQLite, and of the whole site"
pytest -q -n "$workers"
