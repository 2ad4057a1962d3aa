# `make run` and `make test` do all their own set-up. `make check` formats, lints, types and checks the import rings.
SHELL := /bin/bash
.DELETE_ON_ERROR:
PYTHON ?= python3
BIN := .venv/bin
PAGE := src/nightlatch/hub/page/index.html
NODE := scripts/with-node
DATA ?= data

.PHONY: run test check fmt shape wire page demo eye judge bench-record bench-cameras bench-sight bench-soak bench-redact bench-watermark clean

run: .venv/installed $(PAGE)
	$(BIN)/nightlatch up --data $(DATA)

test: .venv/installed $(PAGE) .venv/system
	cd web && ../$(NODE) npm test --silent
	$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)

check: .venv/installed web/node_modules/installed
	$(BIN)/ruff format --check src tests bench scripts
	$(BIN)/ruff check src tests bench scripts
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/wire.py --check
	cd web && ../$(NODE) npm run check --silent

fmt: .venv/installed web/node_modules/installed
	$(BIN)/ruff format src tests bench scripts
	$(BIN)/ruff check --fix src tests bench scripts
	cd web && ../$(NODE) npm run fmt --silent

shape: .venv/installed
	$(BIN)/python scripts/shape.py

# The page's types of what the hub answers. `make check` fails when they are stale.
wire: .venv/installed
	$(BIN)/python scripts/wire.py

page: $(PAGE)

# The whole promise in real browsers: give, two reviewers look, who looked, take back. Prints the proofs.
demo: .venv/installed $(PAGE) .venv/system
	$(BIN)/pytest -s tests/stories/test_giving.py

# Models of our own, trained from rendered and simulated scenes and, where it is present, ../shared/data/images.
eye: .venv/train $(PAGE)
	$(BIN)/python -m nightlatch.lab.eye ../shared/data/images --out src/nightlatch/pixels/detectors/eye.onnx
	$(BIN)/python -m nightlatch.lab.eye.evaluate ../shared/data --table tests/pixels/detectors/real_clips.txt

judge: .venv/train
	$(BIN)/python -m nightlatch.lab.judge

.venv/train: .venv/installed
	$(BIN)/pip install --quiet torch==2.13.0 scikit-learn skl2onnx onnx
	touch $@

bench-record: .venv/installed .venv/system
	$(BIN)/python bench/record.py

bench-cameras: .venv/installed .venv/system
	$(BIN)/python bench/cameras.py

bench-sight: .venv/installed .venv/system
	$(BIN)/python bench/sight

bench-soak: .venv/installed .venv/system
	$(BIN)/python bench/soak.py

bench-redact: .venv/installed
	$(BIN)/python bench/redact.py 10

bench-watermark: .venv/installed
	$(BIN)/python bench/watermark.py 3

# What the tests use of Debian: a browser, an RTSP server and an age that we did not write. Not needed to run.
.venv/system: scripts/system-packages scripts/packages.txt | .venv/installed
	scripts/system-packages
	touch $@

.venv/installed: requirements.lock pyproject.toml scripts/install
	PYTHON=$(PYTHON) scripts/install
	touch $@

web/node_modules/installed: web/package-lock.json web/package.json scripts/with-node | .venv/installed
	cd web && ../$(NODE) npm ci --silent --no-audit --no-fund
	touch $@

$(PAGE): web/node_modules/installed $(shell find web -type f -not -path 'web/node_modules/*' 2>/dev/null)
	cd web && ../$(NODE) npm run build --silent
	touch $@

clean:
	rm -rf .venv web/node_modules src/nightlatch/hub/page src/nightlatch/review/page bench/out
