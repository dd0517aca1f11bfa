# Each target sets up what it needs, says what it does, and does nothing twice.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# Tests and benchmarks start hundreds of processes: each would compile what one has compiled and kept.
unexport PYTHONDONTWRITEBYTECODE

# The default Python gets .venv; one that is named gets a .venv-3.12 of its own.
PYTHON ?= python3.11
ifeq ($(origin PYTHON),file)
FOUND = $(shell scripts/find_python.sh)
VENV := .venv
else
FOUND := $(shell scripts/find_python.sh $(PYTHON))
$(if $(FOUND),,$(error no usable Python: $(PYTHON)))
VENV := .venv-$(shell $(FOUND) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
endif
RUN := $(VENV)/bin/python
DOCS_VENV := .venv-docs
# Tests at a time; with more than there are processors it takes less, and promises of times are harder to keep.
WORKERS ?= auto

.PHONY: help install examples toolchains chromium peers shims engine demo demo-basic test soak check bench bench-resolve bench-page bench-ssr bench-apps screenshots docs clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'
	@echo '  Variables: PYTHON=python3.12 (another Python), ARGS="-k semver" (for pytest), WORKERS=2, CHECK=1 (demo)'

install: $(VENV)/.installed ## Make the virtual environment, from the lock, with hashes
	@$(if $(filter install,$(MAKECMDGOALS)),echo "install: $(VENV) is up to date",:)

$(VENV)/.installed: requirements/dev.txt pyproject.toml
	@echo "install: $(VENV), from requirements/dev.txt (about a minute)"
	@test -n "$(FOUND)"
	@test -x $(RUN) || $(FOUND) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(RUN) -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@touch $@

examples: install
	@echo "examples: building the demo's remotes, where their sources changed"
	@$(RUN) -m scripts.build_examples

toolchains: install
	@echo "toolchains: building what tests import, where their sources changed"
	@$(RUN) -m scripts.build_examples --toolchains

chromium: install
	@echo "chromium: looking for one to drive"
	@$(RUN) -m scripts.find_chromium

peers: install
	@echo "peers: the JavaScript systems that Hanse is measured against"
	@$(RUN) -m scripts.node benchmarks

shims: install ## Install es-module-shims, which goes into wheels, for browsers without import maps
	@echo "shims: es-module-shims, from scripts/client"
	@$(RUN) -m scripts.node scripts/client

engine: install ## Install QuickJS as WebAssembly, which goes into wheels: the engine for untrusted code
	@echo "engine: quickjs.wasm, from scripts/engine"
	@$(RUN) -m scripts.node scripts/engine

demo: install engine $(if $(CHECK),chromium) ## Build and run the store: three apps that show each other's pages (CHECK=1: drive it in Chromium, and end)
	@echo "demo: building home, shop and checkout, where their sources changed"
	@$(RUN) -m scripts.build_examples --store
	@$(RUN) -m examples.omni.serve $(if $(CHECK),--check)

demo-basic: examples engine $(if $(CHECK),chromium) ## Show four real remotes on one page (CHECK=1: as above)
	@echo "demo: four remotes and the page that Hanse makes of them"
	@$(RUN) -m examples.basic.serve $(if $(CHECK),--check)

test: examples toolchains chromium peers shims engine ## Run every test
	@echo "test: pytest"
	@$(RUN) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

soak: install engine ## Run the tests that have a long version, at their full length (about an hour)
	@echo "soak: thousands of renderings, kills, redeploys, mutated streams, hostile pages and examples of properties"
	@HANSE_SOAK=1 $(RUN) -m pytest -o timeout=7200 $$(grep -rlE '^from tests.soak.counts|HANSE_SOAK|^@given' --include='test_*.py' tests) $(ARGS)

check: install ## Check style, types, the arrows between modules, and the house rules
	@echo "check: ruff, mypy --strict, import-linter, house rules"
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports
	@$(RUN) -m pytest -q tests/house

bench: bench-resolve bench-page bench-ssr bench-apps ## Run every benchmark

bench-resolve: peers ## Resolve the same federations with Hanse and with the orchestrator in Node
	@echo "bench-resolve: Hanse beside the orchestrator, interleaved (several minutes)"
	@$(RUN) -m benchmarks.resolve $(ARGS)

bench-page: chromium peers ## Load pages with Hanse, with the orchestrator and made by hand, in Chromium
	@echo "bench-page: Hanse beside the orchestrator and a hand-made page, interleaved (up to 25 minutes)"
	@$(RUN) -m benchmarks.page $(ARGS)

bench-ssr: peers engine ## Render on the server with Hanse and with Module Federation in Node
	@echo "bench-ssr: Hanse beside Module Federation's Node runtime, on one page (up to 40 minutes)"
	@$(RUN) -m benchmarks.ssr $(ARGS)

screenshots: install engine chromium ## Take pictures of the running store, into site/screenshots
	@echo "screenshots: the store, wide and narrow"
	@$(RUN) -m scripts.take_screenshots site/screenshots

bench-apps: chromium engine ## Open a federated page and the same page from one app alone, in Chromium
	@echo "bench-apps: one page, federated and not, interleaved (two minutes)"
	@$(RUN) -m benchmarks.apps $(ARGS)

docs: install $(DOCS_VENV)/.installed ## Check the documentation and render it into site/
	@echo "docs: links and code blocks, then mkdocs into site/"
	@$(RUN) -m pytest -q tests/house/test_docs.py
	@$(DOCS_VENV)/bin/mkdocs build --quiet --strict

$(DOCS_VENV)/.installed: requirements/docs.txt
	@echo "docs: $(DOCS_VENV), from requirements/docs.txt"
	@test -x $(DOCS_VENV)/bin/python || $(VENV)/bin/python -m venv $(DOCS_VENV)
	@$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/docs.txt
	@touch $@

clean: ## Remove everything that make has made, the virtual environments too
	@echo "clean: environments, builds, caches, node_modules, site/"
	@rm -rf .venv .venv-* site build dist .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@rm -rf benchmarks/node_modules scripts/client/node_modules scripts/engine/node_modules examples/*/*/node_modules examples/*/*/dist tests/toolchains/*/node_modules tests/toolchains/*/dist examples/*/*/*.generated.mjs
	@find src tests benchmarks scripts examples -name __pycache__ -type d -prune -exec rm -rf {} +
