# Every target makes or updates .venv first; the work itself is Python, in compose/bare/.
PYTHON ?= python3
IN_VENV := @exec $(PYTHON) -m compose.bare.bootstrap
BARE := $(IN_VENV) python -m compose.bare
# In the running production stack: the image that runs is the one that backs up and restores.
STACK := COMPOSE_FILE=$${COMPOSE_FILE:-production.yml} docker compose
BACKUPS := $(STACK) exec -T backup compose/production/django/start/entrypoint backups
# jsonschema imports rfc3987-syntax where it is there, which compiles a grammar: 22 MiB and a second in every process
# that knows the routes, for a check of formats that nothing asks for.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" \
	--no-emit-package rfc3987-syntax --no-emit-package lark

.DEFAULT_GOAL := help
.PHONY: help install run test lint types audit format requirements messages examples shell psql manage bench mutate clean \
	stack-test backup backups drill restore alerts

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## make or update .venv; every other target does it too
	$(IN_VENV) true

run: ## start everything on this machine; PORT=8001 and FLOWER_PORT=5556 move it
	$(BARE) run

test: ## run the test suite; ARGS="tests/users -k login" goes to pytest
	$(BARE) with-services -- python -m pytest $(ARGS)

lint: ## check format, style, import contracts, migrations, the pipeline's file and Django's own checks
	$(IN_VENV) sh -ec 'ruff format --check .; ruff check .; lint-imports; \
		python manage.py check; check-jsonschema --quiet --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci .gitlab-ci.yml; \
		python -m compose.bare with-services -- sh -ec "python manage.py makemigrations --check --dry-run; \
			DJANGO_SETTINGS_MODULE=config.settings.test python manage.py lintmigrations --quiet ok ignore"'

types: ## check the types
	$(IN_VENV) mypy

audit: ## ask for known holes of the packages, look for secrets in the history, write an SBOM; ARGS=--strict as in the pipeline
	$(IN_VENV) python -m compose.bare.audit $(ARGS)

format: ## format the code and mend what can be mended
	$(IN_VENV) sh -ec 'ruff check --fix --exit-zero --quiet .; ruff format .'

requirements: ## compile requirements/*.in into *.txt with hashes; ARGS="--upgrade" takes newer releases
	$(IN_VENV) sh -ec 'for name in base local production; do \
		$(COMPILE) $(ARGS) requirements/$$name.in -o requirements/$$name.txt; done'

messages: ## collect the sentences to translate into django.po and compile it; needs GNU gettext
	$(IN_VENV) sh -ec 'cd bikerental; python ../manage.py makemessages -l ru --no-obsolete --no-wrap --add-location file; \
		python ../manage.py compilemessages'

examples: ## write docs/api/examples.sh from examples.http
	$(IN_VENV) python -m tests.docs.playbook

shell: ## open a Django shell in the running stack
	$(BARE) inside -- python manage.py shell

psql: ## open psql in the running stack's database
	$(BARE) inside -- sh -c 'exec psql "$$DATABASE_URL"'

manage: ## run a manage.py command in the running stack: CMD="createsuperuser"
	$(BARE) inside -- python manage.py $(CMD)

bench: ## measure the API under load, on servers that write to disk as production does
	$(BARE) with-services --durable -- python -m tests.load $(ARGS)

mutate: ## remove each guard in turn and say which no test misses (an hour); ARGS="lock" takes those with the word
	$(BARE) with-services -- python -m tests.mutation $(ARGS)

clean: ## remove .run with the demo database in it; YES=1 does not ask
	$(BARE) clean $(if $(YES),--yes)

stack-test: ## try the stacks and the deploy for real, at length; needs Docker; ARGS="-k backup" goes to pytest
	$(BARE) with-services -- env LONG=1 python -m pytest tests/ops/stacks tests/ops/delivery $(ARGS)

backup: ## back up the running production stack now
	@$(BACKUPS) now

backups: ## list what can be restored
	@$(BACKUPS) list

drill: ## restore a backup beside the database in use, prove it, remove it: BACKUP=name or the newest
	@$(BACKUPS) drill $(BACKUP)

restore: ## put a backup in the place of the database in use: BACKUP=name
	@compose/production/restore $(BACKUP)

alerts: ## list what Prometheus warns of in the running production stack
	@$(STACK) exec -T prometheus promtool query instant http://127.0.0.1:9090 'ALERTS'
