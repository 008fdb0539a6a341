"""The core of the VCA framework: one API for orchestrators, backends as plugins.

What an orchestrator needs is here; what a backend needs is in `vca_core.backend` and `vca_core.hookspecs`. Names are
loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vca_core._loading.backends import BackendInfo, list_backends
    from vca_core.config import VcaConfig
    from vca_core.connector import Connector
    from vca_core.errors import (
        AlreadyExists,
        BackendError,
        BadArguments,
        ConflictError,
        ExecutionError,
        InvalidCertificate,
        NotFound,
        NotSupported,
        PluginError,
        StoreError,
        VcaConnectionError,
        VcaError,
        VcaTimeoutError,
    )
    from vca_core.naming import CHARM_NAMES, EeId, NameRules, Namespace
    from vca_core.status import DeploymentStatus
    from vca_core.stores import StatusStore
    from vca_core.vca import Vca

_HOME_OF = {
    "AlreadyExists": "errors",
    "BackendError": "errors",
    "BackendInfo": "_loading.backends",
    "BadArguments": "errors",
    "CHARM_NAMES": "naming",
    "ConflictError": "errors",
    "Connector": "connector",
    "DeploymentStatus": "status",
    "EeId": "naming",
    "ExecutionError": "errors",
    "InvalidCertificate": "errors",
    "NameRules": "naming",
    "Namespace": "naming",
    "NotFound": "errors",
    "NotSupported": "errors",
    "PluginError": "errors",
    "StatusStore": "stores",
    "StoreError": "errors",
    "Vca": "vca",
    "VcaConfig": "config",
    "VcaConnectionError": "errors",
    "VcaError": "errors",
    "VcaTimeoutError": "errors",
    "list_backends": "_loading.backends",
}

__all__ = [
    "CHARM_NAMES",
    "AlreadyExists",
    "BackendError",
    "BackendInfo",
    "BadArguments",
    "ConflictError",
    "Connector",
    "DeploymentStatus",
    "EeId",
    "ExecutionError",
    "InvalidCertificate",
    "NameRules",
    "Namespace",
    "NotFound",
    "NotSupported",
    "PluginError",
    "StatusStore",
    "StoreError",
    "Vca",
    "VcaConfig",
    "VcaConnectionError",
    "VcaError",
    "VcaTimeoutError",
    "list_backends",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
