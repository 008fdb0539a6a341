"""Client.WatchAll and AllWatcher: changes of a model, as they happen."""

from __future__ import annotations

from vca_jujusim.dispatch import Answer, Call, Json, method
from vca_jujusim.problems import NOT_FOUND, Refusal


@method("Client.WatchAll")
def watch_all(call: Call, _params: Json) -> Answer:
    """Watch the model."""
    return {"watcher-id": call.session.add_watcher()}


@method("AllWatcher.Next", access=None)
async def next_deltas(call: Call, _params: Json) -> Answer:
    """Wait for changes."""
    watcher = call.session.watchers.get(call.watcher)
    if watcher is None:
        raise Refusal("unknown watcher id", NOT_FOUND)
    return {"deltas": await watcher.next()}


@method("AllWatcher.Stop", access=None)
def stop(call: Call, _params: Json) -> Answer:
    """End a watcher."""
    watcher = call.session.watchers.pop(call.watcher, None)
    if watcher is None:
        raise Refusal("unknown watcher id", NOT_FOUND)
    watcher.stop()
    return None
