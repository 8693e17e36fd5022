# Run `make` to list the targets. Variables: PYTHON, VENV, WORKERS, ARGS, and the settings in `.env.example`.

SHELL := /bin/sh
VENV ?= .venv
PYTHON ?=
ARGS ?=

# Let Python write .pyc files even if the shell disables them. Nothing is compiled on installation, so each of the many
# processes that tests start would otherwise compile every import: 12 s instead of 3 s per process.
export PYTHONDONTWRITEBYTECODE :=

BIN := $(VENV)/bin
INSTALL := PYTHON='$(PYTHON)' sh deploy/virtual-environment.sh
# One worker more than there are processors, because some tests wait for processes. At most 8: the tests' Redis has
# eight databases.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); n=$$((n + 1)); [ $$n -le 8 ] && echo $$n || echo 8)
# `extraction` is not listed: it needs a corpus that is not part of the repository.
BENCHMARKS := trending gaps roadmap ranking match_scores storing serving auth_me admin
PACKAGES := accounts career_navigator fixtures ingestion learning market projects skills

.PHONY: help run test coverage test-cluster lint types docs bench seed openapi examples client requirements install install-dev install-test

help: ## List the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '  make %-13s %s\n' "$$name" "$$text"; done

run: install ## Start all services on this machine; Ctrl-C stops them (PORT=8000, VAR_DIR=var)
	@exec $(BIN)/python manage.py run --end-with-parent $(ARGS)

test: install-test ## Run all tests; they start their own servers
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

coverage: install-test ## Run all tests with branch coverage; fail below 95% (slower)
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov $(ARGS)

test-cluster: install-test ## Test failover of MongoDB and Redis under load (takes minutes)
	@exec $(BIN)/python -m pytest tests/cluster $(ARGS)

lint: install-dev ## Check style, types, imports, docs, container and workflow files, pins
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MAKE) --no-print-directory types
	$(BIN)/lint-imports
	$(BIN)/yamllint --strict --config-data '{extends: default, rules: {line-length: {max: 120}}}' docker-compose.yml .github
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/hadolint Dockerfile
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	sh deploy/pin-requirements.sh --check $(BIN)/uv

types: install-dev ## Check types only
	$(BIN)/mypy $(PACKAGES) benchmarks tests manage.py conftest.py

bench: install-dev ## Run the benchmarks, one table each (BENCH=trending ARGS=... runs only one)
	@set -e; for name in $(or $(BENCH),$(BENCHMARKS)); do echo "== $$name"; $(BIN)/python -m benchmarks.$$name $(ARGS); done

seed: install ## Load skills, learning resources and project ideas (into a running install)
	@exec $(BIN)/python manage.py seed $(ARGS)

openapi: install ## Write the OpenAPI document to docs/openapi.json
	@mkdir -p docs
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --format openapi-json --file docs/openapi.json

docs: install-dev ## Build the documentation site in var/site; fail on a broken link
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict $(ARGS)

examples: install ## Record the examples in the OpenAPI document again, from a fresh demonstration
	@sh deploy/record-examples.sh $(BIN)

client: install-dev ## Generate a Python client and TypeScript types in clients/ (types need Node.js 18 or newer)
	@sh deploy/generate-clients.sh $(BIN) clients

requirements: install-dev ## Pin the dependencies in pyproject.toml (ARGS=--upgrade takes the newest versions)
	sh deploy/pin-requirements.sh $(or $(ARGS),--write) $(BIN)/uv

install:
	@$(INSTALL) $(VENV) requirements.txt

install-dev:
	@$(INSTALL) $(VENV) requirements.txt requirements-dev.txt

install-test:
	@$(INSTALL) --browser $(VENV) requirements.txt requirements-dev.txt
