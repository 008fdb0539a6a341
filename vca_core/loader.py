# STUB-OF-LEAD

import importlib.metadata as m
from types import SimpleNamespace

import pluggy

from vca_core.errors import *


def load_backend(name):
    for ep in m.entry_points(group="vca.backends", name=name):
        return SimpleNamespace(name=name, cls=ep.load(), distribution="x", version="1")
    raise BadArguments("unknown backend " + name)


def register(backend, name):
    from vca_core.hookspecs import BackendHooks

    pm = pluggy.PluginManager("vca")
    pm.add_hookspecs(BackendHooks)
    pm.register(backend, name)
    pm.check_pending()
    return pm
