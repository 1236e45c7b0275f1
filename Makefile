# Two commands on a fresh machine with Python >= 3.11: `make study` and `make test`. Both set themselves up in .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WORKERS ?= 2

.PHONY: study test bench setup check clean

# the stall itself, then the search for who avoids it and at what price
study: $(VENV)/.core
	$(BIN)/gfplab run studies/scenarios/s1_dm_crypt_swap.toml --stacks
	$(BIN)/gfplab study run studies/dm_crypt_stall.toml --workers $(WORKERS)

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n $(WORKERS)

bench: $(VENV)/.dev
	$(BIN)/pip install -q --disable-pip-version-check -e '.[bench]'
	for b in tests/bench/engine_bench.py tests/bench/mempool_micro.py tests/bench/bench_s1.py tests/bench/bench_rig.py tests/bench/bench_decision.py; do $(BIN)/python $$b || exit 1; done

check: $(VENV)/.dev
	$(BIN)/ruff check platform plugins tests
	$(BIN)/ruff format --check platform plugins tests

setup: $(VENV)/.dev

# pip prints harmless location warnings on some machines; only its errors matter here
$(VENV)/.core: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e . 2>&1 | grep -v '^WARNING: Location' || true
	$(BIN)/python -c 'import gfplab'
	touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.core
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]' 2>&1 | grep -v '^WARNING: Location' || true
	$(BIN)/python -c 'import pytest, hypothesis, xdist'
	touch $@

clean:
	rm -rf $(VENV) build dist
