"""What does the work on the host: its text is run there by `python3 -c` for as long as a connection lasts.

It reads requests from its standard input, a line of JSON each, and writes a line for each answer; what takes long is
done in a thread, so that answers come in any order. It needs nothing but Python 3.9, and keeps everything below one
folder, which agents of other connections use at the same time:

    MODEL/APPLICATION/record.json     what is known of an EE
    MODEL/APPLICATION/charm-DIGEST/   the charm that is installed
    MODEL/APPLICATION/units/NUMBER/   where a unit's programs run

Programs of charms get a line of JSON on their standard input, too.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_FIRST = ["install", "config-changed", "start"]  # hooks of a new unit
_LOOK = 0.2  # seconds between two looks whether the folder of a program is there still
_FAILED_WORDS = 300  # characters of what a failed program said that stand in a message


Data = dict[str, Any]


class Refused(Exception):
    """What was asked for is not done; `facts` say why."""

    def __init__(self, kind: str, **facts: Any) -> None:
        super().__init__(kind)
        self.facts = {"kind": kind, **facts}


class Records:
    """The EEs below a folder.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        root.mkdir(parents=True, exist_ok=True)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Keep the agents of other connections from changing anything."""
        with (self._root / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def path(self, ee: Data) -> Path:
        """Where an EE is."""
        return self._root.joinpath(ee["model"], ee["application"])

    def every(self) -> list[Data]:
        """All records, by name."""
        found = (self._read(file) for file in sorted(self._root.glob("[!.]*/*/record.json")))
        return [record for record in found if record is not None]

    def find(self, ee: Data) -> Data:
        """The record of the EE that has these names *and* this id."""
        record = self._read(self.path(ee) / "record.json")
        if record is None or record["id"] != ee["id"]:
            raise Refused("absent")
        return record

    def add(self, record: Data) -> None:
        """Make an EE; what is there already, or shares its names, is never touched."""
        for other in self.every():
            if other["model"] == record["model"] and other["ns"] != record["ns"]:
                raise Refused("shared-model", record=other)
            if self.path(other) == self.path(record):
                raise Refused("exists", record=other)
        made = self._root / (".new-" + record["id"])
        made.mkdir()
        self._write(made, record)
        self.path(record).parent.mkdir(exist_ok=True)
        made.rename(self.path(record))

    def save(self, record: Data) -> None:
        """Replace a record as a whole."""
        self._write(self.path(record), record)

    def remove(self, record: Data) -> None:
        """Remove an EE with all that is in it."""
        gone = self._root / (".gone-" + record["id"])
        self.path(record).rename(gone)
        shutil.rmtree(gone)
        with contextlib.suppress(OSError):  # other EEs are in it
            self.path(record).parent.rmdir()

    def _read(self, file: Path) -> Data | None:
        try:
            found: Data = json.loads(file.read_text("utf-8"))
        except (FileNotFoundError, NotADirectoryError):  # also between two looks at it
            return None
        return found

    def _write(self, folder: Path, record: Data) -> None:
        new = folder / ".record.json"
        new.write_text(json.dumps(record), "utf-8")
        new.replace(folder / "record.json")


class Programs:
    """The programs that run for requests, each in a process group of its own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._stopped: set[int] = set()

    def run(self, number: int, path: Path, folder: Path, given: Data) -> Data:
        """Run a program to its end.

        Args:
            number: the request that it runs for.
            path: the program.
            folder: its working directory.
            given: an object for its standard input.
        """
        with self._lock:
            if number in self._stopped:
                raise Refused("stopped")
            try:
                process = subprocess.Popen(  # noqa: S603 - charms are trusted: they are installed to be run
                    [str(path)],
                    cwd=str(folder),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                )
            except OSError as error:
                raise Refused("program", message=f"{path.name} cannot be run: {error.strerror}") from error
            self._running[number] = process
        with _ending_with(folder, process):
            said, complaint = process.communicate((json.dumps(given) + "\n").encode())
        with self._lock:
            del self._running[number]
            if number in self._stopped:
                raise Refused("stopped")
        return {
            "exit_code": process.returncode,
            "stdout": said.decode(errors="replace"),
            "stderr": complaint.decode(errors="replace"),
        }

    def stop(self, number: int) -> None:
        """End what runs for a request, with all that it started."""
        with self._lock:
            self._stopped.add(number)
            if number in self._running:
                _kill(self._running[number])

    def stop_all(self) -> None:
        """End what runs, since its result could not be delivered."""
        with self._lock:
            for process in self._running.values():
                _kill(process)


