# make demo   watch three campaigns go out, be delivered, read and answered (SQLite and the sandbox, nothing else)
# make test   everything that is tested, with a throw-away PostgreSQL and a real browser
# make pictures  the inbox and a run as the browser tests see them, for docs/
# make crash  the daemon killed at random moments on both databases, then the books compared (RECADO_KILLS=200; PARTS="zenvia" does only that)
# make bench  ratios measured in one run (about 40 minutes); PARTS="sends share" measures only those
.PHONY: demo test pictures crash bench lint deny build clean

CARGO ?= cargo

demo:
	$(CARGO) run --quiet --locked -- demo

test:
	tests/setup
	tests/with-postgres $(CARGO) test --locked --quiet

pictures:
	tests/setup
	$(CARGO) test --locked --quiet --test it -- browser::inbox browser::a_person_starts
	cp target/tmp/pictures/inbox.png target/tmp/pictures/inbox-phone-thread.png target/tmp/pictures/run.png docs/

crash:
	tests/setup
	tests/with-postgres $(CARGO) bench --locked --quiet --bench crash -- $(PARTS)

bench:
	tests/setup
	tests/with-postgres $(CARGO) bench --locked --quiet --bench bench -- $(PARTS)

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
