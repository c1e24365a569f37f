# Every target sets up what it needs: Python 3.11+ and make are enough.
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --no-sync

AIRFLOW ?= apache-airflow>=3

.PHONY: help demo test check bench kill kill-extract fuzz airflow setup format clean
.DEFAULT_GOAL := help

help:            ## Say what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.tools/bin/uv:
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv

setup: $(filter .tools/bin/uv,$(UV))   ## Everything a developer needs, in .venv
	$(UV) sync --quiet --frozen --inexact --all-groups --extra sail --extra fast --extra postgres --extra sqlite

demo: $(filter .tools/bin/uv,$(UV))    ## Generate a synthetic network, load it, and open the dashboards
	$(UV) sync --quiet --frozen --inexact --no-default-groups --extra fast
	$(RUN) claimlake demo $(DEMO)

test: setup      ## Run the tests, models and KPIs on DuckDB and on a Spark Connect server
	$(RUN) pytest --numprocesses 2 --dist loadgroup $(TESTS)

check: setup     ## Lint, types, import layers, portable SQL
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) python -m claimlake.lake.portable

bench: setup     ## Time what we claim to be fast, beside a peer in the same run
	$(RUN) python benchmarks/x12.py
	$(RUN) python benchmarks/extract.py

kill: setup      ## Kill a run a hundred times and compare its tables with an undisturbed run
	CLAIMLAKE_KILLS=100 $(RUN) pytest tests/test_kill.py

kill-extract: setup ## Kill the extract of databases a hundred times, at every step and in between
	CLAIMLAKE_KILLS=100 $(RUN) pytest -s tests/sources/test_kill_extract.py tests/sources/test_crash.py

fuzz: setup      ## Damage X12 files a hundred thousand times; each must be read and balanced, or held
	CLAIMLAKE_MUTANTS=$${CLAIMLAKE_MUTANTS:-100000} $(RUN) pytest -s tests/sources/x12/test_fuzz.py

airflow: setup   ## Parse the DAG of deploy/airflow with a real Airflow, in an environment of its own
	rm -rf .airflow && $(UV) venv --quiet .airflow
	$(UV) pip install --quiet --python .airflow/bin/python '$(AIRFLOW)'
	CLAIMLAKE_AIRFLOW=$(CURDIR)/.airflow/bin/python $(RUN) pytest tests/deploy

format: setup    ## Rewrite the code in the house format
	$(RUN) ruff check --fix .
	$(RUN) ruff format .

clean:           ## Remove environments and caches
	rm -rf .venv .tools .airflow .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
