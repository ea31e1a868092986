# The entrance to everything. Needs make, and uv 0.9 or newer or Python 3.9 or newer with venv and pip; the rest is
# downloaded into this folder.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# Nothing here may reach an AWS account that the caller happens to be logged in to.
unexport $(filter AWS_%,$(.VARIABLES))
export AWS_CONFIG_FILE := /dev/null
export AWS_SHARED_CREDENTIALS_FILE := /dev/null
export AWS_EC2_METADATA_DISABLED := true
export SAM_CLI_TELEMETRY := 0
comma := ,
space := $() $()
export NO_PROXY := 127.0.0.1,localhost$(if $(NO_PROXY),$(comma)$(NO_PROXY))


# uv from the PATH when it is recent enough, else a copy of its own.
UV_VERSION := 0.13.9
UV := $(shell uv --version 2>/dev/null | awk 'END { split($$2, v, "."); exit !(NR && (v[1] > 0 || v[2] >= 9)) }' \
	&& echo uv || echo .uv/bin/uv)
# `make VENV=build/python-3.12 UV_PYTHON=3.12 demo` runs on another Python, without touching .venv.
VENV := .venv
PYTHON := $(VENV)/bin/python
export UV_PROJECT_ENVIRONMENT = $(VENV)
SAM := $(UV) run --quiet --isolated --frozen --python $(PYTHON) --only-group sam sam

# Ends a recipe with one sentence: cause and cure.
stop = { echo "$(strip $(1))." >&2; exit 1; }

.PHONY: help demo test test-fast up bench check build
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/.synced ## show the whole product at work on this machine
	@$(PYTHON) -m local.demo

test: $(VENV)/.synced ## run every test
	@$(PYTHON) tests/browser/chromium.py || true
	@$(PYTHON) -m pytest --numprocesses auto --dist loadgroup $(ARGS)

test-fast: $(VENV)/.synced ## run the tests that need no deployed stack, for the loop of change and run
	@$(PYTHON) -m pytest --numprocesses auto --dist loadgroup --ignore=tests/house/test_emulator.py \
		tests/unit tests/contract tests/doors tests/house $(ARGS)

up: $(VENV)/.synced ## start the product on this machine and stay, until Ctrl-C
	@exec $(PYTHON) -m local

bench: $(VENV)/.synced ## measure it, into build/bench.json
	@$(PYTHON) -m bench

# ---------------------------------------------------------------------------------------------------- environment
.uv/bin/uv:
	@command -v python3 >/dev/null || $(call stop,Python 3 is missing: install it (apt-get install python3 python3-venv))
	@echo "Downloading uv $(UV_VERSION), which installs the packages, into .uv"
	@python3 -m venv .uv || $(call stop,python3 cannot create a virtual environment: see above)
	@.uv/bin/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION) \
		|| $(call stop,uv could not be downloaded: check the network or install uv 0.9 or newer)

# 3.13 first: the functions run on it at AWS. Only what is missing is downloaded. pyenv keeps its versions off the PATH.
PYTHONS := $(or $(UV_PYTHON),3.13 3.12 3.14)
PYENV := $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.1[234]*/bin)
FIND_PYTHON = PATH="$$PATH$(subst $(space),,$(PYENV:%=:%))" $(UV) python find --system --no-project

$(VENV)/.synced: uv.lock pyproject.toml | $(filter .uv/%,$(UV))
	@for version in $(PYTHONS); do \
		python=$$($(FIND_PYTHON) --no-python-downloads $$version 2>/dev/null) && break; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Downloading Python $(firstword $(PYTHONS)), because this machine has none of: $(PYTHONS)"; \
		{ $(UV) python install --quiet $(firstword $(PYTHONS)) && python=$$($(FIND_PYTHON) $(firstword $(PYTHONS))); } 2>/dev/null \
			|| $(call stop,This machine has no Python $(subst $(space),$(comma) ,$(PYTHONS)) and cannot download it: install Python 3.12 or newer \
				(apt-get install python3.12)); \
	fi; \
	echo "Installing the packages of uv.lock into $(VENV), for $$($$python --version)"; \
	$(UV) sync --quiet --locked --python $$python || $(call stop,The packages could not be installed: see above)
	@touch $@

# ---------------------------------------------------------------------------------------------------- checks
CHECKS := types template sam format lint imports spelling lock
.PHONY: $(CHECKS:%=check-%)
check: $(VENV)/.synced ## format, lint, types, import rules, template, spelling
	@$(MAKE) --jobs 2 --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync) $(CHECKS:%=check-%)

check-format:
	@echo "format: ruff format" && $(VENV)/bin/ruff format --quiet --check .
check-lint:
	@echo "lint: ruff check" && $(VENV)/bin/ruff check --quiet .
check-types:
	@echo "types: mypy --strict" && $(VENV)/bin/mypy --no-error-summary
check-imports:
	@echo "imports: lint-imports" && $(VENV)/bin/lint-imports --no-logo
check-template:
	@echo "template: cfn-lint" && $(VENV)/bin/cfn-lint template.yaml
check-sam:
	@echo "template: sam validate --lint" && $(SAM) validate >/dev/null
check-spelling:
	@echo "spelling: codespell" && $(VENV)/bin/codespell
check-lock:
	@echo "lock: uv.lock belongs to pyproject.toml" && $(UV) lock --quiet --check

# ---------------------------------------------------------------------------------------------------- build
build: $(VENV)/.synced ## build what would be deployed, into .aws-sam
	@mkdir -p build && { $(SAM) build >build/sam.log 2>&1 || { cat build/sam.log; false; }; }
	@$(PYTHON) -m local.build check

# Called by `sam build`, for each function and the layer, with the folder to fill.
build-%Function:
	@$(PYTHON) -m local.build function $*Function "$(ARTIFACTS_DIR)"
build-DependenciesLayer:
	@$(PYTHON) -m local.build layer "$(ARTIFACTS_DIR)"
