# make demo    simulate a lender, audit it, open the dashboard (make demo ARGS=--no-serve ends without a server)
# make test    everything that must hold; make check is its quick part: ruff, mypy, import-linter
# make setup   the environment for both, in .venv;  make bench  the speed figures of docs/benchmarks.md;  make docs  docs/audits
# make simulate  the measured pages of docs: statistics, estimates, weak spots, drift, alarms, detection (two hours)
# Needs Python 3.11 or 3.12 and, the first time, a package index that pip can reach. No root.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench simulate docs python

# The first of these that is Python 3.11 or 3.12 and can make a virtual environment.
PYTHON := $(shell for p in python3 python3.12 python3.11; do \
  "$$p" -c 'import sys, venv, ensurepip; sys.exit((3, 11) > sys.version_info[:2] or sys.version_info[:2] > (3, 12))' \
  >/dev/null 2>&1 && echo "$$p" && break; done)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
# --no-deps: pip cannot match extras when hashes are required, and the files are complete without its help (docs/decisions/0003).
LOCKED := $(PIP) install --quiet --no-deps --require-hashes -r

help:
	@sed -n 's/^# //p' Makefile | head -n 4

python:
	@if [ ! -x $(BIN)/python ] && [ -z "$(PYTHON)" ]; then \
	  echo "Candor needs Python 3.11 or 3.12 with the venv module, and found neither as python3, python3.12 or python3.11." \
	       "Install one (Debian, Ubuntu: apt install python3.12-venv) and run this again." >&2; exit 2; fi

.venv/.made: | python
	$(PYTHON) -m venv .venv
	@touch $@

# The command itself: .venv/bin/candor, running from this checkout.
.venv/.candor: pyproject.toml requirements/build.txt .venv/.made
	@$(LOCKED) requirements/build.txt
	@$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.demo: requirements/demo.txt .venv/.made
	@echo "Installing the libraries Candor runs on into .venv: a minute or two, once." >&2
	@$(LOCKED) requirements/demo.txt
	@touch $@

.venv/.test: requirements/test.txt .venv/.made
	@echo "Installing the libraries Candor is tested with into .venv: two or three minutes, once." >&2
	@$(LOCKED) requirements/test.txt
	@touch $@

setup: .venv/.demo .venv/.test .venv/.candor
	@echo "Ready: .venv/bin/candor --help"

demo: .venv/.demo .venv/.candor
	@$(BIN)/candor demo $(ARGS)

check: .venv/.test .venv/.candor
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Two workers at most: the suite is written for two cores. ARGS="-k fairness" narrows it.
test: check
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

docs: .venv/.test
	$(BIN)/python -m audits.docs docs/audits

bench: .venv/.test .venv/.candor
	$(BIN)/python -m benchmarks.speed $(ARGS)
	$(BIN)/python -m benchmarks.explain

# Two hours on two cores: coverage, false discovery, estimates without outcomes, weak spots, drift, false alarms, detection,
# then what is asked of models: surrogates, counterfactuals, evasion, membership, attacks.
simulate: .venv/.test .venv/.candor
	$(BIN)/python -m benchmarks.coverage
	$(BIN)/python -m benchmarks.resampling
	$(BIN)/python -m benchmarks.false_discovery
	$(BIN)/python -m benchmarks.estimated
	$(BIN)/python -m benchmarks.weak_spots
	$(BIN)/python -m benchmarks.drift
	$(BIN)/python -m benchmarks.drift_intervals
	$(BIN)/python -m benchmarks.alarms
	$(BIN)/python -m benchmarks.detection
	$(BIN)/python -m benchmarks.surrogates
	$(BIN)/python -m benchmarks.explain rates
	$(BIN)/python -m benchmarks.counterfactuals
	$(BIN)/python -m benchmarks.evasion
	$(BIN)/python -m benchmarks.membership
	$(BIN)/python -m benchmarks.attacks
