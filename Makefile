# Everything here works on a machine that has only make and Python 3.11 or newer: the first target that needs it
# creates .venv, and it is renewed when pyproject.toml changes.

VENV := .venv
LOWEST := .venv-lowest
BIN := $(VENV)/bin
# uv installs in a few seconds what takes pip half a minute.  Where it cannot be had, or fails (it does not read the
# configuration of pip, which may name another registry), pip does all of it.
UV_INSTALL := $(BIN)/uv pip install --quiet --python
# Modules are compiled as they are imported: most never are, and compiling all takes longer than unpacking them.
PIP_INSTALL := -m pip install --quiet --prefer-binary --no-compile
PYTHON ?= python3.14 python3.13 python3.12 python3.11 python3 python
LOWEST_PYTHON ?= python3.11 python3 python
# Most tests start processes and wait for them: as many at a time as there are processors, the idle take from the busy.
PYTEST := -m pytest --numprocesses logical --dist worksteal
# What asks most of each library, in half a minute: reading, EM, pictures, parts by Dask, compressions, the command line.
OLDEST_TESTS := tests/table/test_read.py tests/table/test_compression.py tests/em/test_parameters.py \
	tests/report/test_animation.py tests/cli/test_help.py tests/cli/test_schema.py tests/packages \
	tests/api/test_estimator_checks.py \
	tests/cli/test_fill.py::test_the_main_job_writes_the_completed_file_and_the_report_beside_the_input \
	tests/cli/test_parts.py::test_every_backend_gives_the_bytes_that_one_process_gives
# Where make can: what runs side by side is printed one after the other, each when it has ended.
WHOLE_OUTPUTS := $(if $(filter output-sync,$(.FEATURES)),--output-sync)

export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help demo test check exhaustive static packages oldest without-oldest faults fuzz golden format bench docs test-lowest test-browser clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: $(VENV)/base.stamp ## Run the main job on sample_data/; the results stay in build/demo/
	@rm -rf build/demo && mkdir -p build/demo
	@cp sample_data/heights.csv sample_data/penguins.csv sample_data/faithful.csv build/demo/
	$(call fill,heights,--column gender)
	@$(BIN)/python benchmarks/agreement.py \
		build/demo/heights.csv build/demo/heights.filled.csv sample_data/heights.truth.csv gender
	$(call fill,penguins,--column sex)
	$(call fill,faithful,--column kind --labels short$(comma)long)
	@printf '\nCompleted files and fit reports are in build/demo/:\n' && ls build/demo
	@printf '\nOpen this page in a browser:\n%s/build/demo/heights.report.html\n' "$(CURDIR)"

test: $(VENV)/dev.stamp ## Run the tests
	$(BIN)/python $(PYTEST)

check: ## Everything a change must pass: static, packages and oldest side by side, then test
	@$(MAKE) --no-print-directory --jobs=3 $(WHOLE_OUTPUTS) static packages $(or $(oldest_where_possible),without-oldest)
	@$(MAKE) --no-print-directory test

exhaustive: $(VENV)/dev.stamp ## What `make check` takes a sample of: all families, faults, fuzz, browser (an hour)
	$(BIN)/python $(PYTEST) -m "exhaustive and not faults and not fuzz"
	@$(MAKE) --no-print-directory faults fuzz test-browser

static: $(VENV)/dev.stamp ## Format, lint, types, audit of dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/python -m mypy
	$(BIN)/python .ci/audit.py

packages: $(VENV)/dev.stamp ## Build wheel and sdist, install them in new environments, each extra alone, and try them
	$(BIN)/python -m pytest -m packages tests/packages

oldest: $(LOWEST)/dev.stamp ## Run a choice of the tests with the oldest packages that pyproject.toml allows
	$(LOWEST)/bin/python -m pytest -p no:cacheprovider $(OLDEST_TESTS)

without-oldest:
	@echo "Not tested with the oldest packages: they need Python 3.11, which was not found"

faults: $(VENV)/dev.stamp ## Break the disk, the memory and the process under many runs (ROUNDS=50)
	FAULT_ROUNDS=$(or $(ROUNDS),50) $(BIN)/python -m pytest -m faults

fuzz: $(VENV)/dev.stamp ## Run made-up files and options (EXAMPLES=10000)
	FUZZ_EXAMPLES=$(or $(EXAMPLES),10000) $(BIN)/python -m pytest -m fuzz

golden: $(VENV)/dev.stamp ## Show how whole runs differ from what is kept of them (ACCEPT=1 keeps what they give now)
	@PYTHONPATH=tests $(BIN)/python -m golden $(if $(ACCEPT),--accept) $(RUNS)

