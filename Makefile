# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
NIR := .venv-nir
NATIVE := CMakeLists.txt $(wildcard emulator/csrc/* models/slayer/csrc/*)

.PHONY: help demo test docs sanitize sanitize-short lint lava browser netx nir-frameworks evidence bench bench-scale wheel portable clean

help: ## Show this list.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt $(NATIVE)
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[torch,demo]'
	touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt $(NATIVE)
	$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@ $(VENV)/.demo

demo: $(VENV)/.demo ## Set up, run the main job on real data, end by naming the report.
	$(BIN)/neurodeploy demo -o demo --force

lint: $(VENV)/.dev ## Style, types, and who may import whom.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lava: $(VENV)/.dev ## Set up the environment of backend lava, Python 3.10 with lava-nc.
	-$(BIN)/neurodeploy lava setup # without a Python 3.10 the other tests still run; in CI Lava's tests then fail

browser: ## Install Chromium, which the tests of the report's page need, with apt-get where root may.
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || \
	  { command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ] && \
	    { apt-get install -y -qq chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq chromium >/dev/null; }; }; } || \
	  echo "no chromium: the other tests still run; in CI those of the page then fail"

docs: $(VENV)/.dev ## The documentation as a site, in build/docs; a warning is an error.
	$(BIN)/sphinx-build -q -W --keep-going -n -b html -d build/doctrees docs build/docs

test: lint docs lava browser wheel sanitize-short ## Set up, check style and types, run all tests.
	$(BIN)/pytest -n 2 --dist worksteal -m 'not evidence'

# The sanitized core takes the place of the installed one, see tests/sanitized.py. Python itself leaks by design.
SANITIZED := build/sanitized
$(SANITIZED)/.built: $(VENV)/.dev $(NATIVE)
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt nanobind cmake
	cmake -S . -B $(SANITIZED) -DCMAKE_BUILD_TYPE=Debug -DNEURODEPLOY_SANITIZE=ON \
	  -DPython_EXECUTABLE=$(abspath $(BIN)/python) \
	  -Dnanobind_DIR=$$($(BIN)/python -m nanobind --cmake_dir) >/dev/null
	cmake --build $(SANITIZED) -j 2 >/dev/null
	touch $@

SANITIZED_PYTEST = LD_PRELOAD="$$(gcc -print-file-name=libasan.so) $$(gcc -print-file-name=libubsan.so)" \
  ASAN_OPTIONS=detect_leaks=0 NEURODEPLOY_SANITIZED_CORE=$(SANITIZED) $(BIN)/python -m pytest -q -p tests.sanitized

sanitize: $(SANITIZED)/.built ## The core's tests with AddressSanitizer and UndefinedBehaviorSanitizer.
	$(SANITIZED_PYTEST) tests/unit/emulator tests/property/test_reference_vs_core.py \
	  tests/property/test_snapshots.py tests/property/test_slayer_loops.py tests/unit/models/test_slayer_layers.py \
	  -m 'not evidence'

sanitize-short: $(SANITIZED)/.built
	$(SANITIZED_PYTEST) tests/unit/emulator/test_engine.py \
	  tests/property/test_reference_vs_core.py -k "test_engine or shrink"

netx: $(VENV)/.dev ## Run .net files that we write in lava-dl 0.6.0's netx, in a third environment (2 GB).
	$(BIN)/python -m tests.netx.check

wheel: $(VENV)/.dev ## Build the wheel, install it elsewhere, and use it from there.
	$(BIN)/python tests/check_wheel.py

portable: $(VENV)/.dev ## Compile the native sources for arm64, macOS and Windows with zig's compiler, and run none.
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt nanobind ziglang
	$(BIN)/python tests/check_portable.py

nir-frameworks: $(NIR)/.ready ## Set up snnTorch, norse and sinabs, for comparison only.

$(NIR)/.ready: tests/support/nir_frameworks.txt constraints.txt
	$(PYTHON) -m venv $(NIR)
	$(NIR)/bin/pip install -q --disable-pip-version-check -c constraints.txt -r $<
	touch $@

evidence: $(VENV)/.dev lava nir-frameworks ## The longer proof; its table goes into docs/evidence.md.
	$(BIN)/pytest -m evidence
	$(BIN)/python -m benchmarks.gesture

bench: $(VENV)/.dev ## Speed beside Lava, torch, a hand-written kernel and what the machine could do at most; how it grows.
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.gesture_kernel
	$(BIN)/python -m benchmarks.flat
	$(BIN)/python -m benchmarks.sweep
	$(BIN)/python -m benchmarks.training
	$(BIN)/python -m benchmarks.report

bench-scale: $(VENV)/.dev ## A million neurons and a hundred million synapses: time and memory, ten minutes and more.
	$(BIN)/python -m benchmarks.scale

clean: ## Remove what the other commands made.
	rm -rf $(VENV) $(NIR) build demo
