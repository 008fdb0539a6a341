"""The files that options of connectors on Juju name are looked at before anything connects."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vca_core.config import validate_model
from vca_core.errors import BadArguments
from vca_juju_k8s.options import JujuK8sOptions
from vca_juju_machine.options import JujuMachineOptions

JUJU = {"endpoints": ["10.0.0.1:17070"]}


def problems(folder: Path, model: Any = JujuMachineOptions, **options: Any) -> list[str]:
    secret = {} if "secret_file" in options else {"secret": "canary"}
    return list(validate_model(model, {**JUJU, **secret, **options}).problems_of_files(folder))


def test_the_file_of_the_password_is_looked_at(tmp_path: Path) -> None:
    assert problems(tmp_path, secret_file="pw") == [f"secret_file: {tmp_path / 'pw'}: there is no such file"]
    (tmp_path / "pw").write_text("\n")
    assert problems(tmp_path, secret_file="pw") == [
        f"secret_file: {tmp_path / 'pw'} is empty; expected a password in it"
    ]
    (tmp_path / "pw").write_text("canary\n")
    assert problems(tmp_path, secret_file="pw") == []


def test_the_file_of_hosts_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("one\n")
    for name, wrong in (("hosts", "/hosts: "), ("hosts/a", "is none; name another one")):
        [problem] = problems(tmp_path, known_hosts=name)
        assert problem.startswith("known_hosts: ")
        assert wrong in problem
    assert problems(tmp_path, known_hosts="hosts", host_keys="off") == []
    assert problems(tmp_path, known_hosts="absent/new") == []
    assert not (tmp_path / "absent").exists(), "nothing is made"


def kubeconfig(cluster: dict[str, Any], user: dict[str, Any]) -> str:
    return json.dumps({
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": "https://127.0.0.1:1", **cluster}}],
        "users": [{"name": "u", "user": user}],
    })  # fmt: skip


@pytest.mark.parametrize("name", ["certificate-authority", "client-certificate", "client-key", "tokenFile"])
@pytest.mark.parametrize("file", ["absent", "/dev/zero"])
def test_the_files_of_a_kubeconfig_are_looked_at(tmp_path: Path, name: str, file: str) -> None:
    of_cluster = name == "certificate-authority"
    (tmp_path / "kc").write_text(kubeconfig({name: file} if of_cluster else {}, {} if of_cluster else {name: file}))
    [problem] = problems(tmp_path, JujuK8sOptions, cloud="k", cluster={"kubeconfig": "kc"})
    assert problem.startswith(f"cluster.kubeconfig: {tmp_path / 'kc'}: {name}: ")


def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no certificate")
    (tmp_path / "kc").write_text(kubeconfig({"certificate-authority": "text"}, {}))
    [problem] = problems(tmp_path, JujuK8sOptions, cloud="k", cluster={"kubeconfig": "kc"})
    assert "there is no certificate in it" in problem
    (tmp_path / "kc").write_text(kubeconfig({}, {"token": "canary"}))
    assert problems(tmp_path, JujuK8sOptions, cloud="k", cluster={"kubeconfig": "kc"}) == []


@pytest.mark.parametrize(
    "options",
    [
        {"enable_os_upgrade": []},
        {"apt_mirror": {}},
        {"apt_mirror": "x", "model_config": 5},
        {"constraints": {"mem": {}}},
    ],
)
def test_values_of_other_kinds_are_the_callers_fault(options: dict[str, Any]) -> None:
    given = {**JUJU, "secret": "s"}
    validate_model(JujuMachineOptions, given)
    with pytest.raises(BadArguments):
        validate_model(JujuMachineOptions, given | options)


VALUES: tuple[object, ...] = ([], {}, [1], {"a": 1}, [[]], 5, True, "", "\0", None, 10**400, float("nan"), b"x")


@pytest.mark.parametrize("model", [JujuMachineOptions, JujuK8sOptions])
def test_no_option_takes_what_it_cannot_be(tmp_path: Path, model: Any) -> None:
    """Whatever is written there, it is taken and its files are looked at, or an error says what is wrong."""
    said: list[str] = []
    aliases = {one for field in model.model_fields.values() for one in getattr(field.validation_alias, "choices", ())}
    for option in {*model.model_fields, *map(str, aliases), "host", "port", "enable_os_upgrade", "apt_mirror"}:
        for value in VALUES:
            given = {**JUJU, "cloud": "k", "secret": "canary", option: value}
            try:
                list(validate_model(model, given).problems_of_files(tmp_path))
            except BadArguments as error:
                said.append(str(error))
    assert len(said) > 100
    assert not any("canary" in one for one in said)


@pytest.mark.parametrize(
    "option", ["ca_cert", "cacert", "username", "secret_file", "tls_hostname", "known_hosts", "region"]
)
@pytest.mark.parametrize("value", [[], {}, ["x"], 5])
def test_a_text_is_no_list(option: str, value: object) -> None:
    with pytest.raises(BadArguments, match=f"{option}: expected text, got (a list|a mapping|a whole number)") as caught:
        validate_model(JujuMachineOptions, {**JUJU, "secret": "s", option: value})
    assert option in caught.value.bad_args


def pod_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr("vca_juju_k8s.cluster.own_pod.ACCOUNT", folder)
    return problems(folder, JujuK8sOptions, cloud="k", cluster={"kubeconfig": "in-cluster"})


def test_a_pods_files_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = "cluster.kubeconfig: in-cluster:"
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    [problem] = pod_of(tmp_path, monkeypatch)
    assert (
        problem == f"{begin} KUBERNETES_SERVICE_HOST is not set, so this is no pod; run it in one, or name a kubeconfig"
    )
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "")
    assert "KUBERNETES_SERVICE_PORT is not set" in pod_of(tmp_path, monkeypatch)[0]
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    no_token, no_authority = pod_of(tmp_path, monkeypatch)
    assert no_token.startswith(f"{begin} the pod's token {tmp_path / 'token'} cannot be read: there is no such file")
    assert no_authority.startswith(f"{begin} the pod's certificate-authority: {tmp_path / 'ca.crt'}: there is no such")
    (tmp_path / "token").write_text("\n")
    (tmp_path / "ca.crt").write_text("none")
    assert ["token" in one and "is empty" in one for one in pod_of(tmp_path, monkeypatch)] == [True, False]
    (tmp_path / "token").write_text("canary")
    (tmp_path / "ca.crt").write_text("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n")
    assert pod_of(tmp_path, monkeypatch) == []
