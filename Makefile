# The commands a person needs. Each installs what it needs on a fresh Debian or Ubuntu with a Swift 6.3 toolchain.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help build replay quick test package chaos fuzz sanitize bench release docs format lint check clean

# What the sources of the static binary are made of; it is built anew when one of them changes.
SOURCES := $(shell find Sources -type f) Package.swift $(wildcard build/*.sh build/*.ld build/*.order)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  %-10s %s\n", $$1, $$2 }'

build: ## build concertctl (release) into dist/
	@scripts/install-build-dependencies.sh
	@swift build --configuration release --product concertctl
	@mkdir -p dist
	@cp "$$(swift build --configuration release --show-bin-path)/concertctl" dist/concertctl

package: dist/bootstrap ## build the static function: dist/bootstrap and dist/concert-data-processor.zip

dist/bootstrap: $(SOURCES)
	@build/bootstrap.sh

replay: build package ## replay the shipped fixtures: through the static bootstrap, then with embedded sinks
	@echo
	@echo "== through dist/bootstrap, over a local Runtime API (no dead-letter destination: bad records fail) =="
	@dist/concertctl replay --bootstrap dist/bootstrap Fixtures/kinesis || (($$? == 3))
	@echo
	@echo "== in this process, with embedded sinks (bad records go to the dead letters; see .build/replay) =="
	@dist/concertctl replay --sink-dir .build/replay Fixtures/kinesis

quick: ## run the tests that start no server: less than two minutes after the build
	@scripts/test.sh quick

test: ## run all tests: units, wire, and the built bootstrap end to end
	@scripts/test.sh

chaos: package ## 200,000 records through every fault there is (CHAOS_RECORDS and CHAOS_SEED choose others)
	@scripts/install-test-dependencies.sh
	@CHAOS_RECORDS=$${CHAOS_RECORDS:-200000} swift test --disable-swift-testing --filter EndToEndTests.ChaosTests

fuzz: ## fuzz each parser for a minute (SECONDS_EACH=..., TARGET=...)
	@scripts/fuzz.sh

sanitize: ## the unit tests under AddressSanitizer and ThreadSanitizer
	@scripts/sanitize.sh

bench: build package ## measure beside the baselines (BENCH_OPTIONS="--output json" for JSON)
	@scripts/bench.sh $(BENCH_OPTIONS)

release: build package ## dist/release: archives, checksums, SBOM, notices (RELEASE_OPTIONS=--snapshot before its date is set)
	@scripts/release.py $(RELEASE_OPTIONS)

docs: ## write docs/concertctl.md, docs/records.md, and the tables of docs/configuration.md from what the program works with
	@swift build --product concertctl
	@"$$(swift build --show-bin-path)/concertctl" documentation > docs/concertctl.md
	@"$$(swift build --show-bin-path)/concertctl" records-documentation > docs/records.md
	@"$$(swift build --show-bin-path)/concertctl" settings-documentation docs/configuration.md > docs/configuration.md.new
	@mv docs/configuration.md.new docs/configuration.md

format: ## rewrite the Swift sources as swift format wants them
	@swift format --in-place --configuration .swift-format --recursive Sources Tests Benchmarks Package.swift

lint: ## fail on any finding of swift format, and on text that is written or compared the wrong way
	@swift format lint --strict --configuration .swift-format --recursive Sources Tests Benchmarks Package.swift
	@scripts/lint-text.py

check: lint test ## what must pass before a commit

clean: ## delete what was built
	@rm -rf .build .build-static .build-deps .build-python .build-emulator .build-moto .build-postgresql .build-redis .build-fuzz .build-address .build-thread \
		.build-bench dist
