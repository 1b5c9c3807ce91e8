# Prerequisites (Debian, Ubuntu), with Python 3.11 or newer: apt install git make python3-venv

# make               set up .venv and run the pre-registered checks (hebbsim verify); its table goes to build/verify
# make test          set up .venv and run the tests
# make lint, format  ruff and pyright; ruff's formatter
# make experiments   collect what is missing of every experiment's records, then draw its figure; not accelerator.py
# make figures       draw the figures from the records there are
# make pages         write the ledger, the gallery, the page and the README's tables from the results there are
# make results       all of results/: experiments, what their own scripts run, verify, verify --full, pages; about 6 hours
#                    on 2 cores, resumable; not results/bench and soak, which are times of a machine
# make mutants       put faults into the source one by one and see which tests notice; not part of make test
# make api           write hebbsim/API.md from the docstrings
# make clean         remove .venv and caches; results stay

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Not those that run on an accelerator, or that are computed and not sampled.
APART := experiments/_% experiments/accelerator.py experiments/density_evolution.py
EXPERIMENTS := $(filter-out $(APART),$(sort $(wildcard experiments/*.py)))

# Two files at a time, but for a test that takes times.
ALONE := test_reading_starts_within_seven_tenths_of_matplotlib

.DEFAULT_GOAL := verify
.PHONY: verify test mutants lint format experiments figures pages coded results api clean

verify: $(READY)
	$(BIN)/python -m hebbsim verify

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile --deselect tests/test_layers.py::$(ALONE)
	$(BIN)/python -m pytest tests/test_layers.py::$(ALONE)

mutants: $(READY)
	$(BIN)/python -m tests.mutants

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright --pythonpath $(BIN)/python

format: $(READY)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

experiments: $(READY)
	@set -e; for file in $(EXPERIMENTS); do \
		echo "$$file"; \
		$(BIN)/python -m hebbsim collect "$$file"; \
		$(BIN)/python -m hebbsim plot "$$file"; \
	done

figures: $(READY)
	@set -e; for file in $(EXPERIMENTS); do \
		echo "$$file"; \
		$(BIN)/python -m hebbsim plot "$$file"; \
	done

pages: $(READY)
	$(BIN)/python -m hebbsim ledger results --out results/LEDGER.md
	$(BIN)/python -m experiments._gallery
	$(BIN)/python -m hebbsim report results --readme README.md
	$(BIN)/python -m hebbsim report results --html results/report.html

# Two that are computed whole: made where they are missing.
results/coverage/cells.json: | $(READY)
	$(BIN)/python -m experiments.coverage

results/density_evolution/table.json: | $(READY)
	$(BIN)/python -m experiments.density_evolution

coded: $(READY)
	$(BIN)/python -m experiments.by_construction --large

results: results/coverage/cells.json results/density_evolution/table.json coded experiments
	$(BIN)/python -m hebbsim verify --out results/verify
	$(BIN)/python -m hebbsim verify --full --out results/verify-full
	$(MAKE) pages

api: $(READY)
	$(BIN)/python -m hebbsim.api

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	find hebbsim experiments tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last: a .venv without it was left half-made, and one older than pyproject.toml is out of date.
# Either is made anew.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "hebbsim needs Python 3.11 or newer, and '$(PYTHON)' is not: try make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "hebbsim needs the venv module of '$(PYTHON)': try apt install python3-venv" >&2; exit 1; }
	@echo "setting up .venv (about 2 minutes)"
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@
