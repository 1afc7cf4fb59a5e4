# What one can do here; each word is said in README.md. Everything goes into .venv and .state.

PYTHON := .venv/bin/python
PIP := $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-compile
# What was installed is compiled by all cores; pip would do it with one. A file that cannot be
# compiled is one that is never imported.
COMPILE := $(PYTHON) -m compileall -qq -j 0 .venv/lib
# The typefaces of the tests are made beside, by a core that pip leaves idle.
FACES := $(PYTHON) -c 'from pathlib import Path; from border.paper.fonts import prepare_fonts; \
    prepare_fonts(Path(".state/tests"))'
PACKAGES := api border customs logistics
BROWSERS := chromium chromium-browser
# Processes that run tests, each with servers of its own; 0 runs them in one, to look into. Three to
# two cores: a test waits for its servers and its browser a third of its time.
WORKERS ?= $(shell echo $$(( $$(nproc) * 3 / 2 )))

# Modules once compiled are kept, whatever the shell says: every process that runs tests would else
# compile the tests and the program anew, which takes ten seconds of a processor.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-slow test-servers check lint install bench kill docs clean chromium libgomp

run: .venv/runtime.done
	@$(if $(PORT),BORDER_PORT=$(PORT)) exec .venv/bin/border demo

# All but the slow part, unless a part is asked for by name.
test: .venv/development.done chromium libgomp
	$(PYTHON) -m pytest -n $(WORKERS) --dist worksteal $(or $(TESTS),-m "not slow")

test-slow: .venv/development.done libgomp
	$(PYTHON) -m pytest -m slow $(TESTS)

# What touches servers once more, on servers that are there already, in a database of the run's own.
# One process: two databases of one cluster would hold back each other's feed. Without the pages:
# they draw what the services read, which is read here.
test-servers: .venv/development.done chromium libgomp
	BORDER_DATABASE_URL="$${BORDER_DATABASE_URL:-postgresql://postgres@127.0.0.1:5432/postgres}" \
	BORDER_REDIS_URL="$${BORDER_REDIS_URL:-redis://127.0.0.1:6379/9}" \
	$(PYTHON) -m pytest -m "servers and not browser and not once and not slow" --ignore=tests/api/pages $(TESTS)

lint: .venv/development.done
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

check: lint
	$(PYTHON) -m pytest tests/test_house.py tests/test_docs.py tests/test_readme.py \
	    tests/api/test_language.py

bench: .venv/development.done
	$(PYTHON) -m bench

# Kills the program under load, over and over; SEED=… repeats a run.
MINUTES ?= 20
kill: .venv/development.done
	$(PYTHON) -m bench.kill --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))

docs: .venv/development.done
	$(PYTHON) -m api.documents

# The data in .state stay: they are yours to delete.
clean:
	rm -rf .venv .mypy_cache .ruff_cache .hypothesis build *.egg-info
	find $(PACKAGES) tests bench -name __pycache__ -prune -exec rm -rf {} +

# The environment is made once; these files say that it is up to date.

.venv/bin/python:
	@for python in python3 python3.13 python3.12 python3.11; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Building .venv with $$($$python --version)"; \
	        $$python -m venv .venv && exit 0; \
	        rm -rf .venv; \
	        echo "$$python could not make an environment. On Debian: apt-get install python3-venv"; \
	        exit 1; \
	    fi; \
	done; \
	echo "This needs Python 3.11 or newer. Install it, then run make again."; exit 1

.venv/runtime.done: requirements.txt pyproject.toml | .venv/bin/python
	$(PIP) -r requirements.txt
	$(PIP) --no-build-isolation --no-deps --editable .
	-@$(COMPILE)
	@touch $@

install: .venv/development.done chromium libgomp

.venv/development.done: requirements-dev.txt .venv/runtime.done
	@$(FACES) & $(PIP) -r requirements-dev.txt && wait
	-@$(COMPILE)
	@touch $@

# What pip cannot bring: $(call bring,PACKAGE,TEST,WHY) installs it where one may, else names it.
define bring
@found() { $(2); }; \
if ! found >/dev/null 2>&1; then \
    if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
        apt-get update -qq && \
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(1); \
    else \
        echo "$(3). Run: sudo apt-get install -y $(1)"; exit 1; \
    fi; \
fi; \
found >/dev/null 2>&1
endef

chromium:
	$(call bring,chromium,for name in $(BROWSERS); do command -v $$name && return; done; return 1,The browser tests need Chromium)

libgomp: .venv/development.done
	$(call bring,libgomp1,$(PYTHON) -c 'import lightgbm',The ranker of declarations needs libgomp)
