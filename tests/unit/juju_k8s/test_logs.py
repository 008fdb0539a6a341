"""The last lines of a log: as many as fit, the newest ones, and no part of a secret."""

from __future__ import annotations

from typing import Any

import pytest

from vca_core.secrets import SecretValues
from vca_juju_k8s.cluster.logs import CUT, LINES, LONGEST, read_lines

SECRET = "canary-" * 100


class Node:
    """A client of a node that has a log, and sends of it what is asked for.

    Args:
        log: all of it.
    """

    def __init__(self, log: bytes) -> None:
        self._log = log
        self.asked = 0

    async def read_log(
        self, _namespace: str, _pod: str, _container: str, lines: int, most: int, *, previous: bool
    ) -> tuple[bytes, bool]:
        del previous
        self.asked += 1
        ended = self._log.endswith(b"\n")
        found = self._log.removesuffix(b"\n").split(b"\n")[-lines:] if self._log else []
        sent = (b"\n".join(found) + b"\n" * ended)[:most]
        return sent, len(sent) < most

    def scrub_whole(self, text: str) -> str:
        return SecretValues([SECRET]).scrub(text)


async def lines_of(log: bytes) -> list[str]:
    node: Any = Node(log)
    found = await read_lines(node, "ns", "pod", "main", previous=True)
    assert node.asked <= 5
    assert len(found) <= LINES
    assert sum(map(len, found)) <= LONGEST
    assert SECRET[:20] not in "".join(found)
    return found


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 1000])
async def test_short_lines_are_shown_as_they_are(count: int) -> None:
    lines = [f"line {number}" for number in range(count)]
    assert await lines_of("".join(f"{line}\n" for line in lines).encode()) == lines[-LINES:]


@pytest.mark.parametrize("after", range(12))
async def test_the_lines_after_a_long_one_are_shown(after: int) -> None:
    last = [f"panic {number}" for number in range(after)]
    log = "\n".join([*["before"] * 20, "x" * 1_000_000, *last])
    found = await lines_of(log.encode())
    if after >= LINES:
        assert found == last[-LINES:]
    else:
        assert found[1:] == last
        assert found[0].endswith(CUT)
        assert set(found[0].removesuffix(CUT)) == {"x"}
        assert len(found[0]) > LONGEST / 2


async def test_many_lines_that_are_long_together_are_cut() -> None:
    lines = [str(number) * 4000 for number in range(LINES)]
    found = await lines_of("\n".join(lines).encode())
    assert found[1:] == lines[-len(found) + 1 :]
    assert found[0].endswith(CUT)
    assert sum(map(len, found)) > LONGEST - 4000


@pytest.mark.parametrize("sign", ["x", "\u20ac", "\U0001f600"])
@pytest.mark.parametrize("before", [0, 8_000, 15_900, 16_300, 24_000, 24_500])
async def test_no_part_of_a_secret_is_left_by_a_cut(sign: str, before: int) -> None:
    signs = sign * (before // len(sign.encode()))
    await lines_of(f"{signs}{SECRET}{sign * 20_000}".encode())
    await lines_of(f"{signs}{SECRET}".encode())
