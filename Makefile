# The one entrance. Needs Python 3 (3.9 or newer) and make; everything else it fetches itself, into this folder.

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
export NO_PROXY := 127.0.0.1,localhost$(if $(NO_PROXY),$(comma)$(NO_PROXY))


# uv from the PATH when it is recent enough, else a copy of its own.
UV_VERSION := 0.13.9
UV := $(shell uv --version 2>/dev/null | awk 'END { split($$2, v, "."); exit !(NR && (v[1] > 0 || v[2] >= 9)) }' \
	&& echo uv || echo .uv/bin/uv)
PYTHON := .venv/bin/python
SAM := $(UV) run --quiet --isolated --frozen --only-group sam sam

.PHONY: help demo test up bench check build
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/.synced ## show the whole product at work on this machine
	@$(PYTHON) -m local.demo

test: .venv/.synced ## run every test
	@$(PYTHON) tests/browser/chromium.py || true
	@$(PYTHON) -m pytest --numprocesses auto --dist loadgroup $(ARGS)

up: .venv/.synced ## start the product on this machine and stay, until Ctrl-C
	@exec $(PYTHON) -m local

bench: .venv/.synced ## measure it, into build/bench.json
	@$(PYTHON) -m bench

# ---------------------------------------------------------------------------------------------------- environment
.uv/bin/uv:
	@echo "Fetching uv $(UV_VERSION) into .uv"
	@python3 -m venv .uv || PYENV_VERSION=system python3 -m venv .uv # where pyenv knows .python-version but lacks it
	@.uv/bin/python -m pip install -qq --disable-pip-version-check uv==$(UV_VERSION)

# uv finds Python 3.13 by .python-version: the system's, pyenv's, or one it downloads.
.venv/.synced: uv.lock pyproject.toml .python-version | $(filter .uv/%,$(UV))
	@echo "Installing the packages of uv.lock into .venv"
	@$(UV) sync --quiet --locked
	@touch $@

# ---------------------------------------------------------------------------------------------------- checks
CHECKS := types template sam format lint imports spelling lock
.PHONY: $(CHECKS:%=check-%)
check: .venv/.synced ## format, lint, types, import rules, template, spelling
	@$(MAKE) --jobs 2 --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync) $(CHECKS:%=check-%)

check-format:
	@echo "format: ruff format" && .venv/bin/ruff format --quiet --check .
check-lint:
	@echo "lint: ruff check" && .venv/bin/ruff check --quiet .
check-types:
	@echo "types: mypy --strict" && .venv/bin/mypy --no-error-summary
check-imports:
	@echo "imports: lint-imports" && .venv/bin/lint-imports --no-logo
check-template:
	@echo "template: cfn-lint" && .venv/bin/cfn-lint template.yaml
check-sam:
	@echo "template: sam validate --lint" && $(SAM) validate >/dev/null
check-spelling:
	@echo "spelling: codespell" && .venv/bin/codespell
check-lock:
	@echo "lock: uv.lock belongs to pyproject.toml" && $(UV) lock --quiet --check

# ---------------------------------------------------------------------------------------------------- build
build: .venv/.synced ## build what would be deployed, into .aws-sam
	@mkdir -p build && { $(SAM) build >build/sam.log 2>&1 || { cat build/sam.log; false; }; }
	@$(PYTHON) -m local.build check

# Called by `sam build`, for each function and the layer, with the folder to fill.
build-%Function:
	@$(PYTHON) -m local.build function $*Function "$(ARTIFACTS_DIR)"
build-DependenciesLayer:
	@$(PYTHON) -m local.build layer "$(ARTIFACTS_DIR)"
