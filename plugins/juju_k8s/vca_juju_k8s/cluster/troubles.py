"""Since when pods have been kept from running, and what is told of that, while reasons come, go and take turns."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from vca_juju_k8s.cluster.diagnosis import ENDING, LEAVING, RUNNING, Finding

QUIET = 30.0
"""Seconds for which a trouble is kept that is seen no more: a container that crashes runs in between.

One that ran for longer begins anew. If it ends again and again, Kubernetes has it wait ever longer, for up to five
minutes, which is longer than most graces: such a wait ends, too.
"""


@dataclass
class _Trouble:
    """That a pod is stuck at a stage.

    Args:
        begun: when that was first seen.
        seen: when last.
        text: what is told of it.
        said: all that was told of it: each text moves progress deadlines once.
        container: the one that failed last; empty: none.
    """

    begun: float
    seen: float
    text: str = ""
    said: set[str] = field(default_factory=set)
    container: str = ""


class Troubles:
    """What keeps pods from running, by pod and stage: it lasts while reasons take turns."""

    def __init__(self) -> None:
        self._troubles: dict[tuple[str, str], _Trouble] = {}

    def see(self, found: Mapping[str, Finding], now: float, running: Collection[str] = ()) -> None:
        """Note what a look has found.

        Args:
            found: by the pods' names.
            now: when.
            running: the pods that run: what kept them from that is over, unless they crash.
        """
        leaving = {name for name, finding in found.items() if finding.stage == LEAVING}
        self._troubles = {
            (name, stage): one
            for (name, stage), one in self._troubles.items()
            if now - one.seen < QUIET
            and not (stage != RUNNING and name in running)
            and not (stage == LEAVING and name not in leaving)
        }
        for name, finding in found.items():
            one = self._troubles.setdefault((name, finding.stage), _Trouble(now, now))
            one.seen, one.container = now, finding.container
            if finding.text not in one.said:
                one.said.add(finding.text)
                one.text = finding.text

    def begun(self, name: str) -> float:
        """Since when a pod has been stuck at the stage at which it was seen last.

        Args:
            name: of the pod, which was found.
        """
        return self._latest[name].begun

    @property
    def texts(self) -> dict[str, str]:
        """What is told, by the pods' names; of a namespace that ends, nothing else."""
        ending = {name: one.text for (name, stage), one in self._troubles.items() if stage == ENDING}
        return ending or {name: one.text for name, one in self._latest.items()}

    @property
    def named(self) -> dict[str, str]:
        """The containers that failed last, by the pods' names."""
        return {name: one.container for name, one in self._latest.items()}

    @property
    def _latest(self) -> dict[str, _Trouble]:
        ordered = sorted(self._troubles.items(), key=lambda item: item[1].seen)
        return {name: one for (name, _), one in ordered}
