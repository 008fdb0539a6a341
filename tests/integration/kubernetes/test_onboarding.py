"""``vca-k8s``: a real cluster made known to a simulated controller, completed where half done, and taken back."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.clouds import make_token, with_token
from support.cluster.sharing import Cluster
from support.juju_k8s import installed, on_kubernetes, scaled_when_healed
from support.onboarding import RBAC, call, known, ours

from vca_core.errors import BackendError, BadArguments, VcaConnectionError
from vca_juju_k8s.cluster import programs
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.kubeconfig import ClusterOptions
from vca_jujusim import SimulatedController

pytestmark = pytest.mark.xdist_group("cluster")


def in_order(cluster: Cluster, cloud: str) -> list[str]:
    """The paths of those objects in the order in which they are made: the mark, our account, Juju's, and its token."""
    core, made = "/api/v1/namespaces/kube-system", []
    for kind in (f"{core}/serviceaccounts", f"{RBAC}/clusterroles", f"{RBAC}/clusterrolebindings", f"{core}/secrets"):
        for one in cluster.api.get(f"{kind}?labelSelector=vca.juju-k8s/cloud={cloud}")["items"]:
            name, is_token = one["metadata"]["name"], kind.endswith("secrets")
            order = (not name.startswith("vca-cloud-"), is_token, name.startswith("juju-"))
            made.append((order, f"{kind}/{name}"))
    return [path for _, path in sorted(made, key=lambda one: one[0])]


