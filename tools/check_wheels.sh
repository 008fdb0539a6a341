#!/bin/sh
# Checks what users get: installs the wheels of dist/ into a clean environment outside the repository and runs the demo there.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT

fail() { echo "wheels: $*" >&2; exit 1; }

for archive in "$root"/dist/vca_core-*.tar.gz; do
    listed=$(tar -tzf "$archive")
    if echo "$listed" | grep -E '^[^/]*/(plugins|tests|tools|docs/[^e])'; then
        fail "$archive holds what is not vca_core's"
    fi
done
for wheel in "$root"/dist/*.whl; do
    listed=$(python3 -m zipfile -l "$wheel")
    echo "$listed" | grep -q 'py\.typed' || fail "$wheel has no py.typed"
    echo "$listed" | grep -q 'LICENSE' || fail "$wheel has no LICENSE"
done
listed=$(python3 -m zipfile -l "$root"/dist/vca_core-*.whl)
if echo "$listed" | grep -E '^(plugins|tests|docs|tools)/'; then
    fail "the wheel of vca-core holds what is not its own"
fi

uv() { sh "$root/tools/uv.sh" "$@"; }
python=$elsewhere/venv/bin/python

uv venv --quiet "$elsewhere/venv"
uv pip install --quiet --python "$python" "$root"/dist/*.whl "$(ls "$root"/dist/vca_core-*.whl)[cli]"
cp -R "$root/docs/examples" "$elsewhere/examples"
cd "$elsewhere"
"$python" - <<'PYTHON'
import pathlib
import sys

import vca_core
import vca_fake
import vca_juju_common
import vca_juju_machine
from vca_core.loader import list_backends

for module in (vca_core, vca_fake, vca_juju_common, vca_juju_machine):
    assert pathlib.Path(module.__file__).is_relative_to(sys.prefix), module.__file__
backends = {info.name: info.ok for info in list_backends()}
assert backends == {"fake": True, "juju-machine": True}, backends
PYTHON
"$elsewhere/venv/bin/vca" demo
"$python" examples/demo.py > /dev/null
echo "wheels: the demo runs from the installed wheels"

# What others ship, installed beside them: it is found and runs the demo; broken ones hurt nobody.
cp -R "$root/tests/third_party" "$elsewhere/third_party"
uv pip install --quiet --python "$python" "$elsewhere/third_party/vca-shelf" "$elsewhere/third_party/vca-trouble"
sed -e 's/backend: fake/backend: shelf/' -e 's/latency: .*/label: B/' examples/vca.yaml > examples/shelf.yaml
"$python" examples/demo.py examples/shelf.yaml
"$python" - <<'PYTHON'
from vca_core.loader import list_backends

listed = {(info.name, info.distribution): info for info in list_backends()}
assert listed["shelf", "vca-shelf"].ok
for name, distribution, reason in (
    ("absent", "vca-trouble", "vca_trouble_that_is_not_there"),
    ("crashing", "vca-trouble", "missing"),
    ("future", "vca-trouble", "version 99 of the plugin API"),
    ("silent", "vca-trouble", "not marked with @hookimpl"),
    ("fake", "vca-trouble", "vca-fake 0.1.0 and vca-trouble 0.1"),
    ("fake", "vca-fake", "vca-fake 0.1.0 and vca-trouble 0.1"),
):
    info = listed[name, distribution]
    assert not info.ok, info
    assert reason in info.reason, info
    print(f"wheels: {name} of {distribution}: {info.reason}")
PYTHON
echo "wheels: a third party's backend runs the demo, and broken ones are reported"
