# Two commands: `make demo` and `make test`. Both set up what they need in .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install demo test test-all nightly coverage assets wheel lint clean

install: $(VENV)/.installed assets

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "MAST needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@


# third-party browser files, fetched by npm as package-lock.json says; quick when they are there
assets: $(VENV)/.installed
	$(BIN)/python scripts/assets.py

# dist/mast_lims-….whl with its browser files and its bill of materials; the same commit gives the same bytes
wheel: install
	$(BIN)/hatchling build -t wheel -d dist

demo: install
	$(BIN)/mast demo

# Lint, types and import contracts are tests too: tests/architecture runs them.
# One BLAS thread for each worker: their threads would wait for each other on two cores. One worker drives the browsers
# (tests/support/order.py); with a third worker beside it they miss their deadlines.
# Compiled modules are kept (PYTHONDONTWRITEBYTECODE= empty): the tests start `mast` and its readers some hundred times.
FOR_TESTS := PYTHONDONTWRITEBYTECODE= OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
PYTEST := $(FOR_TESTS) $(BIN)/python -m pytest -n 2 --dist loadfile
# Every behaviour once, in minutes: before each change.
test: install
	$(PYTEST) --tier quick $(PYTEST_ARGS)

# The rest: the same on PostgreSQL, and what is marked `long` (tests/support/tiers.py). Before a change lands.
test-all: install
	$(PYTEST) --tier rest $(PYTEST_ARGS)

# The long forms: the rules of the client page over ten times as many generated pages, kills, screens, rows and an outage as
# docs promise them (tests/support/budget.py); then whether each test of a rule notices its rule switched off.
nightly: install
	MAST_TEST_LONG=1 MAST_PAGES=20000 $(PYTEST) --tier full --timeout 7200 $(PYTEST_ARGS)
	$(BIN)/python scripts/mutation_of_rules.py

# Fails below the share of branches of `instruments` or `spectra` that pyproject.toml asks for.
coverage: install
	$(BIN)/python scripts/coverage_of_science.py

lint: install
	$(BIN)/ruff check .
	$(BIN)/python scripts/check_templates.py

clean:
	rm -rf $(VENV) node_modules app/static/vendor .setup
