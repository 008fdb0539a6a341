"""What other users of this machine can see: command lines, and files that are not protected.

Where units run elsewhere, nothing of theirs is found here.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

_PROCESSES = Path("/proc")
_LARGEST = 16 * 1024 * 1024
"""Bytes of a file that is looked into."""


def command_lines_with(text: str) -> list[str]:
    """The command lines of this machine's processes that have a text in them."""
    found = []
    for place in _PROCESSES.glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            line = (place / "cmdline").read_bytes()
            if text.encode() in line:
                found.append(line.replace(b"\0", b" ").decode("utf-8", "replace").strip())
    return found


def open_files_with(folder: Path, text: str) -> list[Path]:
    """The files below a folder that everybody may read, and that have a text in them.

    Args:
        folder: where. Whoever may enter it is taken to be everybody.
        text: what is looked for.
    """
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if _mode(Path(place, name)) & stat.S_IXOTH]
        for file in (Path(place, name) for name in files):
            mode = _mode(file)
            with contextlib.suppress(OSError):  # it is gone
                is_read = stat.S_ISREG(mode) and mode & stat.S_IROTH and file.stat().st_size <= _LARGEST
                if is_read and text.encode() in file.read_bytes():
                    found.append(file)
    return found


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:
        return 0