format: $(VENV)/dev.stamp ## Format the code and apply the safe fixes of the linter
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/dev.stamp ## Run every script in benchmarks/ that knows --quick
	@scripts=$$(grep -l -e '--quick' benchmarks/*.py); echo "Benchmarks:" $${scripts:-none yet}; \
	for script in $$scripts; do \
		printf '\n$$ python %s --quick\n' "$$script"; $(BIN)/python "$$script" --quick || exit 1; \
	done

docs: $(VENV)/dev.stamp ## Draw the pictures of docs/, write the references, refresh the transcripts
	$(BIN)/python docs/pictures.py
	$(BIN)/python docs/reference.py
	$(BIN)/python docs/report.py
	$(BIN)/python tests/test_docs.py
	$(BIN)/python tests/test_contributing.py

test-lowest: $(LOWEST)/dev.stamp ## Run the tests with the oldest Python and packages that pyproject.toml allows
	$(LOWEST)/bin/python $(PYTEST) -p no:cacheprovider

test-browser: $(VENV)/dev.stamp ## Look at the HTML report in Chromium; pictures stay in build/browser/
	$(need_chromium)
	@rm -rf build/browser
	@$(BIN)/python -m pytest -m browser tests/browser; status=$$?; \
	printf '\nPictures of the reports are in build/browser/:\n'; ls build/browser; exit $$status

clean: ## Remove everything that make and the tools have created
	rm -rf $(VENV) $(LOWEST) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find em_impute tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +

# One run of the demo: $(1) names the file, $(2) holds the options.
define fill
@printf '\n$$ em-impute fill %s.csv %s\n' '$(1)' '$(2)'
@cd build/demo && ../../$(BIN)/em-impute fill $(1).csv $(2)
@printf '\n$$ diff %s.csv %s.filled.csv | head -n 8\n' '$(1)' '$(1)'
@cd build/demo && diff $(1).csv $(1).filled.csv | head -n 8
endef
comma := ,

# Install Chromium, and a font for it to write with, where there is none; chromium.py looks for the same names.
define need_chromium
@for browser in $${CHROMIUM:-chromium chromium-browser google-chrome}; do \
	command -v "$$browser" > /dev/null && exit; \
done; \
as_root=false; \
if [ "$$(id -u)" = 0 ]; then as_root=; elif sudo -n true 2> /dev/null; then as_root="sudo -n"; fi; \
if [ -z "$$CHROMIUM" ] && [ "$$as_root" != false ] && command -v apt-get > /dev/null; then \
	echo "Installing Chromium ..."; \
	$$as_root apt-get update -qq && $$as_root apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core && exit; \
fi; \
echo "error: Chromium is needed and was not found" >&2; \
echo "hint: sudo apt install chromium fonts-dejavu-core, or name one: make test-browser CHROMIUM=/path/to/chromium" >&2; exit 1
endef

# ---- Environments: a stamp says that its step has succeeded -----------------------------------------------------------

$(VENV)/base.stamp: $(VENV)/venv.stamp pyproject.toml
	@echo "Installing em-impute, with what draws its pictures, into $(VENV) ..."
	@$(call install,$(VENV),--editable '.[report]')
	@touch $@

$(VENV)/dev.stamp: $(VENV)/venv.stamp pyproject.toml
	@echo "Installing em-impute and the tools for its tests into $(VENV) ..."
	@$(call install,$(VENV),--editable '.[dev]')
	@touch $(VENV)/base.stamp $@

$(LOWEST)/dev.stamp: $(LOWEST)/venv.stamp $(VENV)/venv.stamp pyproject.toml
	@echo "Installing em-impute with its oldest packages into $(LOWEST) ..."
	@$(LOWEST)/bin/python -c "$$lower_bounds" > $(LOWEST)/constraints.txt && cat $(LOWEST)/constraints.txt
	@$(call install,$(LOWEST),--constraint $(LOWEST)/constraints.txt --editable '.[test]')
	@touch $@

$(VENV)/venv.stamp:
	$(call create_venv,$(VENV),$(PYTHON),sys.version_info >= (3$(comma) 11),3.11 or newer,PYTHON)
	@$(BIN)/python $(PIP_INSTALL) uv 2> /dev/null || echo "uv cannot be had: pip installs, which takes longer"

$(LOWEST)/venv.stamp:
	$(call create_venv,$(LOWEST),$(LOWEST_PYTHON),sys.version_info[:2] == (3$(comma) 11),3.11,LOWEST_PYTHON)

# Install $(2) into the environment $(1).
install = { test -x $(BIN)/uv && $(UV_INSTALL) $(1)/bin/python $(2); } || $(1)/bin/python $(PIP_INSTALL) $(2)

# The name of the target, if there is a Python for it.
oldest_where_possible = $(shell for python in $(LOWEST_PYTHON); do \
	"$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2> /dev/null && echo oldest && break; done)

define lower_bounds
import re, tomllib
project = tomllib.load(open("pyproject.toml", "rb"))["project"]
extras = [project["optional-dependencies"][extra] for extra in ("dask", "report", "sklearn", "zstd")]
for requirement in sum(extras, project["dependencies"]):
    print(re.sub(r"^([\w.-]+)>=([\w.]+).*$$", r"\1==\2", requirement))
print("pyparsing<3.3  # whose names the oldest matplotlib calls; newer ones warn of each")
endef
export lower_bounds

# Create $(1) with the first of $(2) for which $(3) holds and which can make environments; in words it is Python $(4),
# and the variable $(5) chooses it.
define create_venv
@suitable=; usable=; \
for python in $(2); do \
	"$$python" -c 'import sys; sys.exit(not ($(3)))' > /dev/null 2>&1 || continue; \
	suitable=$$python; \
	if "$$python" -c 'import ensurepip, venv' > /dev/null 2>&1; then usable=$$python; break; fi; \
done; \
if [ -z "$$suitable" ]; then \
	echo "error: Python $(4) is needed and was not found (tried: $(2))" >&2; \
	echo "hint: install it, or name it: make $(5)=/path/to/python ..." >&2; exit 1; \
elif [ -z "$$usable" ]; then \
	echo "error: $$suitable cannot create virtual environments: its module ensurepip is missing" >&2; \
	echo "hint: install it; on Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; \
fi; \
echo "Creating $(1) with $$("$$usable" --version) ..."; \
"$$usable" -m venv --clear $(1)
@touch $@
endef
