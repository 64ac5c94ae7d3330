# Everything a newcomer or a build server needs. `make help` lists it.

SHELL := /bin/sh
.DEFAULT_GOAL := help
DATA ?= $(or $(ROLLBOOK_DATA),.data)
ARGS ?=

venv := .venv
bin := $(venv)/bin
runtime := $(venv)/.runtime
development := $(venv)/.development

# Nothing is read from or left in a place outside this folder.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_CACHE_DIR := 1
export UV_CACHE_DIR := .cache/uv
export UV_PYTHON_DOWNLOADS := never
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
install := $(bin)/python -m pip -qq install
locked := $(install) --only-binary=:all: --require-hashes
itself := $(install) --no-index --no-deps --no-build-isolation --editable .
compile := $(bin)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS)

.PHONY: help run test check bench lock openapi clean

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1  /p' Makefile | while read -r name what; do printf '  make %-8s %s\n' "$$name" "$$what"; done

run: $(runtime) ## start everything on this machine: database, services, demonstration (DATA=.data, ARGS="--no-demo")
	@ROLLBOOK_DATA=$(DATA) exec $(bin)/rollbook up $(ARGS)

# The law's tests run beside each other in two processes; those of the services one by one, for on a slow machine writers of
# two files beside each other wait longer for a register than one may. What is marked `alone` comes last.
test: check ## set up, check, and run every test; of the law, every branch (ARGS="tests/house -x": these alone, one by one)
ifeq ($(strip $(ARGS)),)
	@$(bin)/pytest -q -n 2 --dist loadfile tests/codes --cov=codes --cov-branch --cov-fail-under=100
	@$(bin)/pytest --ignore=tests/codes -m "not bench and not alone"
	@$(bin)/pytest -m alone $$(grep -rl --include="test_*.py" "pytest\.mark\.alone" tests)
else
	@$(bin)/pytest $(ARGS)
endif

check: $(development) ## formatting, lint, strict types, import rules
	@$(bin)/ruff format --check --quiet .
	@$(bin)/ruff check --quiet .
	@$(bin)/mypy
	@$(bin)/lint-imports --no-logo

bench: $(development) ## measure, side by side in one run, and print one table
	@$(bin)/pytest -m bench --no-header -q -s tests/bench $(ARGS)

openapi: $(development) ## write docs/openapi anew after the contract has changed
	@ROLLBOOK_RENEW_OPENAPI=1 $(bin)/pytest -q tests/contract --ignore=tests/contract/test_fuzzed.py

lock: $(development) ## choose dependencies anew and write requirements/*.txt (ARGS=--upgrade for newer ones)
	@$(compile) pyproject.toml --output-file requirements/runtime.txt
	@$(compile) --group build -c requirements/runtime.txt --output-file requirements/build.txt
	@$(compile) pyproject.toml --group dev -c requirements/runtime.txt -c requirements/build.txt --output-file requirements/dev.txt

clean: ## remove the environment and caches; the data stays
	@rm -rf $(venv) .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage

$(runtime): requirements/runtime.txt requirements/build.txt pyproject.toml | $(bin)/pip
	@echo "Installing what Rollbook needs into $(venv)..."
	@$(locked) -r requirements/runtime.txt -r requirements/build.txt
	@$(itself)
	@touch $@

$(development): requirements/dev.txt $(runtime)
	@echo "Installing what its tests need into $(venv)..."
	@$(locked) -r requirements/dev.txt
	@touch $@

$(bin)/pip:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then \
			exec "$$python" -m venv --clear $(venv); \
		fi; \
	done; \
	echo "Rollbook needs Python 3.11, 3.12, 3.13 or 3.14 with its venv module, and found none as python3 or python3.N." >&2; \
	echo "Install one (on Debian and Ubuntu: python3 and python3-venv), or name one: make run PYTHON=/path/to/python3.12" >&2; \
	exit 1
