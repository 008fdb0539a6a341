#!/bin/sh
# Checks what users get: installs the wheels of dist/ into a clean environment outside the repository and runs the demo there.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT

fail() { echo "wheels: $*" >&2; exit 1; }

for archive in "$root"/dist/vca_core-*.tar.gz; do
    if tar -tzf "$archive" | grep -E '/(plugins|tests|docs|tools)/'; then
        fail "$archive holds what is not vca_core's"
    fi
done
for wheel in "$root"/dist/*.whl; do
    python3 -m zipfile -l "$wheel" | grep -q 'py\.typed' || fail "$wheel has no py.typed"
    python3 -m zipfile -l "$wheel" | grep -q 'LICENSE' || fail "$wheel has no LICENSE"
done
if python3 -m zipfile -l "$root"/dist/vca_core-*.whl | grep -E ' (plugins|tests|docs|tools)/'; then
    fail "the wheel of vca-core holds what is not its own"
fi

sh "$root/tools/uv.sh" venv --quiet "$elsewhere/venv"
sh "$root/tools/uv.sh" pip install --quiet --python "$elsewhere/venv/bin/python" "$root"/dist/*.whl
cp -R "$root/docs/examples" "$elsewhere/examples"
cd "$elsewhere"
"$elsewhere/venv/bin/python" - <<'PYTHON'
import pathlib
import sys

import vca_core
import vca_fake
from vca_core.loader import list_backends

for module in (vca_core, vca_fake):
    assert pathlib.Path(module.__file__).is_relative_to(sys.prefix), module.__file__
backends = {info.name: info.ok for info in list_backends()}
assert backends == {"fake": True}, backends
PYTHON
"$elsewhere/venv/bin/python" examples/demo.py
echo "wheels: the demo runs from the installed wheels"
