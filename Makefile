# `make run` and `make test` do all their own set-up. `make check` formats, lints, types and checks the import rings.
SHELL := /bin/bash
.DELETE_ON_ERROR:
PYTHON ?= python3
BIN := .venv/bin
PAGE := src/nightlatch/hub/page/index.html
TFLITES := src/nightlatch/pixels/detectors/*.tflite
NODE := scripts/with-node
DATA ?= data

.DEFAULT_GOAL := help
.PHONY: help run test check fmt shape wire page models demo eye judge bench-record bench-cameras bench-sight bench-notices bench-soak bench-redact bench-teach bench-writing bench-watermark bench-pictures bench-playback bench-log bench-faces drill-kills drill-log drill-faults drill-floods fuzz-rtsp fuzz-http clean

help:  ## show this list
	@grep -hE '^[a-z][a-z-]*:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*  ## (.*)$$/  make \1\t\2/' | expand -t 26

run: .venv/installed $(PAGE) models  ## start hub and mailbox, and print the page's address (DATA=folder, default data)
	$(BIN)/nightlatch up --data $(DATA)

test: .venv/installed $(PAGE) models .venv/system  ## run all tests (ARGS='-k name' for some of them)
	cd web && ../$(NODE) npm test --silent
	$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)

check: .venv/installed web/node_modules/installed  ## check format, lint, types and import rings
	$(BIN)/ruff format --check src tests bench scripts
	$(BIN)/ruff check src tests bench scripts
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/wire.py --check
	cd web && ../$(NODE) npm run check --silent

fmt: .venv/installed web/node_modules/installed  ## format all code and mend what the linters can
	$(BIN)/ruff format src tests bench scripts
	$(BIN)/ruff check --fix src tests bench scripts
	cd web && ../$(NODE) npm run fmt --silent

shape: .venv/installed  ## count long functions, branches, doubles and loose dicts
	$(BIN)/python scripts/shape.py

# `make check` fails when they are stale.
wire: .venv/installed  ## write the pages' types of what is answered (web/shared/wire.ts, web/review/wire.ts)
	$(BIN)/python scripts/wire.py

page: $(PAGE) models  ## build the page

# The whole promise in real browsers: give, two reviewers look, who looked, take back. Prints the proofs.
demo: .venv/installed $(PAGE) .venv/system  ## play the whole promise in real browsers: give, look, take back
	$(BIN)/pytest -s tests/stories/test_giving.py

# Models of our own, trained from rendered and simulated scenes and, where it is present, ../shared/data/images.
eye: .venv/train $(PAGE)  ## train the built-in eye
	$(BIN)/python -m nightlatch.lab.eye ../shared/data/images --out src/nightlatch/pixels/detectors/eye.onnx
	$(BIN)/python -m nightlatch.lab.eye.evaluate ../shared/data --table tests/pixels/detectors/real_clips.txt

judge: .venv/installed  ## train the judge
	$(BIN)/python -m nightlatch.lab.judge

.venv/train: .venv/installed
	$(BIN)/pip install --quiet torch==2.13.0 onnx
	touch $@

bench-record: .venv/installed .venv/system  ## measure recording beside ffmpeg -c copy
	$(BIN)/python bench/record.py $(ARGS)

bench-cameras: .venv/installed .venv/system  ## measure how many cameras two cores carry
	$(BIN)/python bench/cameras.py $(ARGS)

bench-sight: .venv/installed models .venv/system  ## measure what is told of real films, and events, delays and CPU beside others
	$(BIN)/python bench/sight/stories.py
	$(BIN)/python bench/sight $(ARGS)

bench-notices: .venv/installed models .venv/system  ## measure how soon an owner is told who is there, on real films in real time
	$(BIN)/python bench/notices.py $(ARGS)

bench-soak: .venv/installed .venv/system  ## run sixteen cameras for an hour
	$(BIN)/python bench/soak.py $(ARGS)

bench-redact: .venv/installed models  ## make real films into what is given, search it, and draw sheets of before and after
	$(BIN)/python bench/redact.py 10

bench-teach: .venv/installed models  ## read given films by their drawings alone, and compare with what is true of the open ones
	$(BIN)/python -m bench.teach

bench-writing: .venv/installed models  ## measure which writing is covered, rendered and on real films, and what that costs
	$(BIN)/python bench/writing.py rendered 80
	$(BIN)/python bench/writing.py real 10

bench-watermark: .venv/installed  ## measure what the hidden mark survives, on screenshots of the page (20 minutes)
	$(BIN)/python -m bench.watermark

bench-pictures: .venv/installed  ## measure the keeper's pictures: CPU for each, the first one, and how late they are for 1, 4 and 8 reviewers
	$(BIN)/python -m bench.pictures $(ARGS)

bench-playback: .venv/installed $(PAGE) .venv/system  ## measure a sealed clip beside an unsealed one in Chromium, and stills under a finger
	$(BIN)/python -m bench.playback $(ARGS)

bench-faces: .venv/installed  ## measure what Home and the timeline cost a hub with a full day of four cameras (ARGS=10: days of clips)
	$(BIN)/python -m bench.faces $(ARGS)

bench-log: .venv/installed  ## measure fifty writers and forty readers of a log whose witness takes 200 ms
	$(BIN)/python -m bench.log $(ARGS)

drill-kills: .venv/installed $(PAGE) .venv/system  ## kill -9 a recording a thousand times and count what it cost (ARGS='--kills 50')
	$(BIN)/python -m tests.drills.kills $(ARGS)

drill-faults: .venv/installed $(PAGE)  ## twenty cameras with random faults: every second is recorded or explained
	$(BIN)/python -m tests.drills.faults $(ARGS)

drill-log: .venv/installed  ## kill -9 a log two hundred times between and in its months (ARGS='--kills 20')
	$(BIN)/python -m tests.drills.logs $(ARGS)

drill-floods: .venv/installed $(PAGE)  ## flood all five programs from a thousand sockets: memory, and who is served (ARGS='--only keeper')
	$(BIN)/python -m tests.drills.floods $(ARGS)

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
	$(BIN)/python scripts/practice.py
	cd web && ../$(NODE) npm run build --silent
	touch $@

models: .venv/installed web/node_modules/installed  ## take the networks that come with set-up out of their packages
	$(BIN)/python scripts/unpack.py

fuzz-rtsp: .venv/installed  ## say ten million hostile things to our RTSP client (COUNT=; some minutes)
	$(BIN)/python -m tests.pixels.sources.rtsp.fuzz $(COUNT)

fuzz-http: .venv/installed $(PAGE)  ## send each program what its OpenAPI description says, and nearly that, for five minutes
	$(BIN)/python -m tests.drills.schemas $(ARGS)

clean:  ## remove everything that was built or installed here (not DATA)
	rm -rf .venv $(TFLITES) web/node_modules src/nightlatch/hub/page src/nightlatch/review/page bench/out
