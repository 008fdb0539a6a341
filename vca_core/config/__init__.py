"""The configuration: which connectors there are, on which backends, and what holds for all of them.

`load_config` makes a `VcaConfig` of a YAML or TOML file, a mapping and environment variables, and says of every mistake
in which line it stands. `validate_model` is the same check for the options of backends and operations.
"""

from vca_core.config.load import load_config, load_definition
from vca_core.config.problems import validate_model
from vca_core.config.references import References
from vca_core.config.settings import (
    ConnectorConfig,
    ExtensionConfig,
    ProviderConfig,
    StatusSettings,
    Timeouts,
    VcaConfig,
)

__all__ = [
    "ConnectorConfig",
    "ExtensionConfig",
    "ProviderConfig",
    "References",
    "StatusSettings",
    "Timeouts",
    "VcaConfig",
    "load_config",
    "load_definition",
    "validate_model",
]
