"""Parts of a charm that only Juju reads, and refuses if they are wrong: metrics, a profile for LXD, a revision."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from vca_core.charm.fields import INT64, Field
from vca_core.charm.model import Charm
from vca_core.charm.shapes import Shape, scalar, structure, texts_by_name
from vca_core.errors import BadArguments
from vca_core.refusals import forbidden_profile

PROFILE = "lxd-profile.yaml"
FURTHER_FILES = ("metrics.yaml", PROFILE, "revision")
"""What is looked at here."""

_METRIC = structure({"type": scalar, "description": scalar})


def _flag(field: Field) -> Iterator[str]:
    if field.value is not None and not isinstance(field.value, bool):
        yield field.expectation_error("true or false").message


_METRICS = structure({"metrics": texts_by_name(_METRIC), "plan": structure({"required": _flag})})
_PROFILE = structure(
    {"config": texts_by_name(scalar), "description": scalar, "devices": texts_by_name(texts_by_name(scalar))}
)
_DEVICES = ("unix-char", "unix-block", "gpu", "usb")
_FORBIDDEN_CONFIG = ("boot", "limits", "migration")
_REVISION = re.compile(rb"\s*([-+]?[0-9]{1,100})(?![0-9])")


def problems_of_further_files(contents: Mapping[str, bytes]) -> Iterator[str]:
    """Say what Juju would refuse.

    Args:
        contents: of the `FURTHER_FILES` that are there, by name.
    """
    if "metrics.yaml" in contents:
        field, wrong = _read("metrics.yaml", contents["metrics.yaml"], _METRICS)
        yield from wrong or _of_metrics(field)
    if PROFILE in contents:
        yield from _read(PROFILE, contents[PROFILE], _PROFILE)[1]
    if "revision" in contents and not _is_revision(contents["revision"]):
        yield "its file revision has no number"


def _is_revision(content: bytes) -> bool:
    found = _REVISION.match(content)
    return found is not None and -INT64 <= int(found[1]) < INT64


def problems_of_profile(contents: Mapping[str, bytes]) -> Iterator[str]:
    """Say what is in a profile for LXD that Juju can read, and takes only by force.

    Args:
        contents: of the `FURTHER_FILES` that are there, by name.
    """
    if PROFILE in contents:
        field, wrong = _read(PROFILE, contents[PROFILE], _PROFILE)
        yield from () if wrong else _of_profile(field)


def _read(name: str, content: bytes, shape: Shape) -> tuple[Field, list[str]]:
    """A file, and what is wrong with its form."""
    from vca_core.yaml_reader import parse  # YAML is loaded for those who read charms

    try:
        field = Field(name, parse(name, content))
    except BadArguments as error:
        return Field(name, None), [error.message]
    return field, list(shape(field))


def check_profile(charm: Charm, *, force: bool = False) -> None:
    """Refuse a charm whose profile for LXD Juju does not take.

    Args:
        charm: the charm.
        force: whether it is installed all the same.

    Raises:
        BadArguments: it is so; says what is wrong with the profile.
    """
    if charm.profile_problems and not force:
        raise forbidden_profile(charm.name, charm.profile_problems)


def _of_metrics(field: Field) -> Iterator[str]:
    for name, metric in _parts(field, "metrics").items():
        declared = {"type": "", "description": ""} | {key: part.value for key, part in metric.mapping().items()}
        kind, description = declared["type"], declared["description"]
        if name.startswith("juju"):
            if kind != "" or description != "":
                yield metric.error(
                    "expected a name that does not begin with juju, which is reserved for Juju's metrics"
                ).message
        elif kind not in {"gauge", "absolute"} or description == "":
            yield metric.error("expected a type, gauge or absolute, and a description").message


def _of_profile(field: Field) -> Iterator[str]:
    for key in _parts(field, "config"):
        if key.startswith(_FORBIDDEN_CONFIG):
            yield field.error(f"config.{key} is not for charms; take it out").message
    for device in _parts(field, "devices").values():
        kind = device.mapping(empty=True).get("type")
        if kind is not None and kind.value not in _DEVICES:
            yield kind.expectation_error(f"one of {', '.join(_DEVICES)}").message


def _parts(field: Field, key: str) -> dict[str, Field]:
    below = field.get(key)
    return {} if below is None else below.mapping(empty=True)
