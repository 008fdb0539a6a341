"""Charms that were read already: given again while nothing changed, read anew when something did."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vca_core.artifacts import ArtifactRoot
from vca_core.charm.cache import CharmCache
from vca_core.charm.reader import FILES
from vca_core.errors import BadArguments

LONG_AGO = 1_600_000_000 * 10**9


@pytest.fixture
def cache() -> CharmCache:
    return CharmCache(size=2)


def settle(folder: Path, files: dict[str, str] | None = None, moment: int = LONG_AGO) -> Path:
    """Write files of a charm, as if that had been a while ago."""
    folder.mkdir(exist_ok=True)
    for name, text in (files or {}).items():
        (folder / name).write_text(text)
    for place in (*folder.iterdir(), folder):
        os.utime(place, ns=(moment, moment))
    return folder


def test_what_did_not_change_is_read_once(cache: CharmCache, tmp_path: Path) -> None:
    place = settle(tmp_path / "x", {"metadata.yaml": "name: x"})
    assert cache.read(place) is cache.read(place)


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_added_changed_or_removed_is_seen(cache: CharmCache, tmp_path: Path, file: str) -> None:
    place = settle(tmp_path / "x", {"metadata.yaml": "name: x", "charmcraft.yaml": "name: x"})
    first = cache.read(place)
    settle(place, {file: "name: x #" if file in ("metadata.yaml", "charmcraft.yaml") else ""})
    second = cache.read(place)
    (place / file).unlink()
    settle(place)
    third = cache.read(place)
    assert first is not second
    assert second is not third
    assert cache.read(place) is third


def test_a_program_that_is_added_or_removed_is_seen(cache: CharmCache, tmp_path: Path) -> None:
    place = settle(tmp_path / "x", {"metadata.yaml": "name: x\nsummary: s\ndescription: d\nseries: [jammy]"})
    assert len(cache.read(place).obstacles) == 1
    settle(place / "hooks", {"install": ""})
    settle(place)
    assert cache.read(place).obstacles == ()
    settle(place, {".jujuignore": "hooks/"})
    assert len(cache.read(place).obstacles) == 1


def test_a_change_that_keeps_the_size_is_seen_by_its_time(cache: CharmCache, tmp_path: Path) -> None:
    place = settle(tmp_path / "x", {"metadata.yaml": "name: a"})
    assert cache.read(place).name == "a"
    settle(place, {"metadata.yaml": "name: b"}, LONG_AGO + 1)
    assert cache.read(place).name == "b"


def test_a_file_that_took_another_ones_place_is_seen(cache: CharmCache, tmp_path: Path) -> None:
    place = settle(tmp_path / "x", {"metadata.yaml": "name: a"})
    other = settle(tmp_path / "y", {"metadata.yaml": "name: b"})
    assert cache.read(place).name == "a"
    (other / "metadata.yaml").rename(place / "metadata.yaml")
    settle(place)
    assert cache.read(place).name == "b"


def test_what_changed_just_now_is_not_cached(cache: CharmCache, tmp_path: Path) -> None:
    (tmp_path / "metadata.yaml").write_text("name: x")
    tomorrow = LONG_AGO * 2
    os.utime(tmp_path / "metadata.yaml", ns=(tomorrow, tomorrow))
    assert cache.read(tmp_path) is not cache.read(tmp_path)


def test_a_charm_file_is_kept_and_its_changes_are_seen(
    cache: CharmCache, tmp_path: Path, write: Callable[[dict[str, str]], Path]
) -> None:
    place = write({"metadata.yaml": "name: x"})
    if place.is_dir():
        settle(place)
    os.utime(place, ns=(LONG_AGO, LONG_AGO))
    charm = cache.read(place)
    assert cache.read(place) is charm
    os.utime(place, ns=(LONG_AGO + 1, LONG_AGO + 1))
    assert cache.read(place) == charm
    assert cache.read(place) is not charm


def test_errors_are_not_kept(cache: CharmCache, tmp_path: Path) -> None:
    place = settle(tmp_path / "x", {"metadata.yaml": "name: ["})
    for _ in range(2):
        with pytest.raises(BadArguments, match="is not valid YAML"):
            cache.read(place)
    settle(place, {"metadata.yaml": "name: x"})
    charm = cache.read(place)
    settle(place, {"metadata.yaml": "name: [["})
    with pytest.raises(BadArguments, match="is not valid YAML"):
        cache.read(place)
    settle(place, {"metadata.yaml": "name: x"})
    assert cache.read(place) == charm


def test_a_charm_that_is_gone_is_not_given_from_memory(cache: CharmCache, tmp_path: Path) -> None:
    place = settle(tmp_path / "x", {"metadata.yaml": "name: x"})
    cache.read(place)
    (place / "metadata.yaml").unlink()
    place.rmdir()
    with pytest.raises(BadArguments, match="got nothing"):
        cache.read(place)


def test_the_one_not_asked_for_the_longest_gives_way(cache: CharmCache, tmp_path: Path) -> None:
    a, b, c = (settle(tmp_path / name, {"metadata.yaml": f"name: {name}"}) for name in "abc")
    charms = [cache.read(place) for place in (a, b)]
    assert cache.read(a) is charms[0]
    cache.read(c)
    assert len(cache) == 2
    assert cache.read(a) is charms[0]
    assert cache.read(b) is not charms[1]


def test_threads_that_want_the_same_charm_get_the_same_one(cache: CharmCache, tmp_path: Path) -> None:
    place = settle(tmp_path / "x", {"metadata.yaml": "name: x"})
    together = threading.Barrier(8)

    def read(_: int) -> int:
        together.wait()
        return id(cache.read(place))

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(read, range(8)))) == 1


def test_threads_that_want_different_charms_all_get_theirs(cache: CharmCache, tmp_path: Path) -> None:
    places = [settle(tmp_path / f"c{number}", {"metadata.yaml": f"name: c{number}"}) for number in range(6)]
    with ThreadPoolExecutor(8) as pool:
        names = pool.map(lambda place: (place.name, cache.read(place).name), places * 20)
    assert all(wanted == got for wanted, got in names)
    assert len(cache) == 2


def test_artifacts_of_one_charm_share_it_while_it_is_the_same(tmp_path: Path) -> None:
    place = settle(tmp_path / "x", {"metadata.yaml": "name: x"})
    root = ArtifactRoot(tmp_path)
    first = root.find("x")
    assert first.charm() is root.find("/x/").charm()
    settle(place, {"metadata.yaml": "name: z"}, LONG_AGO + 1)
    assert root.find("x").charm().name == "z"
    assert first.charm().name == "x"
