# One command each: make demo (install and run the main job), make test (format, lint, types, tests).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MACHINES := ws256,osa256,osb256,osc256,is256,nlr256,rs256

.PHONY: demo test test-all quick proof bench validation notebooks install clean

demo: install
	$(BIN)/accelsim compare alexnet --arch $(MACHINES) --batch 16 --out out/

install: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/developed: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

test: $(VENV)/developed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2

# The extras (ONNX, PyTorch, a cluster, an optimiser, Parquet, notebooks, a browser) have an environment of their own, so
# that make test stays on the base install. tests/browser need Chromium (apt-get install chromium), or its path in
# ACCELSIM_CHROMIUM.
test-all: $(VENV)-all/developed
	$(VENV)-all/bin/python -m pytest tests/extras tests/browser

$(VENV)-all/developed: pyproject.toml
	$(PYTHON) -m venv $(VENV)-all
	$(VENV)-all/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,interop,dask,guided,parquet,notebooks,browser]'
	touch $@

quick: $(VENV)/developed
	$(BIN)/python -m pytest -n 2 --ignore=tests/test_docs.py

proof: $(VENV)/developed
	$(BIN)/python -m pytest -m exhaustive -n 2

# The page docs/validation and its figures.
validation: $(VENV)/installed
	$(BIN)/python -m accelsim.validation.page docs/validation

# The notebooks of docs/notebooks, run again and stored with what they show.
notebooks: $(VENV)-all/developed
	$(VENV)-all/bin/python docs/notebooks/execute.py

bench: $(VENV)/developed
	$(BIN)/python benchmarks/evaluate.py

clean:
	rm -rf $(VENV) $(VENV)-all out
