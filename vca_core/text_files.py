"""Text files of others: read whole, within a bound, and only where they can have an end."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST_FILE = 1024 * 1024
"""How large a YAML or TOML file may be, in bytes. Charms of today have less than a tenth of it."""

Places = dict[tuple[Any, ...], tuple[int, int]]
"""Line and column, counted from 1, of what stands at a path of keys and positions."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a file cannot be used. A result, not an error: the parsers' errors hold the whole text, secrets included."""

    reason: str
    line: int | None = None
    column: int | None = None


def read_text(path: Path, limit: int = LARGEST_FILE) -> str | Unreadable:
    """Read a text file: a regular one, of at most so many bytes; a device or a pipe might have no end."""
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return Unreadable("expected a regular file")
            content = file.read(limit + 1)
        if len(content) > limit:
            return Unreadable(f"expected at most {limit} bytes, got more")
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        return Unreadable("there is no such file")
    except OSError as error:
        return Unreadable(f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        return Unreadable(f"is not UTF-8 (byte {error.start}); save it as UTF-8")
    except ValueError:  # NUL, or half a character
        return Unreadable("cannot be read: no file can have this name")


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe without a writer would be waited for
