# Two commands: `make run` and `make test`. Nothing here needs root, docker or a service installed by hand.
MAKEFLAGS += --no-print-directory
# What is compiled is kept: without it each of the many processes would compile the whole hub at its start.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
PYTHON_HERE := .venv/bin/python
UV := uv==0.13.9
# Two run beside each other, file by file, each process with servers of its own, and a third takes what does little but
# wait (tests/beside.py).
BESIDE := -n 3 --dist loadfile --no-loadscope-reorder
# What seals and signs most: `make test` runs it under the other suite as well.
SIGNED := tests/identity tests/credentials tests/health_code
EXTRAS := --extra embedded --extra files --extra sftp --extra mq --extra mysql --extra iso8583 --extra oidc --extra sm2

.PHONY: help run test test-sm lint check bench drill controls audit sbom lock vendor faces pictures clean environment test-environment

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: environment ## a whole county on this machine, until Ctrl-C (HUB_PORT=8080, HUB_HOME=./var)
	@exec $(PYTHON_HERE) -m hub demo

test: test-environment ## ruff, mypy, the laws of the house and every test
	@.ci/components
	@$(MAKE) -j2 --output-sync=target lint test-sm TESTS="$(SIGNED)"
	@$(PYTHON_HERE) -m pytest -m "not drill" $(BESIDE)

test-sm: test-environment ## the tests once more in a copy whose configuration says `suite: sm` (TESTS=tests/login …)
	@.ci/components
	@rm -rf build/sm && mkdir -p build/sm
	@tar -c --exclude=./build --exclude=./var --exclude=./.git --exclude=./.venv . | tar -x -C build/sm
	@sed -i 's/^suite: intl$$/suite: sm/' build/sm/config/hub.yaml
	@cp -al .venv build/sm/.venv && rm build/sm/.venv/.place && echo "$(CURDIR)/build/sm" > build/sm/.venv/.place
	@cd build/sm && .venv/bin/python -m pytest -m "not drill" $(BESIDE) $(TESTS)

lint: test-environment ## ruff, mypy and the stairs of imports
	@$(PYTHON_HERE) -m ruff check .
	@$(PYTHON_HERE) -m mypy
	@told=$$(.venv/bin/lint-imports --no-logo 2>&1) || { echo "$$told"; exit 1; }

check: environment ## the configuration in config/: each complaint with file, line and column
	@$(PYTHON_HERE) -m hub check

bench: test-environment ## speed and memory, as ratios within one run
	@$(PYTHON_HERE) -m tests.bench

drill: test-environment ## the longer fault drills (DRILL_SUBMISSIONS=3000, DRILL_SEED)
	@$(PYTHON_HERE) -m pytest -m drill

controls: test-environment ## takes each control out of a copy and sees its tests fail (ROWS="Q25 T11"; a quarter of an hour for all)
	@$(PYTHON_HERE) -m tests.controls $(ROWS)

audit: test-environment ## known vulnerabilities of what is installed
	@$(PYTHON_HERE) -m pip_audit --require-hashes --disable-pip -r requirements.txt

# In an environment of its own: it brings a library that costs every process of the tests a second at its start.
sbom: environment ## the parts list (CycloneDX) in build/sbom.json
	@[ -d build/parts ] || $(PYTHON_HERE) -m venv build/parts
	@build/parts/bin/python -m pip install --quiet --require-hashes -r tests/parts-list.txt
	@build/parts/bin/python -W ignore -m cyclonedx_py requirements requirements.txt --pyproject pyproject.toml --output-reproducible \
	  --output-format JSON --output-file build/sbom.json
	@echo build/sbom.json

lock: environment ## write the hash-pinned lock files anew from pyproject.toml
	@rm -rf build/lock && $(PYTHON_HERE) -m venv build/lock && build/lock/bin/python -m pip install --quiet $(UV)
	@build/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  $(EXTRAS) pyproject.toml -o requirements.txt
	@build/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  $(EXTRAS) --extra dev -c requirements.txt pyproject.toml -o tests/requirements.txt
	@echo cyclonedx-bom | build/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-header \
	  --python-version 3.11 - -o tests/parts-list.txt

vendor: ## what the pages of staff stand on, anew from vendor/package.json (needs Node; users never do)
	@cd vendor && npm ci --no-audit --no-fund && node build.mjs

faces: environment ## build the citizen's pages from miniprogram/ (needs Node 20): for the browser and for WeChat
	@cd miniprogram && npm ci --no-audit --no-fund && npm run --silent build:h5 && npm run --silent build:mp-weixin
	@$(PYTHON_HERE) miniprogram/ship.py

pictures: test-environment ## take the pictures of README anew, from the real pages (needs Chromium)
	@$(PYTHON_HERE) -m tests.faces.pictures

clean: ## remove what can be made again (not var/, which holds data)
	@rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

environment:
	@.ci/environment requirements.txt

test-environment:
	@.ci/environment tests/requirements.txt
