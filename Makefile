# `make test` is what must hold; CI runs the same.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help test tools format lint doc unit template e2e audit artifact soak bench

PYTHON := .tools/python/bin/python

help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: tools format lint doc unit template e2e audit artifact ## All of the following, in this order
	@echo "make test: all of it holds"

tools: ## Install what the tests need into .tools/
	@echo "== tools"
	tests/tools/install

format: ## Formatting
	@echo "== format"
	cargo fmt --all --check

lint: ## Clippy, without a warning
	@echo "== lint"
	cargo clippy --locked --workspace --all-targets -- --deny warnings

doc: ## The code's documentation, without a broken link
	@echo "== doc"
	RUSTDOCFLAGS="--deny warnings" cargo doc --locked --lib --no-deps --document-private-items

unit: tools ## Rust tests, with DynamoDB Local beside them
	@echo "== unit"
	cargo test --locked --no-run
	tests/tools/dynamodb-local 0 cargo test --locked

template: tools ## template.yaml, and that its validation can fail
	@echo "== template"
	$(PYTHON) tests/template/validate.py

e2e: tools ## The binary under cargo-lambda and by itself, driven by the official SDKs
	@echo "== e2e"
	$(PYTHON) tests/e2e/watch

audit: ## Licences, sources, banned crates and, where the database can be had, advisories
	@echo "== audit"
	tests/tools/install-deny
	cargo fetch --locked --quiet
	.tools/bin/cargo-deny --offline --locked --config .cargo/deny.toml check --hide-inclusion-graph bans licenses sources
	@if timeout 60 .tools/bin/cargo-deny --config .cargo/deny.toml fetch db >/dev/null 2>&1; then \
	    .tools/bin/cargo-deny --offline --locked --config .cargo/deny.toml check advisories; \
	else \
	    echo "audit: advisories NOT checked: their database cannot be had here"; \
	fi

artifact: tools ## What is deployed, for this machine and for arm64
	@echo "== artifact"
	tests/tools/build-artifact

SECONDS ?= 600

soak: tools ## The races, the fuzz targets and the random histories for SECONDS each, and more of the histories
	@echo "== soak"
	cargo test --locked --no-run
	TOLLGATE_SOAK_SECONDS=$(SECONDS) tests/tools/dynamodb-local 0 cargo test --locked race::soak -- --nocapture
	TOLLGATE_FUZZ_SEED=$$(date +%s) TOLLGATE_FUZZ_SECONDS=$(SECONDS) cargo test --locked fuzz:: -- --test-threads=32
	TOLLGATE_PROPTEST_CASES=20000 cargo test --locked quota_property::the_store_in_memory
	TOLLGATE_PROPTEST_CASES=500 tests/tools/dynamodb-local 0 cargo test --locked quota_property::the_store_in_dynamodb

BENCH_PROFILE ?= release

bench: tools ## What it costs, beside a floor; ONLY=warm,stream measures parts
	@echo "== bench"
	cargo build --locked --bin tollgatectl
	cargo build --locked --profile $(BENCH_PROFILE) --bin tollgate
	cargo build --locked --profile $(BENCH_PROFILE) --package tollgate-bench
	$(or $(CARGO_TARGET_DIR),target)/$(BENCH_PROFILE)/bench $(ONLY)
