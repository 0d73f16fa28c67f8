# Every target first creates or updates .venv. The work is done by Python code in compose/bare/ and compose/audit/.
PYTHON ?= python3
IN_VENV := @exec $(PYTHON) -m compose.bare.bootstrap
BARE := $(IN_VENV) python -m compose.bare
# In the running production stack. The image that runs also makes and restores the backups.
STACK := COMPOSE_FILE=$${COMPOSE_FILE:-production.yml} docker compose
BACKUPS := $(STACK) exec -T backup compose/production/django/start/entrypoint backups
# What restores needs the password of the database's owner, which no running container has.
RESTORE := $(STACK) run --rm --no-deps --no-TTY restore backups
# If rfc3987-syntax is installed, jsonschema imports it. It compiles a grammar: 22 MiB and a second in every process
# that loads the routes, for a check of formats that is not used.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make requirements" \
	--no-emit-package rfc3987-syntax --no-emit-package lark

.DEFAULT_GOAL := help
.PHONY: help install run city test lint types audit format requirements messages examples screenshots shell psql manage bench mutate clean \
	stack-test apply backup backups drill restore alerts

##@ Every day

help: ## list the targets
	@awk -F ':.*## ' '/^##@ / { printf "%s%s\n", gap, substr($$0, 5); gap = "\n" } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## create or update .venv; every other target does this too
	$(IN_VENV) true

run: ## start everything on this machine; PORT=8001 and FLOWER_PORT=5556 change the ports
	$(BARE) run

city: ## let simulated riders use the running stack, or one that this starts; ARGS="--riders 100 --speed 120"
	$(BARE) city -- $(ARGS)

test: ## run the test suite; ARGS="tests/users -k login" goes to pytest
	$(BARE) with-services -- python -m pytest $(ARGS)

lint: ## check format, style, import contracts, migrations, the pipeline's file and Django's own checks
	$(IN_VENV) sh -ec 'ruff format --check .; ruff check .; lint-imports; \
		python manage.py check; check-jsonschema --quiet --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci .gitlab-ci.yml .ci/shared-runners.yml; \
		python -m compose.bare with-services -- sh -ec "python manage.py makemigrations --check --dry-run; \
			DJANGO_SETTINGS_MODULE=config.settings.test python manage.py lintmigrations --quiet ok ignore"'

types: ## check the types
	$(IN_VENV) mypy

format: ## format the code and fix what ruff can fix
	$(IN_VENV) sh -ec 'ruff check --fix --exit-zero --quiet .; ruff format .'

##@ After a change of texts, examples or dependencies

messages: ## collect the sentences to translate into django.po and compile it; needs GNU gettext
	$(IN_VENV) sh -ec 'python manage.py makemessages -l ru --no-obsolete --no-wrap --add-location file \
		--ignore ".*" --ignore compose --ignore tests; \
		sed -i "/^\"POT-Creation-Date/d" bikerental/locale/ru/LC_MESSAGES/django.po; python manage.py compilemessages --ignore ".*"'

examples: ## write docs/api/examples.sh from examples.http
	$(IN_VENV) python -m tests.tools.playbook

screenshots: ## take the pictures of the console for the docs; needs Chromium
	$(BARE) with-services -- python -m tests.tools.screenshots

requirements: ## compile requirements/*.in into *.txt with hashes; ARGS="--upgrade" takes newer releases
	$(IN_VENV) sh -ec 'for name in base local production; do \
		$(COMPILE) $(ARGS) requirements/$$name.in -o requirements/$$name.txt; done'

##@ The stack of make run

shell: ## open a Django shell in the running stack
	$(BARE) inside -- python manage.py shell

psql: ## open psql in the running stack's database, as its owner
	$(BARE) inside -- sh -c 'exec psql "$${MIGRATE_DATABASE_URL:-$$DATABASE_URL}"'

manage: ## run a manage.py command in the running stack: CMD="createsuperuser"
	$(BARE) inside -- python manage.py $(CMD)

clean: ## remove .run, which has the demo database; YES=1 does not ask
	$(BARE) clean $(if $(YES),--yes)

##@ Longer checks and measurements

audit: ## find known vulnerabilities, find secrets in the history, write an SBOM; ARGS=--strict as in the pipeline
	$(IN_VENV) python -m compose.audit $(ARGS)

bench: ## measure the processor time of each request; ARGS="--against ../before" compares with another checkout
	$(BARE) with-services --durable -- python -m tests.load $(ARGS)

mutate: ## remove each guard in turn and report those that no test protects (an hour); ARGS="lock" chooses by word
	$(BARE) with-services -- python -m tests.mutation $(ARGS)

stack-test: ## start the stacks and deploy in long tests; needs Docker; ARGS="-k backup" goes to pytest
	$(BARE) with-services -- env LONG=1 python -m pytest tests/ops/stacks tests/ops/delivery $(ARGS)

##@ Production, on its server

apply: ## check the changed settings, then put them to use without a failed request
	@compose/production/deploy --apply

backup: ## make a backup of the running production stack now
	@$(BACKUPS) now

backups: ## list the backups that can be restored
	@$(BACKUPS) list

drill: ## restore a backup beside the database in use, check it, remove it: BACKUP=name or the newest
	@$(RESTORE) drill $(BACKUP)

restore: ## put a backup in the place of the database in use: BACKUP=name
	@compose/production/restore $(BACKUP)

alerts: ## list Prometheus's pending and firing alerts in the running production stack
	@$(STACK) exec -T prometheus promtool query instant http://127.0.0.1:9090 'ALERTS'
