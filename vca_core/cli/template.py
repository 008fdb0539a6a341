"""The template of a plugin: names of files and folders, and files that end in ``.jinja``, are filled in by Jinja."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

_FILLED_IN = ".jinja"


def template() -> Path:
    """The template's folder: in the wheel, or in the repository where the package is installed from there."""
    here = Path(__file__).parent
    shipped = here / "templates" / "plugin"
    return shipped if shipped.is_dir() else here.parents[1] / "templates" / "plugin"


def render(source: Path, answers: Mapping[str, str]) -> dict[str, bytes]:
    """Fill a template in.

    Args:
        source: its folder.
        answers: what stands where their names are, in texts and in names of files.

    Returns:
        The content of each file, by its path.

    Raises:
        ModuleNotFoundError: Jinja is not installed.
    """
    from jinja2 import Environment, StrictUndefined  # an extra

    jinja = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)  # noqa: S701 - no HTML
    files = {}
    for file in sorted(one for one in source.rglob("*") if one.is_file()):
        path = jinja.from_string(str(file.relative_to(source))).render(answers)
        content = file.read_bytes()
        if path.endswith(_FILLED_IN):
            path = path.removesuffix(_FILLED_IN)
            content = jinja.from_string(content.decode()).render(answers).encode()
        files[path] = content
    return files


def write(files: Mapping[str, bytes], target: Path) -> None:
    """Write files into a folder, which is new or empty; if that fails, nothing of them stays.

    Args:
        files: the content of each, by its path.
        target: the folder.

    Raises:
        OSError: they cannot be written.
    """
    was_there = target.exists()
    try:
        for path, content in files.items():
            file = target / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    except BaseException:
        for one in target.glob("*"):
            shutil.rmtree(one) if one.is_dir() else one.unlink()
        if not was_there and target.exists():
            target.rmdir()
        raise