async def test_a_cluster_is_onboarded_once_and_forgotten_as_a_whole(
    controller: SimulatedController,
    cluster: Cluster,
    config: Path,
    cloud: str,
    ns: str,
    charms: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await call(config, "onboard") == 0
    found, first = known(controller, cloud), ours(cluster, cloud)
    assert found[0]["endpoint"] == cluster.server
    assert len(first) == 5, "Juju's account with its token, and the mark that they belong to"
    token = found[1]["attrs"]["Token"]
    said = capsys.readouterr().out
    assert f"warnings: {cluster.server} is an address that only this host reaches" in said
    assert token not in said
    me = {"user": f"system:serviceaccount:kube-system:juju-credential-{found[1]['attrs']['rbac-id']}"}
    asked = {"spec": {**me, "resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}}}
    reviewed = cluster.api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", asked)
    assert reviewed["status"]["allowed"], "Juju hands all rights on to charms"
    assert await call(config, "onboard") == 0
    assert "changes" not in capsys.readouterr().out
    assert (known(controller, cloud), ours(cluster, cloud)) == (found, first)
    async with on_kubernetes(controller, charms, cloud=cloud) as pods:
        await pods.create_execution_environment(f".{ns}.vnf1")
        assert await call(config, "forget") == 1
        assert f"is still used by {controller.username}/{ns}-k8s: nothing was removed" in capsys.readouterr().err
        assert (known(controller, cloud), ours(cluster, cloud)) == (found, first)
        await pods.delete_namespace(f".{ns}")
    assert await call(config, "forget") == 0
    assert (known(controller, cloud), ours(cluster, cloud)) == ((None, None), [])
    assert await call(config, "forget") == 0, "what is not there is success"


async def test_what_a_killed_process_left_is_completed(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str
) -> None:
    assert await call(config, "onboard") == 0
    found, first = known(controller, cloud), ours(cluster, cloud)
    controller.world.credentials.clear()
    controller.world.clouds.pop(cloud)
    name = next(one for one in first if one.startswith("juju-credential-"))
    cluster.api.delete(f"{RBAC}/clusterrolebindings/{name}")
    assert await call(config, "onboard") == 0
    assert known(controller, cloud) == found
    assert ours(cluster, cloud) == first
    assert await call(config, "forget") == 0


async def test_a_cluster_with_a_name_is_onboarded_by_its_connector(
    controller: SimulatedController, cluster: Cluster, charms: Path, cloud: str, ns: str
) -> None:
    named = {"name": ns, "kubeconfig": str(cluster.kubeconfig), "endpoint": cluster.server}
    async with on_kubernetes(controller, charms, cloud=None, cluster=named) as pods:
        await pods.create_execution_environment(f".{ns}.vnf1")
    assert controller.model(f"{ns}-k8s").record.cloud == cloud
    found, first = known(controller, cloud), ours(cluster, cloud)
    assert found[0]["endpoint"] == cluster.server
    assert len(first) == 8, "Juju's account with its token, ours, and the mark that they belong to"
    away = json.loads(cluster.kubeconfig.read_text())
    away["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    controller.counts.reset()
    async with on_kubernetes(controller, charms, cloud=None, cluster={**named, "kubeconfig": away}) as pods:
        await pods.delete_namespace(f".{ns}")
    changing = {name for name in controller.counts.requests if name.startswith("Cloud.")} - {"Cloud.Cloud"}
    assert changing == {"Cloud.Credential"}, "it is there, and the cluster was not even asked"
    assert (known(controller, cloud), ours(cluster, cloud)) == (found, first)
    moved = {**named, "endpoint": "https://10.0.0.9:6443"}
    async with on_kubernetes(controller, charms, cloud=None, cluster=moved) as pods:
        await pods.health()
    assert known(controller, cloud)[0]["endpoint"] == "https://10.0.0.9:6443"
    controller.world.credentials.pop(f"{cloud}/{controller.username}/{cloud}")
    async with on_kubernetes(controller, charms, cloud=None, cluster={**moved, "kubeconfig": away}) as pods:
        with pytest.raises(VcaConnectionError, match=f"of cloud {cloud} is not onboarded: .* cannot be reached"):
            await pods.health()


@pytest.mark.parametrize(
    ("fault", "reason", "helps"),
    [
        ("away", "the API server cannot be reached", True),
        ("certificate", "the API server's certificate is not accepted", False),
        ("program", "the program '/bin/false' of the kubeconfig has failed with exit code 1", False),
        ("hanging program", "the program '/bin/sleep' of the kubeconfig has not ended within 0.5 s", True),
    ],
)
async def test_a_cluster_not_reached_says_whether_a_retry_helps(
    controller: SimulatedController,
    cluster: Cluster,
    charms: Path,
    ns: str,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    reason: str,
    helps: bool,
) -> None:
    monkeypatch.setattr(programs, "LIMIT", 0.5)
    given = json.loads(cluster.kubeconfig.read_text())
    if fault == "away":
        given["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    elif fault == "certificate":
        given["clusters"][0]["cluster"].pop("certificate-authority-data")
    else:
        command, args = ("/bin/false", []) if fault == "program" else ("/bin/sleep", ["1000"])
        run = {"apiVersion": "client.authentication.k8s.io/v1", "command": command, "args": args}
        given["users"][0]["user"] = {"exec": run}
    async with on_kubernetes(controller, charms, cloud=None, cluster={"name": ns, "kubeconfig": given}) as pods:
        with pytest.raises(VcaConnectionError, match=f"is not onboarded: {reason}") as raised:
            await pods.health()
        assert raised.value.retryable is helps


@pytest.mark.parametrize("made", [0, 1, 3, 6, 7])
async def test_a_connector_completes_what_a_killed_process_left(
    controller: SimulatedController, cluster: Cluster, charms: Path, cloud: str, ns: str, made: int
) -> None:
    """It had made the first so many objects when it was killed, and neither cloud nor credential."""
    named = {"name": ns, "kubeconfig": str(cluster.kubeconfig), "endpoint": cluster.server}
    async with on_kubernetes(controller, charms, cloud=None, cluster=named) as pods:
        await pods.health()
    found, first = known(controller, cloud), ours(cluster, cloud)
    controller.world.credentials.pop(f"{cloud}/{controller.username}/{cloud}")
    controller.world.clouds.pop(cloud)
    for path in in_order(cluster, cloud)[made:]:
        cluster.api.delete(path)
    async with on_kubernetes(controller, charms, cloud=None, cluster=named) as pods:
        await pods.create_execution_environment(f".{ns}.vnf1")
        await pods.delete_namespace(f".{ns}")
    (new_cloud, new_credential), (old_cloud, old_credential) = known(controller, cloud), found
    assert new_cloud == old_cloud
    assert new_credential["attrs"]["rbac-id"] == old_credential["attrs"]["rbac-id"], "it is found again, not made twice"
    assert ours(cluster, cloud) == first


@pytest.fixture(params=["exec", "auth-provider"])
def by_program(request: pytest.FixtureRequest, cluster: Cluster, ns: str, tmp_path: Path) -> tuple[dict[str, Any], str]:
    """A kubeconfig whose user logs in by a program or a provider, and the token that this gives."""
    token = make_token(cluster, ns)
    config = with_token(cluster, "none")
    if request.param == "auth-provider":
        provider = {"name": "oidc", "config": {"id-token": token, "idp-issuer-url": "https://issuer.example.com"}}
        config["users"][0]["user"] = {"auth-provider": provider}
        return config, token
    version = "client.authentication.k8s.io/v1"
    credential = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": token}}
    program = tmp_path / "login"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(credential)}\nEND\n")
    program.chmod(0o755)
    run = {"apiVersion": version, "command": str(program), "interactiveMode": "Never"}
    config["users"][0]["user"] = {"exec": run}
    return config, token


@pytest.mark.parametrize(
    "provider",
    [
        {"name": "of-nobody", "config": {"id-token": "a.b.c"}},
        {"name": "oidc"},
        {"name": "azure", "config": {"access-token": "secret-of-azure", "expires-on": "1"}},
    ],
)
async def test_a_user_whose_provider_gives_no_token_is_refused(cluster: Cluster, provider: dict[str, Any]) -> None:
    config = with_token(cluster, "none")
    config["users"][0]["user"] = {"auth-provider": provider}
    client = ClusterClient(ClusterOptions.model_validate({"kubeconfig": config}), Path())
    try:
        with pytest.raises(
            BadArguments, match=f"auth-provider '{provider['name']}' of its user gives no token"
        ) as caught:
            await client.open()
        assert caught.value.bad_args == ["options.cluster.kubeconfig"]
        assert "secret-of-azure" not in str(caught.value)
    finally:
        await client.close()


async def test_a_user_who_logs_in_by_a_program_becomes_an_account(
    controller: SimulatedController,
    cluster: Cluster,
    charms: Path,
    cloud: str,
    ns: str,
    by_program: tuple[dict[str, Any], str],
) -> None:
    named = {"name": ns, "kubeconfig": by_program[0], "endpoint": cluster.server}
    async with on_kubernetes(controller, charms, cloud=None, cluster=named) as pods:
        await pods.create_execution_environment(f".{ns}.vnf1")
        await pods.delete_namespace(f".{ns}")
    sent = known(controller, cloud)[1]["attrs"]
    assert sent["Token"] != by_program[1]
    review = {"spec": {"token": sent["Token"]}}
    reviewed = cluster.api.post("/apis/authentication.k8s.io/v1/tokenreviews", review)["status"]["user"]["username"]
    assert reviewed == f"system:serviceaccount:kube-system:juju-credential-{sent['rbac-id']}"


async def test_the_token_that_a_program_gives_is_kept_out_of_texts(by_program: tuple[dict[str, Any], str]) -> None:
    client = ClusterClient(ClusterOptions.model_validate({"kubeconfig": by_program[0]}), Path())
    await client.open()
    try:
        assert (await client.read("/version"))["gitVersion"]
        assert by_program[1] not in client.scrub(f"token {by_program[1]} is refused")
    finally:
        await client.close()


async def test_suspended_models_go_on_with_a_credential_sent_again(
    controller: SimulatedController, config: Path, cloud: str, ns: str, charms: Path
) -> None:
    assert await call(config, "onboard") == 0
    async with on_kubernetes(controller, charms, cloud=cloud) as pods:
        ee_id = await installed(pods, namespace=f".{ns}.vnf1")
        controller.refuse_credential(f"{ns}-k8s")
        with pytest.raises(BackendError, match=f"model {ns}-k8s is suspended: .*vca-k8s onboard"):
            await pods.scale(ee_id, 2)
        assert await call(config, "onboard") == 0
        await scaled_when_healed(pods, ee_id, 2)
        await pods.delete_namespace(f".{ns}")
    assert await call(config, "forget") == 0


async def test_an_endpoint_that_has_moved_is_changed(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await call(config, "onboard") == 0
    given = yaml.safe_load(config.read_text())
    given["connectors"]["pods"]["options"]["cluster"]["endpoint"] = "https://10.0.0.9:6443"
    config.write_text(yaml.safe_dump(given))
    capsys.readouterr()
    assert await call(config, "onboard") == 0
    assert f"changes: changed cloud {cloud}\n" in capsys.readouterr().out
    assert await call(config, "show") == 0
    assert "endpoint: https://10.0.0.9:6443\n" in capsys.readouterr().out
    assert await call(config, "forget") == 0


async def test_an_account_of_others_is_used_and_never_deleted(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str
) -> None:
    name, account = f"juju-credential-{cloud}", "/api/v1/namespaces/kube-system/serviceaccounts"
    cluster.api.post(account, {"metadata": {"name": name, "labels": {"juju-credential": cloud}}})
    controller.add_kubernetes(cloud)
    credential = {"auth-type": "oauth2", "attrs": {"Token": "old", "rbac-id": cloud}}
    controller.world.put_credential(f"{cloud}/{controller.username}/{cloud}", credential)
    assert await call(config, "onboard") == 0
    assert known(controller, cloud)[1]["attrs"]["rbac-id"] == cloud
    assert await call(config, "forget") == 0
    assert ours(cluster, cloud) == []
    assert cluster.api.get(f"{account}/{name}") is not None


async def test_a_cloud_of_others_keeps_what_it_has_and_stays(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str, capsys: pytest.CaptureFixture[str]
) -> None:
    controller.add_kubernetes(cloud)
    had = {
        "regions": [{"name": "rack1"}],
        "host-cloud-region": "openstack/rack1",
        "auth-types": ["certificate", "oauth2"],
        "config": {"workload-storage": "old", "operator-storage": "old", "http-proxy": "http://proxy.example.com"},
    }
    controller.world.clouds[cloud] |= had
    assert await call(config, "onboard") == 0
    found = known(controller, cloud)[0]
    assert found["endpoint"] == cluster.server
    assert {name: found[name] for name in had if name != "auth-types"} == {
        name: value for name, value in had.items() if name != "auth-types"
    }
    assert found["auth-types"][:2] == had["auth-types"]
    assert await call(config, "forget") == 0
    assert f"cloud {cloud} stays: others made it" in capsys.readouterr().out
    assert known(controller, cloud) == (found, None)
    assert ours(cluster, cloud) == []


async def test_rights_that_were_taken_away_are_given_again(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str
) -> None:
    assert await call(config, "onboard") == 0
    name = f"juju-credential-{known(controller, cloud)[1]['attrs']['rbac-id']}"
    cluster.api.patch(f"{RBAC}/clusterrolebindings/{name}", {"subjects": []})
    assert await call(config, "onboard") == 0
    subject = {"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}
    assert cluster.api.get(f"{RBAC}/clusterrolebindings/{name}")["subjects"] == [subject]
    cluster.api.delete(f"/api/v1/namespaces/kube-system/serviceaccounts/{name}")
    assert await call(config, "onboard") == 0
    review = {"spec": {"token": known(controller, cloud)[1]["attrs"]["Token"]}}
    assert cluster.api.post("/apis/authentication.k8s.io/v1/tokenreviews", review)["status"].get("authenticated")
    assert await call(config, "forget") == 0


async def test_a_cluster_that_nobody_verifies_is_told_once(
    controller: SimulatedController,
    cluster: Cluster,
    charms: Path,
    cloud: str,
    ns: str,
    caplog: pytest.LogCaptureFixture,
    recwarn: pytest.WarningsRecorder,
) -> None:
    given = json.loads(cluster.kubeconfig.read_text())
    of_cluster = given["clusters"][0]["cluster"]
    del of_cluster["certificate-authority-data"]
    of_cluster["insecure-skip-tls-verify"] = True
    named = {"name": ns, "kubeconfig": given, "endpoint": cluster.server}
    async with on_kubernetes(controller, charms, cloud=None, cluster=named) as pods:
        await pods.health()
    found = known(controller, cloud)[0]
    assert (found["skip-tls-verify"], found["ca-certificates"]) == (True, [])
    assert len([one for one in caplog.messages if "insecure-skip-tls-verify" in one]) == 1
    assert not [one for one in recwarn if "Unverified HTTPS" in str(one.message)]


async def test_a_storage_class_is_chosen_and_a_missing_one_refused(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = "/apis/storage.k8s.io/v1/storageclasses"
    cluster.api.post(path, {"metadata": {"name": cloud}, "provisioner": "example.com/none"})
    assert await call(config, "onboard") == 0
    assert known(controller, cloud)[0]["config"]["workload-storage"] == cloud, "it is the only one"
    given = yaml.safe_load(config.read_text())
    given["connectors"]["pods"]["options"]["cluster"]["storage_class"] = "fast"
    config.write_text(yaml.safe_dump(given))
    assert await call(config, "onboard") == 1
    assert f"there is no class fast; there are: {cloud}" in capsys.readouterr().err
    cluster.api.delete(f"{path}/{cloud}")
    assert await call(config, "forget") == 0


async def test_a_kubeconfig_with_too_few_rights_is_told(
    controller: SimulatedController, cluster: Cluster, config: Path, cloud: str, capsys: pytest.CaptureFixture[str]
) -> None:
    account = "/api/v1/namespaces/default/serviceaccounts"
    cluster.api.post(account, {"metadata": {"name": cloud}})
    token = cluster.api.post(f"{account}/{cloud}/token", {"spec": {}})["status"]["token"]
    poor = json.loads(cluster.kubeconfig.read_text())
    poor["users"][0]["user"] = {"token": token}
    given = yaml.safe_load(config.read_text())
    given["connectors"]["pods"]["options"]["cluster"]["kubeconfig"] = poor
    config.write_text(yaml.safe_dump(given))
    assert await call(config, "onboard") == 1
    said = capsys.readouterr().err
    assert "403 Forbidden" in said
    assert token not in said
    assert known(controller, cloud) == (None, None)


@pytest.mark.parametrize(
    ("connector", "change", "reason"),
    [
        ("pod", {}, "there is no connector 'pod'.*did you mean 'pods'"),
        ("pods", {"cluster": None}, "options.cluster: expected a kubeconfig"),
        ("pods", {"cloud": "36k8s"}, "options.cloud: '36k8s' cannot name a cloud"),
    ],
)
async def test_wrong_usage_is_told_before_anything_is_asked(
    controller: SimulatedController,
    config: Path,
    connector: str,
    change: dict[str, Any],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = yaml.safe_load(config.read_text())
    given["connectors"]["pods"]["options"] |= change
    config.write_text(yaml.safe_dump(given))
    assert await call(config, "onboard", connector) == 2
    assert re.search(reason, capsys.readouterr().err)
    assert controller.counts.total == 0


async def test_a_refusal_that_repeats_the_token_does_not_show_it(
    controller: SimulatedController, config: Path, cloud: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await call(config, "onboard") == 0
    token = known(controller, cloud)[1]["attrs"]["Token"]
    controller.faults.refuse("Cloud.UpdateCredentialsCheckModels", f"token {token} has expired")
    assert await call(config, "onboard") == 1
    said = capsys.readouterr().err
    assert f"the credential of cloud {cloud} was not taken: token" in said
    assert "has expired" in said
    assert token not in said
