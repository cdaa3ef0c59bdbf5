# The project's commands; the same ones run in CI. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SPEC ?= examples/digits.json
ARGS ?=
TORCH ?= torch==2.13.0
TESTS ?=
TEST_PROCESSES ?= 3
# Files in their own order: xdist would keep those with few tests, which are the longest, for the end.
PYTEST := OPENBLAS_NUM_THREADS=1 $(BIN)/pytest --numprocesses $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-cache-dir --quiet --quiet

.PHONY: help setup setup-dev setup-rivals setup-torch run check test test-fast test-torch lock clean bench-book bench-bookkeeping bench-certificate bench-edge bench-feeding bench-first bench-looking bench-page bench-portable bench-running bench-search bench-target bench-training chaos examples fuzz fuzz-uploads references screenshots site
.DEFAULT_GOAL := help

help:  ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-18s %s\n", $$1, $$2}'

setup: $(VENV)/.installed  ## create .venv and install what is pinned

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("hpsearch needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11") if sys.version_info < (3, 11) else None'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages into $(VENV) (about a minute)"
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

setup-dev: $(VENV)/.installed-dev  ## setup, and what the tests need

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	@echo "Installing the test tools into $(VENV)"
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

run: setup  ## start the service, run a search, show its best trials (SPEC=file.json, ARGS=--exit)
	@$(BIN)/hpsearch run $(SPEC) $(ARGS)

check: setup-dev  ## lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## check, then all tests or those of a path (TESTS=tests/unit/cli); CI runs the same, and test-torch where it can
	$(PYTEST) $(TESTS)

test-fast: setup-dev  ## the tests that start no process and open no socket, within a minute
	$(PYTEST) -m "not slow" $(or $(TESTS),tests/unit tests/numerics)

setup-torch: setup-dev  ## install PyTorch beside the test tools, for what compares with it (TORCH=torch==2.13.0)
	@$(PIP) install "$(TORCH)"

setup-rivals: setup-dev  ## install SMAC3 and Syne Tune beside the test tools, for make bench-search
	@$(PIP) install --require-hashes -r requirements-rivals.lock

test-torch: setup-dev  ## the tests that need PyTorch, after make setup-torch; `make test` skips them without it
	$(PYTEST) tests/numerics/test_against_pytorch.py tests/unit/search/test_sampling.py

lock: setup-dev  ## pin all packages again, with hashes and without addresses
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --upgrade --group build pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --upgrade --group build --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(BIN)/uv pip compile -q --universal --generate-hashes --no-header --upgrade --group rivals -c requirements-dev.lock -o requirements-rivals.lock

clean:  ## remove .venv and caches; the data folder stays
	rm -rf $(VENV) .venv-* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

examples: setup-dev  ## the book's experiments in full, and their pictures for docs/images/book (ARGS="6.1-optimizers"; HPSEARCH_TEST_DATA: folder of mnist.npz)
	$(BIN)/python -m harness.book $(ARGS)

bench-book: setup-dev  ## the book's random search beside ours, for the same epochs (ARGS="--seeds 5"; HPSEARCH_TEST_DATA as above)
	$(BIN)/python -m benchmarks.book_gain $(ARGS)

bench-bookkeeping: setup-dev  ## what it costs to record a trial, beside Optuna's storage (ARGS=--quick)
	$(BIN)/python -m benchmarks.bookkeeping $(ARGS)

bench-certificate: setup-dev  ## how often a certificate is right, beside the truth (ARGS="--quick"; resumable; HPSEARCH_TEST_DATA: folder of mnist.npz)
	$(BIN)/python -m benchmarks.certificate $(ARGS)

bench-page: setup-dev  ## weight of the pages, time to draw a job of 10,000 trials, first paint in Chromium while all cores train
	$(BIN)/python -m benchmarks.pages

references: setup-dev  ## write docs/reference again, from the code and docs/openapi.json
	$(BIN)/python -m harness.references

site: setup-dev  ## the documentation as a site, in build/site; a link that leads nowhere is an error
	$(BIN)/python -m harness.site

screenshots: setup-dev  ## pictures of the job page and of networks for docs/images, from real searches (HPSEARCH_TEST_DATA as above)
	$(BIN)/python -m harness.screenshots

bench-looking: setup-dev  ## processor time of a look at a job, and of a 304
	$(BIN)/python -m benchmarks.looking $(ARGS)

bench-portable: setup-dev  ## what --portable costs on this processor (ARGS="--turns 5")
	$(BIN)/python -m benchmarks.portable_price $(ARGS)

bench-running: setup-dev  ## how busy workers are, and how good estimates are (HPSEARCH_TEST_DATA: folder of mnist.npz)
	$(BIN)/python -m benchmarks.running $(ARGS)

bench-edge: setup-dev  ## the HTTP side under load while all cores train: latencies, hostile bodies, memory (ARGS=--quick)
	$(BIN)/python -m benchmarks.edge_load $(ARGS)

bench-feeding: setup-dev  ## how busy many workers are kept, by legs that only take their time (ARGS="--workers 64 --seconds 4")
	$(BIN)/python -m benchmarks.feeding $(ARGS)

bench-first: setup-dev  ## from the POST to the first report, also right after a start (ARGS="--starts 5"; HPSEARCH_TEST_DATA as above)
	$(BIN)/python -m benchmarks.first_report $(ARGS)

bench-search: setup-dev  ## the regret of what searches recommend, beside Optuna alone (ARGS="--tables FOLDER" replays recorded trainings, ARGS=--quick; HPSEARCH_TEST_DATA as above)
	$(BIN)/python -m benchmarks.search_quality $(ARGS)

bench-target: setup-dev  ## from the POST to an accuracy of 0.95 on MNIST, beside Optuna with PyTorch; after make setup-torch (resumable; HPSEARCH_TEST_DATA as above)
	$(BIN)/python -m benchmarks.time_to_target $(ARGS)

bench-training: setup-dev  ## our training step against PyTorch's, after make setup-torch (ARGS=--quick)
	$(BIN)/python -m benchmarks.training_speed $(ARGS)

fuzz: setup-dev  ## odd requests by the ten thousand, on both databases (ARGS="--cases 5000 --extremes 500 --databases sqlite"; ARGS="--cases 1000 --databases sqlite --scope read")
	$(BIN)/python -m harness.fuzz $(ARGS)

fuzz-uploads: setup-dev  ## mutated files to a real server: kept or refused, and nothing left (ARGS="--count 5000 --seed 1")
	$(BIN)/python -m benchmarks.fuzz_uploads $(ARGS)

chaos: setup-dev  ## a search under fire: kill its workers and its server at random, then audit it (ARGS="--kills 100 --trials 1500 --database postgresql --seed 1")
	$(BIN)/python -m benchmarks.chaos $(ARGS)