@contextlib.contextmanager
def _ending_with(folder: Path, process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Inside, end a program when its folder is gone: the agent of another connection may remove it."""
    has_ended = threading.Event()

    def watch() -> None:
        while not has_ended.wait(_LOOK):
            if not folder.exists():
                _kill(process)

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        has_ended.set()


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


class Agent:
    """Answers requests.

    Args:
        root: the folder of the EEs.
    """

    def __init__(self, root: Path) -> None:
        self._records = Records(root)
        self._programs = Programs()
        self._writing = threading.Lock()

    def serve(self, lines: Iterable[str]) -> None:
        """Answer until the connection ends."""
        for line in lines:
            request = json.loads(line)
            if request["do"] == "stop":
                self._programs.stop(request["request"])
            elif request["do"] in ("settle", "run"):
                threading.Thread(target=self._answer, args=(request,), daemon=True).start()
            else:
                self._answer(request)
        self._programs.stop_all()

    def _answer(self, request: Data) -> None:
        try:
            answer = {"result": getattr(self, "do_" + request["do"])(**request)}
        except Refused as refused:
            answer = {"refused": refused.facts}
        except Exception as error:  # noqa: BLE001 - the caller has to get it
            answer = {"refused": {"kind": "failed", "message": f"{type(error).__name__}: {error}"}}
        with self._writing:
            print(json.dumps({"number": request["number"], **answer}), flush=True)

    def do_list(self, **_: Any) -> list[Data]:
        """All EEs."""
        return self._records.every()

    def do_find(self, ee: Data, **_: Any) -> Data:
        """One EE."""
        return self._records.find(ee)

    def do_create(self, ee: Data, namespace: str, ns: str, **_: Any) -> Data:
        """Make an EE."""
        record = {**ee, "namespace": namespace, "ns": ns, "charm": None, "values": {}, "units": [], "next": 0}
        with self._records.lock():
            self._records.add(record)
        return record

    def do_delete(self, ee: Data, **_: Any) -> None:
        """Remove an EE."""
        with self._records.lock():
            self._records.remove(self._records.find(ee))

    def do_install(
        self, ee: Data, charm: Data, archive: str | None, values: Data, units: int, hooks: list[str], **_: Any
    ) -> Data:
        """Put a charm there, or another version of it; `settle` runs what is due then."""
        with self._records.lock():
            record = self._records.find(ee)
            earlier, record["charm"], record["values"] = record["charm"], charm, values
            if archive is not None:
                self._unpack(self._charm(record), archive)
            for unit in record["units"]:
                _add_due(unit, hooks)
            self._add_units(record, units - len(record["units"]))
            self._records.save(record)
            if earlier is not None and earlier["digest"] != charm["digest"]:
                shutil.rmtree(self._charm({**record, "charm": earlier}))
        return record

    def do_configure(self, ee: Data, values: Data, **_: Any) -> Data:
        """Set options; null resets one. Those that are not given are left alone: others may be setting them."""
        with self._records.lock():
            record = self._records.find(ee)
            after = {**record["values"], **values}
            record["values"] = {name: value for name, value in after.items() if value is not None}
            for unit in record["units"]:
                _add_due(unit, ["config-changed"])
            self._records.save(record)
        return record

    def do_scale(self, ee: Data, units: int, **_: Any) -> Data:
        """Add units, or remove the newest."""
        with self._records.lock():
            record = self._records.find(ee)
            gone, record["units"] = record["units"][units:], record["units"][:units]
            self._add_units(record, units - len(record["units"]))
            self._records.save(record)
            for unit in gone:
                shutil.rmtree(self._unit(record, unit["number"]))
        return record

    def do_settle(self, ee: Data, number: int, **_: Any) -> Data:
        """Run the hooks that are due, on one unit after the other; the first one that fails ends it."""
        while True:
            record = self._records.find(ee)
            unit = next((one for one in record["units"] if one["due"]), None)
            if unit is None:
                return record
            hook = unit["due"][0]
            path = self._charm(record) / "hooks" / hook
            ran: Data = {"exit_code": 0}
            if path.exists():
                ran = self._programs.run(number, path, self._unit(record, unit["number"]), _input_of(record, unit, {}))
            failed = (
                ran["exit_code"] and f"{hook} ended with {ran['exit_code']}: {ran['stderr'].strip()[-_FAILED_WORDS:]}"
            )
            with self._records.lock():
                record = self._records.find(ee)
                unit = next(one for one in record["units"] if one["number"] == unit["number"])
                if failed:
                    unit.update(state="error", message=failed)
                else:
                    unit["due"] = unit["due"][1:]
                    unit.update(state="maintenance" if unit["due"] else "active", message="")
                self._records.save(record)
            if failed:
                raise Refused("hook", unit=unit["number"], record=record)

    def do_run(self, ee: Data, unit: int, program: str, params: Data, number: int, **_: Any) -> Data:
        """Run a program of the charm on a unit."""
        record = self._records.find(ee)
        place = next((one for one in record["units"] if one["number"] == unit), None)
        if place is None:
            raise Refused("absent")
        path = self._charm(record) / "actions" / program
        return self._programs.run(number, path, self._unit(record, unit), _input_of(record, place, params))

    def _add_units(self, record: Data, count: int) -> None:
        for _ in range(count):
            unit = {"number": record["next"], "state": "maintenance", "message": "", "due": _FIRST}
            record["units"].append(unit)
            record["next"] += 1
            self._unit(record, unit["number"]).mkdir(parents=True)

    def _charm(self, record: Data) -> Path:
        return self._records.path(record).joinpath("charm-" + record["charm"]["digest"])

    def _unit(self, record: Data, number: int) -> Path:
        return self._records.path(record) / "units" / str(number)

    def _unpack(self, folder: Path, archive: str) -> None:
        with tarfile.open(fileobj=io.BytesIO(base64.b64decode(archive))) as tar:
            shutil.rmtree(folder, ignore_errors=True)  # an earlier attempt
            tar.extractall(folder, filter="data")


def _add_due(unit: Data, hooks: list[str]) -> None:
    """Note what a unit has to run, once each."""
    unit.update(
        state="maintenance", message="", due=[*unit["due"], *(hook for hook in hooks if hook not in unit["due"])]
    )


def _input_of(record: Data, unit: Data, params: Data) -> Data:
    """The input of a program of a charm."""
    options = {name: option.get("default") for name, option in record["charm"]["options"].items()}
    options.update(record["values"])
    return {
        "unit": f"{record['application']}/{unit['number']}",
        "leader": unit["number"] == record["units"][0]["number"],
        "options": {name: value for name, value in options.items() if value is not None},
        "params": params,
        "relations": {},
    }


if __name__ == "__main__":
    os.umask(0o077)  # options and what programs keep may be secret
    Agent(Path(sys.argv[1]).expanduser()).serve(sys.stdin)
