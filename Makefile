# Two commands matter: `make app` sets up and starts the studio, `make test` sets up and runs the tests.
PYTHON ?= python3
VENV ?= .venv
PORT ?= 8501
BIN := $(VENV)/bin

# An environment that was made only in part (no ensurepip, say) must not count as made the next time.
.DELETE_ON_ERROR:

.PHONY: app demo test faults lint check format bench clean

app: $(VENV)/.ready  ## Set up, then serve the studio on http://127.0.0.1:$(PORT)
	$(BIN)/python -m streamlit run app.py --server.port $(PORT)

demo: $(VENV)/.ready  ## The whole path in the terminal, on a built-in sample
	$(BIN)/python -m clf_core demo

test: $(VENV)/.ready-dev  ## Set up, then run every test, the browser's included
	$(BIN)/python scripts/ensure_chromium.py
	$(BIN)/python scripts/run_tests.py $(ARGS)

faults: $(VENV)/.ready-dev  ## Do every fault of docs/reliability.md to the studio and write down how many it survived
	$(BIN)/python scripts/ensure_chromium.py
	$(BIN)/python -m pytest -m fault --fault-table=docs/reliability.md tests

lint: $(VENV)/.ready-dev  ## Format, lint, types and import contract, without changing a file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## Everything CI checks

format: $(VENV)/.ready-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.ready-dev  ## The slow measurements; peers.py and presets.py need pictures of one's own
	@for script in $(filter-out benchmarks/peers.py benchmarks/presets.py,$(wildcard benchmarks/*.py)); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-output

# A stamp stands for a finished installation; it is older than a requirements file that has changed since.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The studio needs Python 3.11 or newer; name one with: make app PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.ready-dev: requirements-dev.txt requirements.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $(VENV)/.ready $@
