# The front door. Each target prints the commands that it runs; any of them can be typed by hand
# (with .venv/bin on the PATH).

PYTHON ?= python3
PROFILE ?= sample
PORT ?= 8000
# BEANS=DIR: a local copy of beans for `make paper`, instead of the hub.
BEANS ?=
# SEEDS=0..4: the seeds that the reproduction report judges, for `make paper`, `make book`, `make record`.
SEEDS ?=
# PARAMETERS="name=value …": changes to the profile, for the same.
PARAMETERS ?=
# STUDY=name: a file of studies/, for `make study`.
STUDY ?=
# FAULTS="name …": only these faults of tests/mutants.toml, for `make mutants`.
FAULTS ?=
# ONE_IN=3: only every third of them, others with each commit, for the same.
ONE_IN ?=
# SECONDS=60: how long `make fuzz` looks for faults.
SECONDS ?= 60

export PATH := $(CURDIR)/.venv/bin:$(PATH)
# By these another checkout's package, or a user's start-up file, would come before ours.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP

# Our own locks guard the artifacts, and go away with the process that holds them; Snakemake's stay
# behind after a kill (hence --nolock), and so do its notes of unfinished files.
SNAKEMAKE = snakemake --cores all --nolock --rerun-incomplete --quiet all --config

# What was typed reaches the command as it was typed, whatever is in it: make does not expand it, the
# shell gets it in quotes. PARAMETERS are words; quotes hold a space together: folder='/my photos'.
typed = '$(subst ','\'',$(value $(1)))'
separate = $(shell .venv/bin/python -E -m reproduce.core.words $(call typed,$(1)) $(2))$(if $(filter-out 0,$(.SHELLSTATUS)),$(error nothing was made))
CHANGES = $(if $(value SEEDS),seeds=$(call typed,SEEDS)) $(call separate,PARAMETERS)
BEANS_FOLDER = $(if $(value BEANS),folder=$(call typed,BEANS))
PAPER = profile=paper $(BEANS_FOLDER) $(CHANGES)

