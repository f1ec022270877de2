# Daily commands; `just` lists them.

_list:
    @just --list

# Serve on port 8000, on SQLite in data/
run:
    cargo run

# A token for the server of `just run`
token user="me":
    @cargo run -q -- token --user {{user}}

# Every test, on both databases
test *args:
    scripts/test {{args}}

# What CI checks
check:
    .ci/run

# The API of the code, in a browser
doc:
    cargo doc --no-deps --open
