# The README's commands and the longer runs: `just` lists them (https://just.systems).
# Each recipe is one or two commands that work without just, too.

[private]
default:
    @just --list

# A tablet's life against a real server on loopback
demo *ARGS:
    cargo run -- demo {{ARGS}}

# All tests, or those whose names contain a text
test *ARGS:
    cargo test --locked {{ARGS}}

# What a change must pass; installs what it needs
ci:
    bash .ci/run

# A server for trying out, on loopback, in ./data
serve *ARGS:
    cargo run --release -- serve --data ./data --insecure-http 127.0.0.1:8080 --accept-unknown-devices {{ARGS}}

# Format the code and look for lints
lint:
    cargo fmt --all
    cargo clippy --all-targets --locked -- -D warnings

# Rewrite the policy matrix, docs/openapi.json and the table in docs/commands.md: review the diff
golden:
    UPDATE_GOLDEN=1 cargo test --locked -p modegate-core -- the_matrix_is the_documented_types
    UPDATE_GOLDEN=1 cargo test --locked --test suite api::openapi::

# The pictures of docs/pictures, and of all pages in target/browser/pictures, by Chromium
pictures:
    MODEGATE_DOCS_PICTURES=1 MODEGATE_TEST_BROWSER=require cargo test --locked --test suite browser::pictures

# One bench: audit, core, sessions, fleet, noisy, readers, strangers, push or wbxml (docs/performance.md)
bench NAME *ARGS:
    cargo bench --locked --bench {{NAME}} -- {{ARGS}}

# The log's verifier on 100,000,000 events with flat memory: for the night
night EVENTS="100000000":
    cargo bench --locked --bench audit -- memory {{EVENTS}}

# The seeded world of devices for longer: minutes for 100,000 steps
world STEPS="100000":
    MODEGATE_STEPS={{STEPS}} cargo test --release --locked --test suite world:: -- --nocapture

# The world that a failed test printed, message by message
replay SEED:
    MODEGATE_SEED={{SEED}} cargo test --locked --test suite world:: -- --nocapture

# Fuzz one target: xml, wbxml, query, loc_uri or step (needs cargo-fuzz and g++)
fuzz TARGET SECONDS="600":
    cargo fuzz run -s none {{TARGET}} -- -max_total_time={{SECONDS}}

# Licences, sources, duplicate TLS stacks (needs cargo-deny)
deny:
    cargo deny --locked check bans licenses sources

# Known vulnerabilities of dependencies; fetches the advisory database
advisories:
    cargo deny --locked check advisories

# The Debian package (needs cargo-deb)
deb:
    packaging/deb

# The container image
container ENGINE="podman":
    {{ENGINE}} build {{ if ENGINE == "podman" { "--format docker" } else { "" } }} -t modegate -f packaging/Containerfile .