# Where a book of a profile in profiles/ is, is known; of others, the half second of asking is taken.
PROFILES = $(basename $(notdir $(wildcard profiles/*.yaml)))
ASKED = $(filter-out $(PROFILES),$(value PROFILE))$(value PARAMETERS)$(value REPRODUCE_BUILD)
WHERE = $(if $(ASKED),"$$(reproduce where --profile $(call typed,PROFILE) $(call separate,PARAMETERS,-p))",$(call typed,PAGE))
PAGE := $(CURDIR)/build/$(PROFILE)/book/index.html

# Several processes, each with whole groups of tests (conftest.py).
PYTEST = pytest --numprocesses=auto --maxprocesses=4 --no-loadscope-reorder -p no:benchmark

.PHONY: help book paper pdf test slow mutants fuzz serve notebooks bench record study lint lock cluster compiler clean

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

book: .venv/.installed ## execute the notebooks on the embedded images and render the book
	$(SNAKEMAKE) profile=$(call typed,PROFILE) $(CHANGES)
	@page=$(WHERE) && echo "open $$page"

paper: .venv/.installed ## the same in the paper's own setting, on beans from the hub (BEANS=DIR: a local copy; SEEDS=0..4: five seeds)
	$(SNAKEMAKE) $(PAPER)
	@page=$$(reproduce where --profile paper $(call separate,PARAMETERS,-p)) && echo "open $$page"

test: .venv/.installed ## run the tests, most notebooks' stored outputs included, but for the slow ones
	$(PYTEST) --nbval -m "not slow"

slow: .venv/.installed ## run the slow tests: rendered pages, four notebooks, the workflow from end to end on tiny images, and what starts processes
	$(PYTEST) --nbval -m slow

mutants: .venv/.installed ## plant faults one by one and see that the tests catch each (FAULTS="name …": only these; ONE_IN=3: a third, others with each commit)
	python -m tests.mutants $(if $(ONE_IN),--one-in $(ONE_IN)) $(FAULTS)

fuzz: .venv/.installed ## feed the decoder of compressed files with damaged ones, guided by coverage, for SECONDS=60 (Linux x86-64)
	python -m tests.fuzz_codec $(SECONDS)

pdf: $(if $(filter paper,$(PROFILE)),paper,book) ## the same book as one PDF beside its pages, printed by Chromium or Chrome (PROFILE=sample, same BEANS)
	reproduce pdf --profile $(call typed,PROFILE) $(call separate,PARAMETERS,-p)

serve: .venv/.installed ## serve the book on http://localhost:PORT (PROFILE=sample, PORT=8000)
	page=$$(reproduce where --profile $(call typed,PROFILE)) && \
	  python -m http.server --bind 127.0.0.1 --directory "$$(dirname "$$page")" $(PORT)

notebooks: .venv/.installed ## renew the outputs stored in notebooks/
	$(SNAKEMAKE) profile=sample -- measured
	reproduce refresh notebooks/*.ipynb

bench: .venv/.installed ## measure time and memory against the paper's script, half an hour (BEANS=DIR: on beans)
	mkdir -p build
	pytest benchmarks --quiet --benchmark-quiet --benchmark-json=build/benchmark.json $(if $(value BEANS),--images $(call typed,BEANS))
	python -m benchmarks.report results/benchmark.json build/benchmark.json

record: .venv/.installed ## make the runs in the paper's setting and write their record to results/ and the README, from a clean checkout (same BEANS, SEEDS)
	$(SNAKEMAKE) $(PAPER) -- measured
	reproduce record results --profile paper $(if $(BEANS_FOLDER),-p $(BEANS_FOLDER)) $(if $(value SEEDS),-p seeds=$(call typed,SEEDS)) $(call separate,PARAMETERS,-p)
	reproduce readme

study: .venv/.installed ## make the runs of a study and write their record to results/, from a clean checkout (STUDY=name, same BEANS)
	$(SNAKEMAKE) study=$(call typed,STUDY) $(BEANS_FOLDER) $(call separate,PARAMETERS) -- studied
	reproduce record results --study $(call typed,STUDY) $(if $(BEANS_FOLDER),-p $(BEANS_FOLDER)) $(call separate,PARAMETERS,-p)

lint: .venv/.installed ## check format, style, types, the layers of rooms, the workflow, and GitHub's workflows
	ruff format --check .
	ruff check .
	mypy
	lint-imports
	snakefmt --check Snakefile
	snakemake --lint
	check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	zizmor --offline --quiet --persona pedantic .github

# What `make` installs leaves JupyterLab out: it brings a parser of URLs whose import takes two seconds
# of each process that reads a notebook. constraints.txt has all, and the lock the same versions.
LOCKED = --extra book --extra cluster --extra compiler --extra test --extra fuzz --extra dev
COMPILE = uv pip compile pyproject.toml --universal --no-annotate --python-version 3.11 --quiet

lock: .venv/.installed ## pin all dependencies of pyproject.toml anew, with hashes
	$(COMPILE) --all-extras --no-header --upgrade -o constraints.txt
	$(COMPILE) $(LOCKED) --constraints constraints.txt --generate-hashes -o requirements.lock

cluster: .venv/.installed ## install, once, what runs the workflow on a cluster with Slurm
	sed -n '$(PLUGINS)p' requirements.lock > .venv/plugins.txt
	uv pip install --require-hashes --no-deps --compile-bytecode -r .venv/plugins.txt

compiler: .venv/.installed ## install, once, the C compiler of Zig (100 MB), for the WebAssembly of the page "Try it"
	sed -n '$(COMPILER)p' requirements.lock > .venv/compiler.txt
	uv pip install --require-hashes --no-deps -r .venv/compiler.txt

clean: ## remove all that was made, but for the virtual environment
	rm -rf build _build .snakemake

# Snakemake imports each plugin that is there whenever it starts, and with the one for Slurm pandas: a
# third of a second. So it stays out of .venv until `make cluster` asks for it; then it stays in. So
# does the compiler, for its size.
PLUGINS = /^snakemake-executor-plugin-/,/[^\\]$$/
COMPILER = /^ziglang==/,/[^\\]$$/

# The lock holds uv, too: it is installed by pip from its own lines of the lock, hashes checked, and
# installs the rest in seconds. Compiled bytecode saves each `import tensorflow` half a minute.
.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	  { echo "error: $(PYTHON) is not Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv .venv
	sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.txt
	python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
	sed '$(PLUGINS)d; $(COMPILER)d' requirements.lock > .venv/packages.txt
	[ ! -e .venv/plugins.txt ] || sed -n '$(PLUGINS)p' requirements.lock > .venv/plugins.txt
	[ ! -e .venv/compiler.txt ] || sed -n '$(COMPILER)p' requirements.lock > .venv/compiler.txt
	uv pip sync --require-hashes --compile-bytecode .venv/packages.txt $(wildcard .venv/plugins.txt .venv/compiler.txt)
	uv pip install --no-deps --no-build-isolation --editable .
	touch $@
