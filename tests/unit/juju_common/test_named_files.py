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
