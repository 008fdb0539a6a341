"""The fixtures for orchestrators: tried as an orchestrator's own test suite, in a pytest of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CHARM = "name: simple\\nsummary: s\\ndescription: d\\nseries: [jammy]\\n"
SUITE = f"""
import pytest
from vca_core import ExecutionError

@pytest.fixture
def vca_fake_artifacts(tmp_path):
    (tmp_path / "simple").mkdir()
    (tmp_path / "simple" / "metadata.yaml").write_text("{CHARM}")
    (tmp_path / "simple" / "dispatch").touch()
    (tmp_path / "simple" / "actions.yaml").write_text("touch: {{}}\\n")
    return tmp_path

async def instantiate(connector):
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    await connector.install_configuration_sw(ee_id, "simple")
    return ee_id, await connector.exec_primitive(ee_id, "touch")
"""


def run(pytester: pytest.Pytester, tests: str, mode: str = "auto") -> pytest.RunResult:
    pytester.makeini(
        f"[pytest]\nasyncio_mode = {mode}\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
    )
    pytester.makepyfile(SUITE + tests)
    return pytester.runpytest_subprocess("-p", "no:cacheprovider")


def test_a_test_gets_a_connector_and_reads_what_was_asked(pytester: pytest.Pytester) -> None:
    tests = """
async def test_it(vca_fake):
    ee_id, output = await instantiate(vca_fake.connector)
    assert output == {"unit": "app-vnf-vnf/0"}
    assert await vca_fake.ee_ids() == [ee_id]
    assert vca_fake.recorder.operations(".ns.vnf") == [
        "create_execution_environment", "install_configuration_sw", "exec_primitive:touch"]
    assert vca_fake.words("state")[-1] == "completed"
"""
    run(pytester, tests).assert_outcomes(passed=1)


def test_a_failure_is_scripted_in_a_line(pytester: pytest.Pytester) -> None:
    tests = """
async def test_it(vca_fake):
    vca_fake.script.add("exec_primitive", primitive="touch", fail="disk full")
    with pytest.raises(ExecutionError, match="disk full"):
        await instantiate(vca_fake.connector)
"""
    run(pytester, tests).assert_outcomes(passed=1)


def test_a_rule_that_nothing_matched_fails_the_test(pytester: pytest.Pytester) -> None:
    tests = """
async def test_it(vca_fake):
    vca_fake.script.add("exec_primitive", primitive="tuch", fail="disk full")
    await instantiate(vca_fake.connector)
"""
    result = run(pytester, tests)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*rules that nothing matched: exec_primitive tuch*"])


def test_the_fixtures_work_in_the_strict_mode_of_pytest_asyncio(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.asyncio
async def test_it(vca_fake):
    await instantiate(vca_fake.connector)
"""
    run(pytester, tests, "strict").assert_outcomes(passed=1)


def test_each_test_has_a_world_of_its_own(pytester: pytest.Pytester) -> None:
    tests = """
@pytest.mark.parametrize("number", range(20))
async def test_it(vca_fake, number):
    assert await vca_fake.ee_ids() == []
    await instantiate(vca_fake.connector)
"""
    run(pytester, tests).assert_outcomes(passed=20)


def test_loading_the_plugin_imports_no_core(pytester: pytest.Pytester, tmp_path: Path) -> None:
    tests = """
import sys

def test_it():
    assert "vca_core.vca" not in sys.modules
    assert "pydantic" not in sys.modules
"""
    pytester.makepyfile(tests)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
