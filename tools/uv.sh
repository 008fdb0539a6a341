#!/bin/sh
# Runs uv: the one on PATH if it is recent enough, else one of our own in .uv/, installed there from PyPI when first needed.
# PYTHON names the interpreter (default: python3); it needs Python 3.11 or later.
set -eu

oldest=0.8.0  # what can read it
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
pinned=$(sed -n 's/^uv==\([0-9.]*\).*/\1/p' "$root/tools/uv.txt") # what uv.lock was written with
python=${PYTHON:-python3}

say() { echo "$*" >&2; }

check_python() {
    if ! command -v "$python" >/dev/null 2>&1; then
        say "There is no $python. Install Python 3.11 or later, or name it: make PYTHON=/path/to/python3.11"
        exit 2
    fi
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        say "$("$python" --version) is too old: Python 3.11 or later is needed. Name a newer one: make PYTHON=python3.12"
        exit 2
    fi
}

recent_enough() { # a uv on PATH
    command -v uv >/dev/null 2>&1 || return 1
    version=$(uv --version 2>/dev/null | awk '{print $2}')
    [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$oldest" "$version" | sort -V | head -1)" = "$oldest" ]
}

install_own() {
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        say "$python cannot make virtual environments: its module ensurepip is missing."
        say "On Debian and Ubuntu: apt-get install python3-venv. Or install uv yourself and have it on PATH."
        exit 2
    fi
    say "Installing uv $pinned into .uv/ (once) ..."
    rm -rf "$root/.uv"
    "$python" -m venv "$root/.uv"
    "$root/.uv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes \
        --no-deps --only-binary :all: --requirement "$root/tools/uv.txt"
}

check_python
if recent_enough; then
    uv=uv
else
    [ "$("$root/.uv/bin/uv" --version 2>/dev/null | awk '{print $2}')" = "$pinned" ] || install_own
    uv=$root/.uv/bin/uv
fi

# The interpreter is the one that is here: none is downloaded behind anybody's back.
UV_PYTHON_DOWNLOADS=never UV_PYTHON=$python exec "$uv" "$@"
