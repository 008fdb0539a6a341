# STUB-OF-LEAD

from __future__ import annotations

import copy
from typing import Any, Mapping


class StatusStore:
    async def open(self) -> None: ...
    async def close(self) -> None: ...


def check_filter(f: Any) -> None:
    from vca_core.errors import BadArguments

    if not isinstance(f, Mapping) or not f or any(isinstance(v, (dict, list)) for v in f.values()):
        raise BadArguments("bad filter", ["filter"])


def _get(d, p):
    for k in p.split("."):
        if isinstance(d, list):
            d = d[int(k)]
        elif isinstance(d, dict):
            d = d.get(k)
        else:
            return None
    return d


class MemoryStore(StatusStore):
    def __init__(self):
        self.t = {}

    def _find(self, t, f):
        return [d for d in self.t.get(t, []) if all(_get(d, k) == v for k, v in (f or {}).items())]

    async def set(self, table, filter, update):
        ds = self._find(table, filter)
        if not ds:
            return False
        for p, v in update.items():
            d = ds[0]
            ks = p.split(".")
            for k in ks[:-1]:
                if isinstance(d, list):
                    while len(d) <= int(k):
                        d.append({})
                    d = d[int(k)]
                else:
                    d = d.setdefault(k, {})
            d[ks[-1]] = v
        return True

    async def get(self, table, filter):
        ds = self._find(table, filter)
        return copy.deepcopy(ds[0]) if ds else None

    async def find(self, table, filter=None):
        return copy.deepcopy(self._find(table, filter))

    async def ensure(self, table, document):
        if self._find(table, {"_id": document["_id"]}):
            return False
        self.t.setdefault(table, []).append(copy.deepcopy(dict(document)))
        return True

    async def delete(self, table, filter):
        ds = self._find(table, filter)
        self.t[table] = [d for d in self.t.get(table, []) if d not in ds]
        return len(ds)


def store_from_url(url, folder):
    return MemoryStore()
