# make demo   the example gallery, filled and served       (SERVE=0: stop after the table)
# make test   the whole test suite, with every extra       (ARGS="-k name": what pytest takes)
#             on SQLite, and on PostgreSQL and MariaDB where they answer on this machine; with
#             Celery on Redis and RabbitMQ where these do (JOBS=2: two databases at a time)
# make lint   ruff, mypy, missing migrations
# make messages   bring the catalogues of translations up to date with the code
# make docs   the documentation, into docs/_build/html
# make bench  the measurements                             (ARGS: what benchmarks takes)
# make clean  remove what the above made, the example's data too
#
# Each makes its own virtual environment with the first Python ≥ 3.11 it finds; PYTHON=… names
# another one. PORT=… moves the gallery.

PORT  ?= 8000
SERVE ?= 1
ARGS  ?=
JOBS  ?= 1
PYTHON ?=

DEMO := .venv-demo
DEV  := .venv
DOCS := .venv-docs
MANAGE := example_project/manage.py
SOURCES := $(shell find django_nsfw -type f -not -name '*.pyc')
PIP := python -m pip --disable-pip-version-check --no-input

# What the surrounding shell sets must not reach into the environments.
unexport PYTHONPATH DJANGO_SETTINGS_MODULE VIRTUAL_ENV PIP_USER

.PHONY: help demo test lint messages docs bench clean
.DEFAULT_GOAL := help

help:
	@sed -n '/^# make/,/^#$$/s/^# \{0,1\}//p' Makefile

demo: $(DEMO)/.installed
	$(DEMO)/bin/python $(MANAGE) migrate --verbosity 0
	@echo
	@$(DEMO)/bin/python $(MANAGE) demo
	@if [ "$(SERVE)" != 0 ]; then \
	    echo "Gallery: http://127.0.0.1:$(PORT)/   Admin: http://127.0.0.1:$(PORT)/admin/"; \
	    exec $(DEMO)/bin/python $(MANAGE) runserver --noreload 127.0.0.1:$(PORT); \
	fi

test: $(DEV)/.installed
	JOBS=$(JOBS) $(DEV)/bin/python -m tests.databases $(ARGS)

lint: $(DEV)/.lint
	$(DEV)/bin/ruff check
	$(DEV)/bin/ruff format --check
	$(DEV)/bin/mypy
	$(DEV)/bin/python -m django makemigrations --check --dry-run --settings tests.settings \
	    --pythonpath . django_nsfw
	$(DEV)/bin/python -m django makemigrations --check --dry-run \
	    --settings tests.contrib.stored_files.settings --pythonpath . nsfw_stored_files
	NSFW_HOSTS=direct_uploads,editors $(DEV)/bin/python $(MANAGE) makemigrations --check --dry-run

messages: $(DEV)/.installed
	$(DEV)/bin/python -m tests.messages

docs: $(DOCS)/.installed
	$(DOCS)/bin/sphinx-build -W --keep-going -q -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

bench: $(DEV)/.installed
	$(DEV)/bin/python -m benchmarks $(ARGS)

clean:
	rm -rf $(DEMO) $(DEV) $(DOCS) docs/_build example_project/data build dist .mypy_cache .pytest_cache .ruff_cache
	find django_nsfw example_project tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(DEMO)/.installed: pyproject.toml $(SOURCES) | $(DEMO)/bin/python
	$(DEMO)/bin/$(PIP) install --quiet ".[opennsfw]" "scikit-image>=0.25"
	@touch $@

$(DEV)/.installed: pyproject.toml | $(DEV)/bin/python
	$(DEV)/bin/$(PIP) install --quiet --upgrade "pip>=25.1"
	$(DEV)/bin/$(PIP) install --quiet --editable ".[timm,transformers,export,onnx,opennsfw,heif,rest,pdq,evaluate,train]" --group test --group hosts
	@for group in postgresql mariadb; do \
	    $(DEV)/bin/$(PIP) install --quiet --group $$group >/dev/null 2>&1 || \
	        echo "The driver for $$group cannot be installed here; its tests will be left out."; \
	done
	@touch $@

$(DOCS)/.installed: pyproject.toml | $(DOCS)/bin/python
	$(DOCS)/bin/$(PIP) install --quiet --upgrade "pip>=25.1"
	$(DOCS)/bin/$(PIP) install --quiet --editable . --group docs
	@touch $@

$(DEV)/.lint: $(DEV)/.installed
	$(DEV)/bin/$(PIP) install --quiet --group lint
	@touch $@

%/bin/python:
	@for python in $(or $(PYTHON),python3.11 python3.12 python3.13 python3.14 python3 python); do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "$$python -m venv $*"; \
	        "$$python" -m venv --clear "$*" && exit 0; \
	        rm -rf "$*"; \
	        echo "$$python cannot make a virtual environment (see above)." >&2; exit 1; \
	    fi; \
	done; \
	echo "No Python 3.11 or newer found (looked for: $(or $(PYTHON),python3.11 … python3.14 python3 python))." >&2; \
	echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)" >&2; exit 1
