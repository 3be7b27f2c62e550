# make demo: a sentiment model on this machine, from nothing but Python.    make test: every test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test faults check fmt bench results main-path pretraining

demo: $(READY)
	$(BIN)/suite run plugins/sentiment

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile

faults: $(READY)
	$(BIN)/python -m pytest -n 2 --dist loadfile -m fault --all-faults

check: $(READY)
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

fmt: $(READY)
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: results pretraining  # NLPSUITE_DATA names the data; a row that is done is not run again; make results ROWS="sst2-scratch" runs some.
results: $(READY)
	$(BIN)/python benchmarks/tasks.py $(ROWS)

main-path: $(READY)
	$(BIN)/python benchmarks/results.py

# Speed, ablations, objectives and BLiMP of pretraining, and time to a loss beside peers: ten hours in which nothing else may run.
pretraining: $(READY)
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[bench]'
	for each in pretrain_speed ablations objectives time_to_loss; do $(BIN)/python benchmarks/$$each.py || exit; done
	$(BIN)/python benchmarks/blimp.py nano

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
