#!/bin/sh
# Checks what users get: installs the wheels of dist/ into a clean environment outside the repository and runs the demo there.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT

fail() { echo "wheels: $*" >&2; exit 1; }

for archive in "$root"/dist/vca_core-*.tar.gz; do
    listed=$(tar -tzf "$archive")
    if echo "$listed" | grep -E '^[^/]*/(plugins|sim|tests|tools|docs/[^e])'; then
        fail "$archive holds what is not vca_core's"
    fi
done
for wheel in "$root"/dist/*.whl; do
    listed=$(python3 -m zipfile -l "$wheel")
    echo "$listed" | grep -q 'py\.typed' || fail "$wheel has no py.typed"
    echo "$listed" | grep -q 'LICENSE' || fail "$wheel has no LICENSE"
done
listed=$(python3 -m zipfile -l "$root"/dist/vca_core-*.whl)
if echo "$listed" | grep -E '^(plugins|sim|tests|docs|tools)/'; then
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
import vca_juju_k8s
import vca_juju_machine
import vca_jujusim
from vca_core import list_backends

for module in (vca_core, vca_fake, vca_juju_common, vca_juju_k8s, vca_juju_machine, vca_jujusim):
    assert pathlib.Path(module.__file__).is_relative_to(sys.prefix), module.__file__
backends = {info.name: info.ok for info in list_backends()}
assert backends == {"fake": True, "juju-k8s": True, "juju-machine": True}, backends
PYTHON
"$elsewhere/venv/bin/vca" demo
"$python" examples/demo.py > /dev/null
echo "wheels: the demo runs from the installed wheels"
"$elsewhere/venv/bin/vca-jujusim" --help > /dev/null || fail "vca-jujusim does not start"

# What others ship, installed beside them: it is found and runs the demo; broken ones hurt nobody.
cp -R "$root/tests/third_party" "$elsewhere/third_party"
uv pip install --quiet --python "$python" "$elsewhere/third_party/vca-shelf" "$elsewhere/third_party/vca-trouble"
sed -e 's/backend: fake/backend: shelf/' -e 's/latency: .*/label: B/' examples/vca.yaml > examples/shelf.yaml
"$python" examples/demo.py examples/shelf.yaml
"$python" - <<'PYTHON'
from vca_core import list_backends

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

# What `vca plugin new` of the wheel writes, installed beside it: the plugin of a third party's first day.
newcomer=$elsewhere/newcomer
uv venv --quiet "$newcomer/venv"
uv pip install --quiet --python "$newcomer/venv/bin/python" "$(ls "$root"/dist/vca_core-*.whl)[testing]"
cd "$newcomer"
venv/bin/vca plugin new edge-rack --defaults
# The core is the wheel and no other: nothing else may satisfy the plugin's dependency on it.
uv pip install --quiet --python venv/bin/python --find-links "$root/dist" "./vca-edge-rack[test,lint]"
cd vca-edge-rack
for check in "ruff check --no-cache ." "ruff format --check --no-cache ." "mypy" "pytest -q -rN -p no:cacheprovider"; do
    # Not python -m, which would put the sources in front of what is installed.
    # shellcheck disable=SC2086 # words of a command
    ../venv/bin/$check || fail "a new plugin fails: $check"
done
../venv/bin/python - <<'PYTHON'
import pathlib
import sys

import vca_core
from vca_core import list_backends

assert pathlib.Path(vca_core.__file__).is_relative_to(sys.prefix), vca_core.__file__
[info] = [info for info in list_backends() if info.name == "edge-rack"]
assert info.ok, info.reason
PYTHON
../venv/bin/vca conformance --suite tests/test_conformance.py > "$newcomer/verdict" || fail "$(cat "$newcomer/verdict")"
echo "wheels: a new plugin works beside the wheel of vca-core, and its tests pass: $(tail -1 "$newcomer/verdict")"

# The tutorial of backends, with nothing but its own code blocks and the wheel.
mkdir "$newcomer/tutorial"
cd "$newcomer"
PYTHONPATH=$root/tests venv/bin/python - "$root/docs/extend/tutorial.md" tutorial <<'PYTHON'
import pathlib
import sys

import vca_core
from unit.docs.pages import play

assert pathlib.Path(vca_core.__file__).is_relative_to(sys.prefix), vca_core.__file__
play(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]).resolve())
PYTHON
echo "wheels: the tutorial's backend reaches BASE beside the wheel of vca-core"
