# `make demo` and `make test` are all that a fresh clone needs; the first run sets up .venv, later ones work offline.
.DEFAULT_GOAL := help
.NOTPARALLEL:
unexport PYTHONHOME PYTHONPATH VIRTUAL_ENV

PY := .venv/bin/python
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest -q -n auto --maxprocesses=8

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

# The script returns at once where the stamp, written last, matches pyproject.toml and this folder.
.venv/.%-stamp: pyproject.toml FORCE
	@bash scripts/setup.sh $*
.venv-lowest/.%-stamp: pyproject.toml FORCE
	@bash scripts/setup.sh $* lowest
FORCE:

.PHONY: demo
demo: .venv/.demo-stamp ## fit a model with exact gradients and Hessians (examples/breast_cancer.py)
	$(PY) examples/breast_cancer.py

.PHONY: test
test: lint ## run every check; STRICT=1 turns a check that cannot run here into a failure
	$(PYTEST) --cov

.PHONY: test-lowest
test-lowest: .venv-lowest/.test-stamp ## run the tests with the oldest releases that pyproject.toml admits
	OMP_NUM_THREADS=1 .venv-lowest/bin/python -m pytest -q -n auto --maxprocesses=8

.PHONY: test-dist
test-dist: .venv/.test-stamp ## build wheel and sdist into build/dist, and run the tests against the installed wheel
	$(PY) scripts/test_dist.py

.PHONY: lint
lint: .venv/.test-stamp ## run the static checks alone
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo

.PHONY: format
format: .venv/.test-stamp ## format the code and mend what ruff can mend safely
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

.PHONY: coverage
coverage: .venv/.test-stamp ## run the tests and write build/coverage/index.html
	$(PYTEST) --cov --cov-report=term --cov-report=html

.PHONY: bench
bench: .venv/.test-stamp ## run the benchmarks, and write the table and the picture of docs/performance.md
	$(PY) benchmarks/run.py
	$(PY) benchmarks/features.py
	$(PY) benchmarks/memory.py
	$(PY) benchmarks/gate.py
	$(PY) benchmarks/products.py
	$(PY) benchmarks/threads.py
	$(PY) benchmarks/compiled.py --write

.PHONY: fuzz
fuzz: .venv/.test-stamp ## run random programs: make fuzz SEED=0 COUNT=1000
	OMP_NUM_THREADS=1 $(PY) scripts/fuzz.py --seed $(or $(SEED),0) --count $(or $(COUNT),1000)

.PHONY: docs
docs: .venv/.docs-stamp ## build the documentation: build/docs/index.html
	$(PY) -m sphinx --fail-on-warning --nitpicky --keep-going --fresh-env --quiet -d build/doctrees docs build/docs

.PHONY: wheel
wheel: .venv/.demo-stamp ## build dist/edgewise-*.whl
	$(PY) -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

.PHONY: viewer
viewer: ## build src/edgewise/explain/viewer.js from viewer/ (takes Node and npm)
	cd viewer && npm ci --no-audit --no-fund && npm run build

.PHONY: clean
clean: ## remove .venv, .venv-lowest and everything else that make wrote
	rm -rf .venv .venv-lowest build dist viewer/node_modules .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find benchmarks docs examples src tests -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
