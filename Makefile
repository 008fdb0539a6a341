# The verbs of the project. `make demo` and `make test` do all the set-up themselves; `make` alone lists the verbs.

export PYTHON ?= python3
# Verbs start hundreds of processes: a module is compiled once for all of them, whatever the environment says of that.
export PYTHONDONTWRITEBYTECODE :=
UV := sh tools/uv.sh
RUN := $(UV) run --no-sync --quiet
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test steady cover fuzz mutants examples lint type chaos kills faults soak kit cluster kubernetes bench docs docs-check picture build wheels clean

help:  ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(READY): pyproject.toml uv.lock $(wildcard plugins/*/pyproject.toml sim/*/pyproject.toml)
	@$(UV) sync --inexact --locked --quiet
	@touch $(READY)

demo: $(READY)  ## bring up a network service of three VNFs on the backend that its config names
	@rm -rf .demo && $(RUN) vca demo --folder .demo

# A worker waits for more than half of its time: for pods, servers, processes, and deadlines.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) '*' 2)

test: $(READY)  ## run all tests, on all processors
	@$(RUN) pytest -n $(WORKERS) --dist loadgroup $(ARGS)

steady: $(READY)  ## run all tests RUNS times (10) while all processors are busy
	@$(RUN) python tools/steady.py --runs $(or $(RUNS),10) -- -n auto --dist loadgroup $(ARGS)

cover: $(READY)  ## run all tests, and show what they do not reach
	@$(RUN) pytest -n auto --dist loadgroup --cov --cov-report=term:skip-covered $(ARGS)

# It fails where an input holds up the event loop for more than 50 ms; on a busy machine, for as many times longer as a
# known piece of work takes there, measured beside each input. More than four times, and the input is not judged.
fuzz: $(READY)  ## try the corpus of hostile input, none of which may stall the loop for 50 ms, and EXAMPLES (20000) random inputs of each kind; SEED repeats a run
	@VCA_FUZZ_EXAMPLES=$(or $(EXAMPLES),20000) VCA_FUZZ_SEED=$(SEED) $(RUN) pytest tests/fuzz $(ARGS)

lint: $(READY)  ## check style, formatting, import contracts and the length of names of tests
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) lint-imports
	@$(RUN) python tools/names_of_tests.py

type: $(READY)  ## check types, strictly
	@$(RUN) mypy vca_core plugins/fake/vca_fake plugins/juju_common/vca_juju_common plugins/juju_k8s/vca_juju_k8s plugins/juju_machine/vca_juju_machine sim/juju tests tools docs/examples

mutants: $(READY)  ## let the conformance kit examine broken backends, and say which it catches
	@$(RUN) python tests/conformance/campaign.py $(ARGS)

examples: $(READY)  ## run the long examples of the pages, and the conformance kit on the example backend and a real sshd
	@VCA_PAGES=whole $(RUN) pytest tests/unit/docs/test_docs.py -k "does_and_prints and extend/conformance"
	@$(UV) pip install --quiet --no-deps --upgrade --target .examples ./docs/examples/backends/ssh
	@PYTHONPATH=.examples $(RUN) vca conformance ssh --level full $(ARGS)

chaos: $(READY)  ## kill a process and its database at 200 moments, and account for everything
	@$(RUN) python tests/chaos/run.py $(ARGS)

kills: $(READY)  ## kill the command at 30 moments of an NS, on the fake and on Juju, and account for everything
	@VCA_KILLS=$(or $(KILLS),30) $(RUN) pytest -n $(WORKERS) --dist loadgroup tests/integration/test_command.py tests/integration/juju_k8s/test_killed.py tests/integration/kubernetes/test_killed.py -k kill $(ARGS)

faults: $(READY)  ## let each request of each operation on Juju meet each fault; the suite tries each request once
	@VCA_FAULTS=whole $(RUN) pytest -n auto --dist loadgroup tests/integration/juju_machine/test_faults.py tests/integration/juju_k8s/test_faults.py tests/integration/kubernetes/test_faults.py $(ARGS)

soak: $(READY)  ## let 1,000 lives on the simulated Juju controller meet faults, and account for everything
	@$(RUN) python tests/soak/run.py $(ARGS)

cluster:  ## build the Kubernetes control plane that tests run on; it takes Go, and some minutes for the first time
	@sh tests/cluster/build.sh "$(CURDIR)/.cluster/bin"

kubernetes: $(READY) cluster  ## serve a simulated Juju with that control plane, and a config for both in .kubernetes
	@rm -rf .kubernetes && $(RUN) python tests/cluster/serve.py $(ARGS)

kit: $(READY)  ## let the conformance kit examine Juju on Kubernetes on that control plane: some minutes
	@$(RUN) pytest -n $(WORKERS) tests/conformance/juju_k8s_on_cluster.py $(ARGS)

bench: $(READY)  ## measure what the core costs, and lives on Juju
	@$(RUN) python tests/bench/run.py $(ARGS)

docs: $(READY)  ## generate the generated pages and the picture of the concept anew
	@$(RUN) python tools/generate.py

docs-check: $(READY)  ## check that the generated pages and the picture of the concept are up to date
	@$(RUN) python tools/generate.py --check

picture: $(READY)  ## record the picture of `vca apply` anew
	@$(RUN) python tools/picture.py

build: $(READY)  ## build wheels and sdists of all distributions into dist/
	@rm -rf dist && $(UV) build --all-packages --out-dir dist --quiet && ls dist

wheels: build  ## install the wheels elsewhere, run the demo and a new plugin there
	@sh tools/check_wheels.sh

clean:  ## remove what was generated
	@rm -rf .venv .uv dist .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .steady .mongoserver .cluster .kubernetes .coverage .import_linter_cache .examples
