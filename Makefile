# make demo: a sentiment model on this machine, from nothing but Python.    make test: every test.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check fmt bench results main-path pretraining

demo: $(READY)
	$(BIN)/suite run plugins/sentiment

test: $(READY)
	$(BIN)/python -m pytest

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: results pretraining

# NLPSUITE_DATA names the data; a row that is done is not run again; make results ROWS="sst2-scratch" runs some.
results: $(READY)
	$(BIN)/python benchmarks/tasks.py $(ROWS)

# The rows of pretraining and the first task.
main-path: $(READY)
	$(BIN)/python benchmarks/results.py

# Speed, time to a loss, ablations and BLiMP of pretraining, beside peers: about five hours, and nothing else may run.
pretraining: $(READY)
	$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[bench]'
	$(BIN)/python benchmarks/pretrain_speed.py
	$(BIN)/python benchmarks/time_to_loss.py
	$(BIN)/python benchmarks/ablations.py
	$(BIN)/python benchmarks/blimp.py nano

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
