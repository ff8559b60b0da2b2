# make lab     builds everything and opens JupyterLab on the quickstart notebooks
# make test    all checks and tests, browser stories included; long suites by a fixed, printed, seeded share
# make help    the rest

PYTHON ?= python3
VENV ?= .venv
PLAYGROUND ?= playground
PYTEST_ARGS ?=
# A test waits for processes most of its time: two at once, each file in one of them.
WORKERS ?= 2
# Real processes, disks and clocks: what fails is run once more, and named in the summary (RERUN) if it then passes.
PYTEST = python -m pytest -n $(WORKERS) --dist loadfile --reruns 1 -rfERs

export VIRTUAL_ENV := $(abspath $(VENV))
export PATH := $(VIRTUAL_ENV)/bin:$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Modules are compiled when they are first imported: most of the libraries never are.
export PIP_COMPILE := 0
export JUPYTER_PLATFORM_DIRS := 0
unexport PYTHONPATH PYTHONHOME
# Else every recorder, kernel and `ds` compiles the package anew: a third of a second each.
unexport PYTHONDONTWRITEBYTECODE

STAMPS := $(VENV)/.stamps
FRONT_SOURCES := $(shell find labextension/src labextension/style labextension/schema -type f 2>/dev/null) \
	labextension/tsconfig.json package.json
SHARED_DATA := install.json $(wildcard jupyter-config/*/*)
BUILT := dotscience_jlab/labextension/static/style.js

.PHONY: help lab test test-slow check bench front install browser strace wheel clean

help:
	@sed -n 's/^# //p' $(MAKEFILE_LIST)

# make check     style and layers only, in seconds
check: $(STAMPS)/test
	ruff check .
	python -m pytest -q tests/test_layers.py tests/test_house.py

test: $(STAMPS)/test browser strace
	ruff check .
	npm test --silent
	$(PYTEST) tests $(PYTEST_ARGS)
	$(PYTEST) ui-tests $(PYTEST_ARGS)

# make test-slow  every long suite whole
test-slow: $(STAMPS)/test browser strace
	ruff check .
	npm test --silent
	$(PYTEST) tests --whole $(PYTEST_ARGS)
	$(PYTEST) ui-tests --whole $(PYTEST_ARGS)

# make bench     what it costs, each as a ratio to its limit or to a peer taken in the same run
bench: $(STAMPS)/test
	@for file in bench/*.py; do case $$file in */_*) ;; *) echo "== $$file"; python $$file || exit 1;; esac; done

lab: $(STAMPS)/lab
	@mkdir -p $(PLAYGROUND)
	@for notebook in binder/quickstart/*.ipynb; do cp -n $$notebook $(PLAYGROUND)/ 2>/dev/null || true; done
	@ds init $(PLAYGROUND)
	cd $(PLAYGROUND) && jupyter lab $$(test "$$(id -u)" = 0 && echo --allow-root) 1-clean.ipynb

# make wheel     dist/*.whl with the built front end in it
wheel: $(STAMPS)/front
	HATCH_JUPYTER_BUILDER_SKIP_NPM=1 python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

# make front     the front end alone
front: $(STAMPS)/front
install: $(STAMPS)/test
browser:
	@tools/bring-browser
strace:
	@tools/bring-strace

# make clean     all that was built, this environment included; never a history (.dotscience) or your playground
clean:
	rm -rf $(VENV)/.stamps dist labextension/lib labextension/tsconfig.tsbuildinfo dotscience_jlab/labextension \
		.pytest_cache .ruff_cache .hypothesis ui-tests/screenshots node_modules
	@if [ -f $(VENV)/.made-by-make ]; then rm -rf $(VENV); fi

# --- steps, each done once ---------------------------------------------------------------------

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed: make PYTHON=python3.11" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $(VENV)/.made-by-make

# What builds the package is read from pyproject.toml, and installed here so that a build needs no second environment.
$(STAMPS)/build-tools: pyproject.toml | $(VENV)/bin/python
	python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| python -m pip install --quiet --requirement /dev/stdin
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/npm: package-lock.json | $(VENV)/bin/python
	tools/bring-node
	npm ci --no-fund --no-audit --loglevel=error
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/front: $(STAMPS)/build-tools $(STAMPS)/npm $(FRONT_SOURCES)
	npm run --silent build:prod
	@test -f $(BUILT) && touch $@

# Editable: Python comes from this tree; the front end and the start-up files are copied under the environment's prefix.
$(STAMPS)/lab: $(STAMPS)/front $(SHARED_DATA)
	HATCH_JUPYTER_BUILDER_SKIP_NPM=1 python -m pip install --quiet --no-build-isolation --editable '.[examples]'
	@touch $@

$(STAMPS)/test: $(STAMPS)/front $(SHARED_DATA)
	HATCH_JUPYTER_BUILDER_SKIP_NPM=1 python -m pip install --quiet --no-build-isolation --editable '.[test]'
	@touch $@ $(STAMPS)/lab
