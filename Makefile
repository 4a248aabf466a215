# Clearwatt: `make demo` shows everything, `make test` proves it. GNU make 3.81 or newer.

# The newest Python that is here; `make PYTHON=/path/to/python3` names another.
PYTHON := $(shell for name in python3.13 python3.12 python3.11 python3; do \
	command -v $$name >/dev/null 2>&1 && \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	{ command -v $$name; break; }; done)

# Paths are relative throughout, so that this folder's own may hold spaces.
VENV := .venv
CLIENTS := .venv-clients
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check --quiet

# SERVE=0 ends the demo after its summary; TRACE=path.csv replays a real trace.
SERVE ?= 1
TRACE ?=

.PHONY: help demo up test check bench rerating format audit clean prerequisites

help:
	@echo 'make demo      the whole way of usage into money, then the site; SERVE=0 ends after the summary,'
	@echo '               TRACE=path.csv replays a trace (TIMESTAMP,ContextTokens,GeneratedTokens)'
	@echo 'make up        web server, worker and clock, until Ctrl-C'
	@echo 'make test      all tests'
	@echo 'make check     format, lint, layers, types, migrations, then all tests'
	@echo 'make bench     what recording an event costs, in every form it may be sent'
	@echo 'make rerating  a million events, a corrected tariff, all of it taken back and booked anew'
	@echo 'make format    format the sources'
	@echo 'make audit     prove every invariant of the books'
	@echo 'make clean     remove data, output and the virtual environment'

# `exec`, so that signals reach the command itself and its exit status is ours.
demo: $(VENV)/installed
	@exec $(RUN) manage.py demo $(if $(filter 0 no false,$(SERVE)),--no-serve) $(if $(TRACE),--trace '$(subst ','\'',$(TRACE))')

up: $(VENV)/installed
	@exec $(RUN) manage.py up

audit: $(VENV)/installed
	@exec $(RUN) manage.py audit

test: $(VENV)/installed-dev $(CLIENTS)/installed
	@exec $(RUN) -m pytest -q

check: $(VENV)/installed-dev $(CLIENTS)/installed
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/lint-imports --no-logo
	$(RUN) -m mypy .
	$(RUN) manage.py makemigrations --check --dry-run
	@$(MAKE) test

bench: $(VENV)/installed
	@exec $(RUN) -m bench $(if $(LABEL),--label '$(LABEL)')

rerating: $(VENV)/installed
	@exec $(RUN) -m bench.rerating $(if $(EVENTS),--events $(EVENTS))

format: $(VENV)/installed-dev
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

# The database of a run as root may lie elsewhere; then `postgres` is a link to it.
clean:
	@if [ -L .data/postgres ]; then rm -rf "$$(dirname "$$(readlink .data/postgres)")"; fi
	rm -rf .data out $(VENV) $(CLIENTS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

prerequisites:
	@bin/check-prerequisites '$(PYTHON)' '$(MAKE_VERSION)' '$(MAKECMDGOALS)'

# pip comes last: an environment without it was left half made, and is made anew.
$(VENV)/bin/pip: | prerequisites
	@echo 'Making a virtual environment with $(PYTHON) ...'
	@'$(PYTHON)' -m venv --clear $(VENV)

$(VENV)/installed: requirements.txt | prerequisites $(VENV)/bin/pip
	@echo 'Installing what Clearwatt needs (a minute, once) ...'
	@$(PIP) install -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt requirements.txt | prerequisites $(VENV)/bin/pip
	@echo 'Installing what its tests need ...'
	@$(PIP) install -r requirements-dev.txt
	@touch $@ $(VENV)/installed

# Programs of others that the tests run against ours: their pins contradict our own.
$(CLIENTS)/installed: tests/clients/requirements.txt | prerequisites
	@echo 'Installing the clients of others that the tests run (a minute, once, 900 MB) ...'
	@'$(PYTHON)' -m venv --clear $(CLIENTS)
	@$(CLIENTS)/bin/python -m pip --disable-pip-version-check --quiet install -r tests/clients/requirements.txt
	@touch $@
