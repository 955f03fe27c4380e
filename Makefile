# The development commands. Each installs its dependencies on a fresh Debian or Ubuntu with a Swift 6.3 toolchain.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build replay quick test package chaos fuzz sanitize bench release docs format lint check clean

# The inputs of the static binary, which is rebuilt when one of them changes.
SOURCES := $(shell find Sources -type f) Package.swift $(wildcard build/*.sh build/*.ld build/*.order)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-10s %s\n", $$1, $$2 }'

build: dist/concertctl ## build the static command line: dist/concertctl

package: dist/bootstrap ## build the static function: dist/bootstrap and dist/concert-data-processor.zip

# Each builds only what has changed, and they share the modules.
dist/bootstrap dist/concertctl: $(SOURCES)
	@build/static.sh $(@F)

replay: build package ## replay the shipped fixtures: through the static bootstrap, then with embedded sinks
	@echo
	@echo "== through dist/bootstrap, over a local Runtime API (no dead-letter destination: bad records fail) =="
	@dist/concertctl replay --bootstrap dist/bootstrap Fixtures/kinesis || (($$? == 3))
	@echo
	@echo "== in this process, with embedded sinks (bad records are dead-lettered; see .build/replay) =="
	@dist/concertctl replay --sink-dir .build/replay Fixtures/kinesis

quick: ## run the tests that start no servers, in less than two minutes after the build
	@scripts/test.sh quick

test: ## run all tests: unit, integration and end-to-end tests
	@scripts/test.sh

chaos: package ## process 200,000 records with every kind of fault (see CHAOS_RECORDS and CHAOS_SEED)
	@scripts/install-test-dependencies.sh
	@CHAOS_RECORDS=$${CHAOS_RECORDS:-200000} swift test --disable-swift-testing --filter EndToEndTests.ChaosTests

fuzz: ## fuzz each parser for a minute (SECONDS_EACH=..., TARGET=...)
	@scripts/fuzz.sh

sanitize: ## run the unit tests under AddressSanitizer and ThreadSanitizer
	@scripts/sanitize.sh

bench: build package ## measure against the baselines (BENCH_OPTIONS="--output json" for JSON)
	@scripts/bench.sh $(BENCH_OPTIONS)

release: build package ## build dist/release: archives, checksums, SBOM, notices (RELEASE_OPTIONS=--snapshot for an undated version)
	@scripts/release.py $(RELEASE_OPTIONS)

docs: ## generate docs/concertctl.md, docs/records.md, and the tables of docs/configuration.md
	@swift build --product concertctl
	@"$$(swift build --show-bin-path)/concertctl" documentation > docs/concertctl.md
	@"$$(swift build --show-bin-path)/concertctl" records-documentation > docs/records.md
	@"$$(swift build --show-bin-path)/concertctl" settings-documentation docs/configuration.md > docs/configuration.md.new
	@mv docs/configuration.md.new docs/configuration.md
	@scripts/lint-parameters.py --write

format: ## format the Swift sources
	@swift format --in-place --configuration .swift-format --recursive Sources Tests Benchmarks Package.swift

lint: ## check format, forbidden calls, comparison of text, and vocabulary
	@swift format lint --strict --configuration .swift-format --recursive Sources Tests Benchmarks Package.swift
	@scripts/lint-text.py
	@scripts/lint-targets.py
	@scripts/lint-parameters.py

check: lint test ## run lint and all tests, as required before a commit

clean: ## delete all build output
	@rm -rf .build .build-static .build-deps .build-python .build-emulator .build-moto .build-postgresql .build-redis .build-fuzz .build-address .build-thread \
		.build-bench dist
