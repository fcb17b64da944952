# The only entry points: people and CI call the same ones.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEMO := build/demo

.PHONY: help demo test check format bench clean

help:
	@echo "make demo    install, save the example models, inspect one, run it"
	@echo "make test    install, run the whole test suite"
	@echo "make check   ruff, format check, mypy strict"
	@echo "make format  let ruff put the code in order"
	@echo "make bench   measure the figures of the README"
	@echo "make clean   remove what make made"

$(INSTALLED): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	$(BIN)/python -m compileall -q tfexport
	@touch $@

demo: $(DEMO)/custom_dense $(DEMO)/text_classifier $(DEMO)/encoder $(DEMO)/x.npy
	$(BIN)/tfexport inspect $(DEMO)/custom_dense
	$(BIN)/tfexport run $(DEMO)/custom_dense --input $(DEMO)/x.npy

$(DEMO)/custom_dense: models/custom_dense.py | $(INSTALLED)
	$(BIN)/tfexport save models.custom_dense:CustomDense --spec None,5 -o $@ --force --quiet

$(DEMO)/text_classifier: models/text_classifier.py | $(INSTALLED)
	$(BIN)/tfexport save models.text_classifier:TextClassifier -o $@ --force --quiet

$(DEMO)/encoder: models/encoder.py | $(INSTALLED)
	$(BIN)/tfexport save models.encoder:Encoder -o $@ --force --quiet

$(DEMO)/x.npy: | $(INSTALLED)
	@mkdir -p $(@D)
	$(BIN)/python -c "import numpy; numpy.save('$@', numpy.arange(10, dtype='float32').reshape(2, 5))"

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(INSTALLED)
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
