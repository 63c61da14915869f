# Two commands do all the set-up: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help run test lint format bench flow-deployed lock clean

help:            ## List the targets
	@grep -E '^[a-z-]+: .*##|^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(READY): scripts/bootstrap.py requirements.lock pyproject.toml
	$(PYTHON) scripts/bootstrap.py $(VENV)

run: $(READY)    ## One whole simulated day, offline, to a sealed journal
	$(BIN)/daybook run

test: $(READY)   ## Every test; no network beyond loopback
	$(BIN)/python -m pytest -q

lint: $(READY)   ## ruff, mypy, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## Let ruff repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## Benchmarks, as ratios within one run
	$(BIN)/python -m benchmarks

flow-deployed: $(READY) ## Prefect server, worker, deployment and one run, all on loopback
	$(BIN)/python -m pytest -q tests/flow/test_deployment.py

lock:            ## Resolve requirements.lock anew (needs uv)
	uv pip compile --universal --python-version 3.11 --extra dev --generate-hashes \
	    --no-emit-index-url --no-header --no-annotate pyproject.toml -o requirements.lock

clean:           ## Forget the virtual environment and the simulated days
	rm -rf $(VENV) data/sim reports/sim
