"""Charms on the fake: installed, configured, scaled, upgraded, related; what has no meaning is refused."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from unit.fake.conftest import EXAMPLES

from vca_core import AlreadyExists, BadArguments, Connector, ExecutionError, NotFound, NotSupported, Vca


@pytest.fixture
async def router(connector: Connector) -> str:
    ee_id, _ = await connector.create_execution_environment(".ns.router")
    await connector.install_configuration_sw(ee_id, "simple-router")
    return ee_id


@pytest.fixture
async def cache(connector: Connector) -> str:
    ee_id, _ = await connector.create_execution_environment(".ns.cache")
    await connector.install_configuration_sw(ee_id, "content-cache")
    return ee_id


async def natives(connector: Connector) -> list[list[str]]:
    return [
        [f"{state.entity} {state.native}" for state in record.entities]
        for record in await connector.list_execution_environments()
    ]


async def test_units_go_from_waiting_to_active(connector: Connector, vca: Vca, statuses: list[dict[str, Any]]) -> None:
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    await vca.flush(1)
    statuses.clear()
    await connector.install_configuration_sw(ee_id, "simple-router", num_units=2)
    await vca.flush(1)
    words = [fields["VCA-status"] for fields in statuses if fields["entity-type"] == "unit"]
    assert words == ["waiting"] * 2 + ["maintenance"] * 2 + ["active"] * 2 + ["active"]
    assert await natives(connector) == [["machine 0 started", "unit app-vnf-vnf/0 active", "unit app-vnf-vnf/1 active"]]


@pytest.mark.defect("D51")
async def test_a_charm_is_configured_when_it_is_installed(connector: Connector) -> None:
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    with pytest.raises(BadArguments, match=r"config\.mtu: expected a whole number"):
        await connector.install_configuration_sw(ee_id, "simple-router", config={"mtu": "large"})
    await connector.install_configuration_sw(ee_id, "simple-router", config={"mtu": "9000"})


@pytest.mark.defect("D46")
async def test_installing_again_succeeds_and_another_charm_is_refused(connector: Connector, router: str) -> None:
    before = await natives(connector)
    await connector.install_configuration_sw(router, "simple-router")
    assert await natives(connector) == before
    with pytest.raises(AlreadyExists, match="charm simple-router is installed"):
        await connector.install_configuration_sw(router, "content-cache")


async def test_a_subordinate_has_no_ee_of_its_own(config: dict[str, Any], tmp_path: Path) -> None:
    charm = tmp_path / "sub"
    charm.mkdir()
    charm.joinpath("metadata.yaml").write_text(
        "name: sub\nsummary: s\ndescription: d\nsubordinate: true\n"
        "requires: {host: {interface: juju-info, scope: container}}\n"
    )
    config["artifacts"] = str(tmp_path)
    async with Vca.from_config(config, environ={}) as vca:
        with pytest.raises(BadArguments, match="subordinate"):
            await vca.connector().create_execution_environment(".ns.vnf", artifact_path="sub")
        assert await vca.connector().list_execution_environments() == []


async def test_a_malformed_charm_is_refused_before_anything_is_begun(config: dict[str, Any], tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "charms" / "simple-router", tmp_path / "broken")
    (tmp_path / "broken" / "actions.yaml").write_text("show-routes: {params: [table]}\n")
    config["artifacts"] = str(tmp_path)
    async with Vca.from_config(config, environ={}) as vca:
        connector = vca.connector()
        ee_id, _ = await connector.create_execution_environment(".ns.vnf")
        with pytest.raises(BadArguments, match=r"actions\.yaml.*show-routes"):
            await connector.install_configuration_sw(ee_id, "broken")
        with pytest.raises(BadArguments, match=r"actions\.yaml"):
            await connector.create_execution_environment(".ns.other", artifact_path="broken")
        assert len(await connector.list_execution_environments()) == 1


async def test_what_needs_a_charm_is_refused_without_one(connector: Connector) -> None:
    ee_id, _ = await connector.create_execution_environment(".ns.vnf")
    for call in (
        connector.exec_primitive(ee_id, "show-routes"),
        connector.exec_primitive(ee_id, "config", {"mtu": 1}),
        connector.scale(ee_id, 2),
        connector.upgrade(ee_id, "simple-router"),
    ):
        with pytest.raises(NotFound, match="no charm is installed"):
            await call


async def test_nothing_can_be_done_with_what_was_deleted(connector: Connector, router: str) -> None:
    await connector.delete_execution_environment(router)
    for call in (
        connector.install_configuration_sw(router, "simple-router"),
        connector.exec_primitive(router, "show-routes"),
        connector.exec_primitive(router, "config", {"mtu": 1}),
        connector.scale(router, 2),
        connector.upgrade(router, "simple-router"),
        connector.add_relation(router, router, "gateway", "upstream"),
        connector.refresh_status(router),
    ):
        with pytest.raises(NotFound):
            await call


@pytest.mark.defect("D52")
async def test_an_action_runs_on_the_leader_or_the_named_unit(connector: Connector, router: str) -> None:
    await connector.scale(router, 2)
    assert await connector.exec_primitive(router, "show-routes") == {"unit": "app-vnf-router/0", "table": "main"}
    on_the_other = await connector.exec_primitive(router, "show-routes", unit="app-vnf-router/1")
    assert on_the_other == {"unit": "app-vnf-router/1", "table": "main"}
    with pytest.raises(NotFound, match="app-vnf-router/0, app-vnf-router/1"):
        await connector.exec_primitive(router, "show-routes", unit="app-vnf-router/2")


async def test_an_actions_states_are_reported(connector: Connector, vca: Vca, router: str) -> None:
    seen: list[str] = []
    await vca.store.ensure("ops", {"_id": "op"})
    vca._shared.extensions.report_status = lambda change: seen.append(  # type: ignore[method-assign]
        f"{change.fields['entity-type']} {change.fields['VCA-status']} {change.fields['status']}"
    )
    db_dict = {"collection": "ops", "filter": {"_id": "op"}, "path": "vca"}
    await connector.exec_primitive(router, "touch", {"filename": "/srv/x"}, db_dict)
    assert seen == [
        "operation running running",
        "action pending pending",
        "action running running",
        "action completed completed",
        "action completed completed",
    ]


async def test_parameters_are_checked_against_the_charms_schema(connector: Connector, router: str) -> None:
    for params, reason in (
        ({"destination": "10.0.0.0/8"}, "params_dict.via: expected a value"),
        ({"destination": True, "via": "x"}, "params_dict.destination: expected text"),
        ({"destination": "x", "via": "x", "vai": 1}, "params_dict.vai: there is no such parameter"),
        ({"destination": "x", "via": "x", "metric": -1}, "params_dict.metric"),
    ):
        with pytest.raises(BadArguments, match=re.escape(reason)):
            await connector.exec_primitive(router, "add-route", params)
    with pytest.raises(BadArguments, match="did you mean 'show-routes'"):
        await connector.exec_primitive(router, "show-route")


async def test_options_are_checked_against_the_charms_types(connector: Connector, cache: str) -> None:
    assert await connector.exec_primitive(cache, "config", {"params": {"size-gb": "20", "hit-ratio-goal": 0.9}})
    for values, reason in (
        ({"size": 1}, "config.size: there is no such option"),
        ({"size-gb": "much"}, "config.size-gb: expected a whole number"),
        ({"tls-key": "plain"}, "config.tls-key: expected the URI of a secret"),
    ):
        with pytest.raises(BadArguments, match=re.escape(reason)):
            await connector.exec_primitive(cache, "config", values)


async def test_what_a_charm_declares_secret_is_not_in_an_output(connector: Connector, cache: str) -> None:
    output = await connector.exec_primitive(cache, "set-upload-token", {"token": "canary-token"})
    assert "canary" not in str(output)


@pytest.mark.parametrize("word", ["expected", "option", "parameter", "primitive", "charm", "there"])
async def test_no_word_of_our_text_is_masked_as_a_password(connector: Connector, cache: str, word: str) -> None:
    for primitive, params, text in (
        ("set-upload-token", {"token": [word]}, "params_dict.token: expected text, got a list"),
        ("purge", {"password": word}, "params_dict.password: there is no such parameter; there are: dry-run, pattern"),
        ("config", {"password": word}, "config.password: there is no such option; there are: hit-ratio-goal"),
        ("prge", {"password": word}, "primitive_name: charm content-cache has no primitive 'prge'"),
    ):
        with pytest.raises(BadArguments) as caught:
            await connector.exec_primitive(cache, primitive, params)
        assert caught.value.message.startswith(text)


async def test_units_are_added_and_the_latest_ones_removed(connector: Connector, router: str) -> None:
    await connector.scale(router, 3)
    assert [entry[1:] for entry in await natives(connector)] == [
        [f"unit app-vnf-router/{number} active" for number in range(3)]
    ]
    await connector.scale(router, 1)
    await connector.scale(router, 2)
    assert [entry[1:] for entry in await natives(connector)] == [
        ["unit app-vnf-router/0 active", "unit app-vnf-router/3 active"]
    ]


async def test_an_upgrade_takes_another_version_of_the_same_charm(
    connector: Connector, router: str, config: dict[str, Any]
) -> None:
    await connector.upgrade(router, "simple-router", config={"mtu": 1400})
    with pytest.raises(BadArguments, match="content-cache is not another version of it"):
        await connector.upgrade(router, "content-cache")


async def test_endpoints_are_related_if_they_fit(connector: Connector, vca: Vca, router: str, cache: str) -> None:
    for _ in range(2):
        await connector.add_relation(router, cache, "gateway", "uplink")
    status = await connector.get_status(".ns")
    assert status["relations"] == [["app-vnf-cache:uplink", "app-vnf-router:gateway"]]
    for endpoint_1, endpoint_2, reason, arguments in (
        ("gatewy", "uplink", "endpoint_1: charm .* has no endpoint 'gatewy'", ["endpoint_1"]),
        ("gateway", "uplnk", "endpoint_2: charm .* has no endpoint 'uplnk'", ["endpoint_2"]),
        ("upstream", "uplink", "expected two that fit, got upstream, which requires", ["endpoint_1", "endpoint_2"]),
    ):
        with pytest.raises(BadArguments, match=reason) as caught:
            await connector.add_relation(router, cache, endpoint_1, endpoint_2)
        assert caught.value.bad_args == arguments
    for _ in range(2):
        await connector.remove_relation(cache, router, "uplink", "gateway")
    assert (await connector.get_status(".ns"))["relations"] == []
    with pytest.raises(NotSupported, match="connector core"):
        await vca.add_relation((connector, router, "gateway"), (vca.connector("core"), cache, "uplink"))


async def test_relations_go_with_their_ends(connector: Connector, router: str, cache: str) -> None:
    await connector.add_relation(router, cache, "gateway", "uplink")
    await connector.delete_execution_environment(cache)
    assert (await connector.get_status(".ns"))["relations"] == []


async def test_an_id_of_an_earlier_ee_removes_no_relation(connector: Connector, router: str, cache: str) -> None:
    await connector.delete_execution_environment(cache)
    later, _ = await connector.create_execution_environment(".ns.cache")
    assert later != cache
    await connector.install_configuration_sw(later, "content-cache")
    await connector.add_relation(router, later, "gateway", "uplink")
    await connector.remove_relation(router, cache, "gateway", "uplink")
    assert len((await connector.get_status(".ns"))["relations"]) == 1


async def test_metrics_and_health_are_plain_data(connector: Connector, router: str) -> None:
    await connector.exec_primitive(router, "show-routes")
    assert await connector.get_metrics(".ns") == {"app-vnf-router/0": {"actions": 1}}
    assert await connector.health() == {"models": 1, "applications": 1}


PROXY = """
name: proxy
summary: s
description: d
series: [jammy]
"""


async def test_a_proxy_charm_makes_its_ssh_key_once(config: dict[str, Any], tmp_path: Path) -> None:
    charm = tmp_path / "proxy"
    charm.mkdir()
    charm.joinpath("dispatch").touch()
    charm.joinpath("metadata.yaml").write_text(PROXY)
    charm.joinpath("actions.yaml").write_text("generate-ssh-key: {}\nget-ssh-public-key: {}\n")
    config["artifacts"] = str(tmp_path)
    async with Vca.from_config(config, environ={}) as vca:
        connector = vca.connector()
        ee_id, _ = await connector.create_execution_environment(".ns.vnf")
        await connector.install_configuration_sw(ee_id, "proxy")
        with pytest.raises(ExecutionError, match="run generate-ssh-key") as caught:
            await connector.exec_primitive(ee_id, "get-ssh-public-key")
        assert caught.value.output == {"return-code": 1}
        key = await connector.get_ee_ssh_public_key(ee_id)
        assert key.startswith("ssh-ed25519 AAAA")
        assert await connector.get_ee_ssh_public__key(ee_id) == key
