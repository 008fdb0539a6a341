"""The last lines that a container printed: few characters of them, however long they are."""

from __future__ import annotations

from contextlib import suppress

from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.diagnosis import Finding
from vca_juju_k8s.cluster.errors import ClusterError

LINES = 10
"""How many lines of a log are shown."""

LONGEST = 16_384
"""How many characters of them, together."""

CUT = "… (cut)"
"""The end of a line that is not shown as a whole; those before it are not shown at all."""

_BEYOND = 8_192
"""Bytes that are read beyond what is shown: a secret that ended where the reading does would not be known as one."""


async def read_crash(cluster: ClusterClient, namespace: str, pod: str, finding: Finding) -> list[str]:
    """Read the last lines that a crashed container printed, in its previous run or else in this one.

    Args:
        cluster: where.
        namespace: of the pod.
        pod: its name.
        finding: why it does not run.

    Returns:
        Them; none where no container of it has crashed, or nobody has its log any more.
    """
    for previous in (True, False) if finding.has_crashed else ():
        with suppress(ClusterError):  # it has not run before, or its node is gone
            if log := await read_lines(cluster, namespace, pod, finding.container, previous=previous):
                return log
    return []


async def read_lines(cluster: ClusterClient, namespace: str, pod: str, container: str, *, previous: bool) -> list[str]:
    """Read the last lines that a container printed: as many as fit, and the beginning of the one before them.

    A node cuts what is too long at its end, where the reason for a crash is. So fewer lines are asked for then.

    Args:
        cluster: where.
        namespace: of the pod.
        pod: its name.
        container: its name.
        previous: whether those of its last run are asked for.

    Returns:
        Them, without secrets of the cluster; bytes that are not UTF-8 are replaced.

    Raises:
        ClusterError: the API server cannot be reached, refuses, or does not reach the node.
    """
    text, beginning = "", ""
    fitting, too_many, count = 0, LINES + 1, LINES
    while too_many - fitting > 1:
        most = LONGEST + _BEYOND
        read, is_whole = await cluster.read_log(namespace, pod, container, count, most, previous=previous)
        found = cluster.scrub_whole(read.decode(errors="replace"))  # programs print what they like
        if is_whole and len(found) <= LONGEST - len(CUT):
            fitting, text = count, found
        else:
            unsure = 0 if is_whole else len(read[-_BEYOND:].decode(errors="replace"))
            too_many, beginning = count, found[: len(found) - unsure]
        count = (fitting + too_many) // 2
    lines = _lines_in(text)[-fitting:] if text else []
    if too_many > LINES:
        return lines
    room = max(0, LONGEST - len(CUT) - sum(map(len, lines)))
    return [_lines_in(beginning)[0][:room] + CUT, *lines]


def _lines_in(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")  # what a kubelet calls a line
