"""What a host says about itself: base, architecture, cores, memory, agents, addresses."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from vca_core.errors import NotSupported

_ARCHITECTURES = {
    "x86_64": "amd64",
    "amd64": "amd64",
    "aarch64": "arm64",
    "arm64": "arm64",
    "ppc64le": "ppc64el",
    "ppc64el": "ppc64el",
    "s390x": "s390x",
    "riscv64": "riscv64",
}
_SECTION = re.compile(r"^=== (\w+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class HostFacts:
    """What a machine's record needs to say of a host.

    Args:
        base: its operating system, such as ``"ubuntu@22.04"``.
        architecture: in Juju's words: ``"amd64"``, ``"arm64"``, ``"ppc64el"``, ``"s390x"``, ``"riscv64"``.
        cores: how many processors it may use.
        memory_mib: its memory, in MiB.
        addresses: its IP addresses beyond its own loopback, as it knows them; possibly none.
        agents: Juju's machine agents that are installed there, of whatever controller: ``"jujud-machine-0"``.
    """

    base: str
    architecture: str
    cores: int
    memory_mib: int
    addresses: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()


def parse_facts(output: str) -> HostFacts:
    """Read what ``shell/facts.sh`` prints: sections of plain files and commands, each after a line ``=== name``.

    Args:
        output: sections ``os_release`` (the file), ``machine`` (``uname -m``), ``cores`` (a number), ``memory``
            (``/proc/meminfo``), ``addresses`` (``ip -oneline address``, or addresses).

    Raises:
        NotSupported: the host does not say what it runs, or Juju has no agent for its processor.
    """
    parts = _SECTION.split(output)
    sections = dict(zip(parts[1::2], parts[2::2], strict=True))
    machine = sections.get("machine", "").strip()
    if machine not in _ARCHITECTURES:
        raise NotSupported(f"the host has a processor of type {machine!r}; Juju knows {_known_architectures()}")
    memory = re.search(r"^MemTotal:\s+(\d+) kB", sections.get("memory", ""), re.MULTILINE)
    cores = re.match(r"\s*(\d+)\s*$", sections.get("cores", ""))
    return HostFacts(
        base=_base(sections.get("os_release", "")),
        architecture=_ARCHITECTURES[machine],
        cores=int(cores[1]) if cores else 1,
        memory_mib=int(memory[1]) // 1024 if memory else 0,
        addresses=_addresses(sections.get("addresses", "")),
        agents=tuple(sections.get("agents", "").split()),
    )


def _base(os_release: str) -> str:
    said = {}
    for line in os_release.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            try:
                said[name] = "".join(shlex.split(value))
            except ValueError:  # a quote without its end
                continue
    system, version = said.get("ID", "").lower(), said.get("VERSION_ID", "")
    if not system or not version:
        missing = "ID" if not system else "VERSION_ID"
        raise NotSupported(f"the host's /etc/os-release has no {missing}, so its base is unknown")
    return f"{system}@{version}"


def _addresses(text: str) -> tuple[str, ...]:
    found = re.findall(r"\binet6? ([0-9A-Fa-f.:]+)", text) if "inet" in text else text.split()
    return tuple(dict.fromkeys(found))


def _known_architectures() -> str:
    return ", ".join(dict.fromkeys(_ARCHITECTURES.values()))
