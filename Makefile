# The commands of a developer and of a curious stranger. Everything is installed into .venv, nothing elsewhere.
PYTHON ?= python3
SERVE ?= 1
WORKERS ?= 2
HOURS ?= 8
SEED ?= 1
BIN := .venv/bin
SETTLED := .venv/settled
SETTLED_DEV := .venv/settled-dev
TRYTON_SETTLED := .tryton/settled

.PHONY: help test attack campaign simulate bench screenshots demo demo-tryton tryton tryton-test stop lint clean setup setup-dev

help:
	@echo "make demo    fill a demo company, prove its books, serve it (SERVE=0: end after the proof)"
	@echo "make demo-tryton  the same with a company in a real Tryton beside Beancount (SERVE=0 as above)"
	@echo "make test    run all tests        make lint   ruff, mypy, forgotten migrations"
	@echo "make bench   measure what is promised (BENCH=name: one of them, SIZE=n: its size)"
	@echo "make tryton  install a real Tryton beside ordersync (.tryton)   make tryton-test  book in it, print sums and speed"
	@echo "make attack  the attacks of every commit alone: kills, seeds, lost replies, five minutes"
	@echo "make campaign attack it for a night (HOURS=1: a share of it)      make simulate SEED=n  replay one seed"
	@echo "make screenshots renew the pictures of docs/screens from the demo (CHROMIUM=path)"
	@echo "make stop    end the embedded PostgreSQL      make clean  remove .venv and all demo data"

test: setup-dev
	$(BIN)/pytest -q -rs -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

bench: setup-dev
	$(BIN)/python -m tests.benchmarks $(BENCH) $(SIZE)

attack: setup-dev
	$(BIN)/python -m tests.attack

campaign: setup-dev
	HOURS=$(HOURS) $(BIN)/python -m tests.campaign

screenshots: setup-dev
	$(BIN)/python -m tests.screenshots $(CHROMIUM)

simulate: setup-dev
	ORDERSYNC_FIRST_SEED=$(SEED) ORDERSYNC_SEEDS=1 $(BIN)/pytest -q -s -n 0 tests/test_simulation.py -k no_seed_breaks

# A real Tryton, in an environment of its own: ordersync's own needs none of it.
tryton: setup-dev $(TRYTON_SETTLED)

tryton-test: tryton
	$(BIN)/pytest -q -rs -n 0 -m tryton
	$(BIN)/python -m tests.benchmarks tryton

$(TRYTON_SETTLED): requirements-tryton.txt $(BIN)/python
	@$(BIN)/python -m venv .tryton/venv
	.tryton/venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-tryton.txt
	@touch $@

demo: setup
	$(BIN)/python manage.py demo $(if $(filter 0,$(SERVE)),--no-serve)

# Adds a company in a real Tryton to the demo, and serves both.
demo-tryton: tryton
	$(BIN)/python manage.py demo --tryton $(if $(filter 0,$(SERVE)),--no-serve)

stop: setup
	@$(BIN)/python -m ordersync_site.embedded_postgres stop

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --quiet .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run

clean:
	@if [ -x $(BIN)/python ] && [ -d .ordersync ]; then $(BIN)/python -m ordersync_site.embedded_postgres stop; fi
	rm -rf .venv .tryton .ordersync .mypy_cache .ruff_cache .pytest_cache .hypothesis static

setup: $(SETTLED)
setup-dev: $(SETTLED_DEV)

# A stamp is older than its requirements only when they changed; .venv/bin/python vanishes with the Python it came from.
$(SETTLED): requirements.txt $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(SETTLED_DEV): requirements-dev.txt requirements.txt $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(SETTLED) $@

$(BIN)/python:
	@command -v git >/dev/null || { echo "git is missing: install it (Debian, Ubuntu: apt-get install git)." >&2; exit 1; }
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11 or newer, or name yours with make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$$($(PYTHON) --version) is too old: ordersync needs Python 3.11 or newer; name one with make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is missing: install it (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv
