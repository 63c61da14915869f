# Two commands do all the set-up: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PEERS := .venv-bench
# Each worker imports everything and builds its own worlds: ten seconds of CPU time.
WORKERS ?= $(shell nproc 2>/dev/null || echo 2)
# What `make test` and `make coverage` run, such as TESTS=tests/risk.
TESTS ?= tests
PYTEST := $(BIN)/python -m pytest -q
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder
# Some images forbid Python its bytecode cache, and then every process that a day or a test starts
# compiles pandas and all else again: a second and more of CPU time each.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run check test campaign lint format coverage docs picture hooks bench bench-ingest
.PHONY: foreign bench-optimiser conformance soak sweep-optimiser untidy zones fuzz-gate mutants deploy lock clean

help:            ## List the targets
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(READY): scripts/bootstrap.py requirements.lock pyproject.toml
	$(PYTHON) scripts/bootstrap.py $(VENV)

run: $(READY)    ## One whole simulated day, offline, to a journal entry
	$(BIN)/daybook run

check: lint      ## Before each commit: lint, types, import contracts and the unit tests
	$(PYTEST) --tier=check

test: $(READY)   ## Every test, of each campaign a short form; some of them with TESTS=tests/risk
	$(PYTEST) $(PARALLEL) $(TESTS)

campaign: $(READY) ## Every test, and every campaign at full size (see docs/testing.md)
	$(PYTEST) $(PARALLEL) --tier=campaign

lint: $(READY)   ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Let ruff repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: $(READY) ## Line and branch coverage as HTML in reports/coverage; TESTS as for test
	$(PYTEST) $(PARALLEL) $(TESTS) \
	    --cov --cov-report=term:skip-covered --cov-report=html:reports/coverage

docs: $(READY)   ## Regenerate the pages of the settings, of IBKR's notices and of the untidy world
	$(BIN)/python -m core.settings.reference > docs/configuration.md
	$(BIN)/python -m ibkr.wire.error_codes > docs/ibkr-notices.md
	$(BIN)/python -m simulator.untidy.oddities > docs/untidy-world.md

picture: $(READY) ## Regenerate docs/day.svg, the picture of the README, from a simulated day
	$(BIN)/python scripts/day_picture.py > docs/.day.svg
	mv docs/.day.svg docs/day.svg

hooks: $(READY)  ## Check each commit: ruff, mypy, import contracts as CI does, and its subject
	$(BIN)/pre-commit install --hook-type pre-commit --hook-type commit-msg

bench: $(READY)  ## Benchmarks, as ratios within one run
	$(BIN)/python -m benchmarks

bench-ingest: $(READY) ## 700 symbols at IBKR's limits: floor, measured, ratio (three minutes)
	$(BIN)/python -m benchmarks.ingest

$(PEERS)/.ready: scripts/bootstrap.py requirements.lock pyproject.toml
	$(PYTHON) scripts/bootstrap.py $(PEERS) bench

bench-optimiser: $(PEERS)/.ready ## The optimiser against cvxpy and four libraries (ten minutes)
	$(PEERS)/bin/python -m benchmarks.optimiser

conformance: $(READY) ## Real clients against the simulated gateway, every frame counted
	$(PYTEST) tests/conformance

soak: $(READY)   ## Forty days of a failing gateway, each with faults of its own
	$(PYTEST) --tier=campaign tests/faults/test_soak.py

foreign: $(READY) ## Foreign programs for IBKR on the simulator, outside CI; some with PROGRAMS=ib_insync
	$(BIN)/python scripts/foreign/run.py $(PROGRAMS)

untidy: $(READY) ## Five hundred days in worlds as untidy as real ones, forty over the socket
	$(PYTEST) $(PARALLEL) --tier=campaign tests/flows/untidy/test_untidy_worlds.py

# What comes in over the wire or in a file means the same on every computer.
ZONES ?= UTC Europe/Bucharest America/Chicago Asia/Tokyo
zones: $(READY)  ## Tests of ibkr, desk and feeds in other time zones, without a locale, by another hash seed
	@for zone in $(ZONES); do echo $$zone; \
	    TZ=$$zone LC_ALL=POSIX PYTHONUTF8=0 PYTHONCOERCECLOCALE=0 PYTHONHASHSEED=7 \
	    $(PYTEST) --tier=check tests/ibkr tests/desk tests/feeds || exit 1; done

sweep-optimiser: $(READY) ## A thousand random and degenerate portfolios, fast engine against the definition
	$(PYTEST) -n auto --tier=campaign tests/optimiser/test_sweep.py

fuzz-gate: $(READY) ## A hundred thousand orders and portfolios: the gate against its oracle
	$(PYTEST) --tier=campaign tests/risk/gate/test_gate_campaign.py

mutants: $(READY) ## Every limit changed, one at a time: each change is noticed
	$(PYTEST) --tier=campaign tests/risk/gate/test_gate_mutants.py

deploy: $(READY) ## Register the deployments with the Prefect server of PREFECT_API_URL
	$(BIN)/prefect work-pool create daybook --type process --overwrite
	DAYBOOK_HOME="$(CURDIR)" $(BIN)/prefect --no-prompt deploy --all

$(BIN)/uv:
	$(MAKE) $(READY)

lock: $(BIN)/uv  ## Resolve requirements.lock again, with the uv of the environment
	$(BIN)/uv pip compile --universal --python-version 3.11 --extra dev --generate-hashes \
	    --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.lock

clean:           ## Forget the virtual environment and the simulated days
	rm -rf $(VENV) data/sim reports/sim
