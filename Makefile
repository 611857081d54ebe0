# make demo   watch three campaigns go out, be delivered, read and answered (SQLite and the sandbox, nothing else)
# make test   everything that is tested, with a throw-away PostgreSQL and a real browser
# make crash  the daemon killed at random moments on both databases, then the books compared (RECADO_KILLS=200)
.PHONY: demo test crash lint deny build clean

CARGO ?= cargo

demo:
	$(CARGO) run --quiet --locked -- demo

test:
	tests/setup
	tests/with-postgres $(CARGO) test --locked --quiet

crash:
	tests/setup
	tests/with-postgres $(CARGO) bench --locked --quiet --bench crash

build:
	$(CARGO) build --release --locked

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --no-deps --document-private-items --quiet

deny:
	tests/setup deny
	cargo-deny --all-features check bans licenses sources

clean:
	$(CARGO) clean
