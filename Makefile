# `make` alone lists what can be made. Variables that may be set: PYTHON, VENV, WORKERS, ARGS, and those of `.env.example`.

SHELL := /bin/sh
VENV ?= .venv
PYTHON ?=
ARGS ?=

# Installing compiles nothing; what is imported is compiled once and kept, whatever the shell says. Without that each of
# the many processes that tests start would compile all it imports: 12 s each in place of 3.
export PYTHONDONTWRITEBYTECODE :=

BIN := $(VENV)/bin
INSTALL := PYTHON='$(PYTHON)' sh deploy/virtual-environment.sh
# One more than there are processors, since some tests wait for processes; Redis has eight databases for them.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN); n=$$((n + 1)); [ $$n -le 8 ] && echo $$n || echo 8)
# Without `extraction`, which needs a corpus beside the project.
BENCHMARKS := trending gaps roadmap ranking match_scores storing serving auth_me admin
SOURCES := accounts career_navigator fixtures ingestion learning market projects skills

.PHONY: help run test coverage test-cluster lint types docs bench seed openapi examples client requirements install install-dev install-test

help: ## List these targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do \
		printf '  make %-13s %s\n' "$$name" "$$text"; done

run: install ## Start everything on this machine; Ctrl-C stops it (PORT=8000, VAR_DIR=var)
	@exec $(BIN)/python manage.py run --end-with-parent $(ARGS)

test: install-test ## Run all tests on servers of their own
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

coverage: install-test ## Run all tests and measure what they cover (at least 95 % of branches; slower)
	@exec $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov $(ARGS)

test-cluster: install-test ## Replace MongoDB's primary and the Redis master amid all the work (some minutes)
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

types: install-dev ## Check types alone
	$(BIN)/mypy $(SOURCES) manage.py conftest.py

bench: install-dev ## Measure speed, a table for each benchmark (BENCH=trending ARGS=... for one alone)
	@set -e; for name in $(or $(BENCH),$(BENCHMARKS)); do echo "== $$name"; $(BIN)/python -m benchmarks.$$name $(ARGS); done

seed: install ## Load skills, learning resources and project ideas (into a running install)
	@exec $(BIN)/python manage.py seed $(ARGS)

openapi: install ## Write the API's description to docs/openapi.json
	@mkdir -p docs
	$(BIN)/python manage.py spectacular --validate --fail-on-warn --format openapi-json --file docs/openapi.json

docs: install-dev ## Build the documentation site in var/site; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict $(ARGS)

examples: install ## Record the examples of the API's description again, from a demonstration of its own
	@sh deploy/record-examples.sh $(BIN)

client: install-dev ## Write a Python client and TypeScript types to clients/ (the types need Node.js 18 or newer)
	@sh deploy/generate-clients.sh $(BIN) clients

requirements: install-dev ## Pin what pyproject.toml asks for (ARGS=--upgrade: the newest versions)
	sh deploy/pin-requirements.sh $(or $(ARGS),--write) $(BIN)/uv

install:
	@$(INSTALL) $(VENV) requirements.txt

install-dev:
	@$(INSTALL) $(VENV) requirements.txt requirements-dev.txt

install-test:
	@$(INSTALL) --browser $(VENV) requirements.txt requirements-dev.txt
