# What everybody types. `make` lists it.

# pip installs what the API is fuzzed with into a folder that git ignores.
PYTHON ?= python3
SCHEMATHESIS := target/schemathesis/bin/schemathesis
CRASH_KILLS ?= 1000
# Private items too, so that links may lead to them.
DOCUMENTED := -D warnings -A rustdoc::private_intra_doc_links --document-private-items

.DEFAULT_GOAL := help
.PHONY: help run demo test check format unit document fuzz console sdk screens pictures ui bench soak openapi

help: ## List the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

run: ## Build and start a server; prints its address, whom to sign in as, a key set and a line to try
	@if command -v npm >/dev/null; then $(MAKE) ui; \
	else echo 'Without npm the server has no pages: install Node.js 20 or later and run make ui.' >&2; fi
	cargo build --release --bin turnbuckle
	TURNBUCKLE_EGRESS__ALLOW_CIDRS=$${TURNBUCKLE_EGRESS__ALLOW_CIDRS-127.0.0.0/8} \
		$${CARGO_TARGET_DIR:-target}/release/turnbuckle serve

demo: ## Show the main job in the terminal: a webhook becomes a record, the app is told
	cargo run --release --bin turnbuckle -- demo

# The pages first, so that the binary is built with them once. The last three wait more than
# they compute, so they go beside each other.
#
# Every crate of ours is built once, by Clippy, which is rustc with more to say: `cargo clippy`
# and `cargo doc` would have all dependencies checked besides, which takes a third as long as
# all of this.
test: export RUSTC_WORKSPACE_WRAPPER := $(shell rustc --print sysroot)/bin/clippy-driver
test: export CLIPPY_ARGS := -Dwarnings__CLIPPY_HACKERY__
test: ui format unit document ## Everything that must pass; installs what it needs
	$(MAKE) --jobs=3 --output-sync=target BUILT=yes fuzz sdk console

check: export RUSTDOCFLAGS := $(DOCUMENTED)
check: format ## Format, lints, documentation: what is wrong before it runs
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo doc --workspace --no-deps --locked

format:
	cargo fmt --all --check
	crates/turnbuckle-functions/module/check.sh

document: export RUSTDOCFLAGS := $(DOCUMENTED)
document: export RUSTDOC := $(CURDIR)/scripts/document.sh
document:
	cargo test --doc --workspace --locked

# Stories of the hub that rest on what the store does run once more with hubs that store on
# PostgreSQL.
ON_POSTGRES := crm idempotency isolation link records replay stories

unit: ## Every Rust test, with cargo-nextest where it is installed, beside a PostgreSQL server
	@if cargo nextest --version >/dev/null 2>&1; then run='nextest run --test-threads 4'; else run=test; fi; \
	scripts/with-postgres.sh cargo $$run --workspace --locked --no-fail-fast && \
	TEST_HUB_STORE=postgres scripts/with-postgres.sh \
		cargo $$run --workspace --locked --no-fail-fast $(addprefix --test ,$(ON_POSTGRES))

# The tests have built what these three start; by itself it would have other features, and
# half of the dependencies be built once more.
BUILD := cargo build --bin turnbuckle --example other_crms --locked
ifdef BUILT
BUILD := [ -x $${CARGO_TARGET_DIR:-target}/debug/examples/other_crms ] || $(BUILD)
endif

fuzz: $(SCHEMATHESIS) ## Call every documented operation with odd input; none may answer 5xx
	$(BUILD)
	PATH="$(CURDIR)/target/schemathesis/bin:$$PATH" scripts/schemathesis.sh

$(SCHEMATHESIS): scripts/requirements.txt
	$(PYTHON) -m venv target/schemathesis
	target/schemathesis/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# The pages are built anew where something that they are made of is newer.
ui: ui/dist/console/index.html ## Build the pages of the console and of Link; needs Node.js 20 or later

ui/dist/console/index.html: ui/node_modules/.package-lock.json \
		$(shell find ui/src ui/link ui/scripts ui/*.json ui/*.ts ui/index.html sdk/js/link/src 2>/dev/null)
	npm --prefix ui run build

ui/node_modules/.package-lock.json: ui/package-lock.json
	npm --prefix ui ci
	@touch $@

sdk: sdk/js/node_modules/.package-lock.json ## Check the JavaScript packages
	npm --prefix sdk/js run check

sdk/js/node_modules/.package-lock.json: sdk/js/package-lock.json
	npm --prefix sdk/js ci
	@touch $@

console: ui ## Check the pages, and walk through them in a real browser
	npm --prefix ui run check
	npm --prefix ui run budget
	$(BUILD)
	scripts/browser.sh browser browser:link browser:authorise

screens: ui ## Write a picture of each page into ui/screens
	$(BUILD)
	scripts/browser.sh screens screens:link

pictures: screens ## Take the pictures of the README anew
	mkdir -p docs/pictures
	cd ui/screens && cp link-05-fields-light-1280.png ../../docs/pictures/link.png \
		&& cp source-tried-light-1280.png ../../docs/pictures/source.png \
		&& cp replay-dry-run-light-1280.png ../../docs/pictures/replay.png

bench: ## Measure a release build beside what this machine can do
	cargo build --release --locked --bin turnbuckle --bin turnbuckle-bench
	$${CARGO_TARGET_DIR:-target}/release/turnbuckle-bench $(BENCH)

soak: ## Kill a loaded server CRASH_KILLS times (1000) and compare the ledger
	CRASH_KILLS=$(CRASH_KILLS) cargo test --locked -p turnbuckle-server --test crash -- --nocapture

openapi: ## Write openapi.json anew
	cargo run --bin turnbuckle -- openapi > openapi.json.new
	mv openapi.json.new openapi.json
