"""Processes that write to one file without pause: each has its turn."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from vca_core.stores.sqlite import SqliteStore

TOTAL = 450

WRITER = """
import asyncio, itertools, sys
from pathlib import Path
from vca_core.stores.sqlite import SqliteStore

async def main(path, name, total):
    store = SqliteStore(Path(path))
    await store.open()
    print("ready", flush=True)
    sys.stdin.readline()
    for number in itertools.count(1):
        await store.ensure("c", {"_id": f"{name}-{number}", "by": name})
        if number % 10 == 0 and len(await store.find("c")) >= total:
            break
    await store.close()

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
"""


async def test_of_three_that_write_without_pause_none_starves(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "status.db")]
    writers = [
        subprocess.Popen([*command, name, str(TOTAL)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name in "abc"
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    store = SqliteStore(tmp_path / "status.db")
    await store.open()
    writes = Counter(document["by"] for document in (await store.find("c"))[:TOTAL])
    await store.close()
    assert len(writes) == 3
    assert min(writes.values()) >= TOTAL // 10
