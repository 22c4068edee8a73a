# `make` lists what can be made. Every target sets up what it needs by itself.

HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 2
export HOST PORT

PYTHON_BIN := .venv/bin/python
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header --no-emit-find-links

.DEFAULT_GOAL := help
.PHONY: help run test test-guides check bench screenshots lighthouse lock clean

help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

run: ## Set everything up and serve the whole site (HOST, PORT, DATA_DIR)
	@deploy/setup/packages.sh run
	@deploy/setup/python.sh base
	@deploy/setup/frontend.sh
	@exec $(PYTHON_BIN) manage.py serve --set-up --demo --host "$(HOST)" --port "$(PORT)"

test: .prepared ## Run every check and every test, the browser's included (WORKERS)
	@deploy/test.sh all $(WORKERS)

check: .prepared ## Run the quick half: style, types, layers, migrations, browser code
	@deploy/test.sh check

test-guides: .prepared ## Run the guides whose packages are too large for every day (TensorFlow and PyTorch)
	@.venv/bin/python -m pytest -q -m guides

bench: .prepared ## Measure calls, builds, cold starts and money beside their peers
	@for name in call build cold_start ledger; do $(PYTHON_BIN) -m benchmarks.$$name || exit 1; done

screenshots: .prepared ## Take pictures of every page, from phone to wide screen, light, dark and right to left
	@$(PYTHON_BIN) -m tests.e2e.screenshots

lighthouse: .prepared ## Print the four scores of Lighthouse for the public pages
	@cd tests/lighthouse && PATH="$(CURDIR)/.venv/bin:$$PATH" npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@PATH="$(CURDIR)/.venv/bin:$$PATH" $(PYTHON_BIN) -m tests.e2e.lighthouse --why

lock: ## Resolve pyproject.toml into requirements/*.txt again (UPGRADE=--upgrade for newer ones)
	@deploy/setup/python.sh base
	@unset PIP_FIND_LINKS PIP_EXTRA_INDEX_URL UV_FIND_LINKS UV_EXTRA_INDEX_URL UV_INDEX; export UV_NO_CONFIG=1; \
	$(LOCK) $(UPGRADE) pyproject.toml -o requirements/base.txt && \
	$(LOCK) $(UPGRADE) pyproject.toml --extra dev -c requirements/base.txt -o requirements/dev.txt && \
	$(LOCK) $(UPGRADE) --group pyproject.toml:frontend -o requirements/frontend.txt

clean: ## Remove what was set up and built; keeps var/, where the data is
	rm -rf .venv node_modules static/vendor staticfiles .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

.PHONY: .prepared
.prepared:
	@deploy/setup/packages.sh test
	@deploy/setup/python.sh dev
	@deploy/setup/frontend.sh required
