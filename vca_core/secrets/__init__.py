"""Secrets stay out of what people read: errors, statuses, logs.

They are kept out by construction: values of parameters and credentials are not formatted in the first place. What a
foreign system, a client library or a plugin prints back is caught here.

::

    values      the secret values of the moment, and how they are taken out of a text
    forms       what gives a secret away
    encodings   what programs make of a text, taken off again
    finding     which of the given values are secret
    structures  objects and lists that are given as a text
    own_words   the words of our own texts, which stay in those
    lasting     values of options, secret for as long as their EE lives
    causes      errors without secrets and without foreign objects, of whatever was raised
    log         the logger that backends are given
"""

from __future__ import annotations

from vca_core.secrets.causes import add_reason, as_vca_error, scrub_cause
from vca_core.secrets.finding import is_secret_name, model_secrets, secret_strings, secrets_in, url_without_credentials
from vca_core.secrets.lasting import LastingSecrets
from vca_core.secrets.log import ScrubbingLog
from vca_core.secrets.own_words import read_own_words_aside
from vca_core.secrets.values import (
    MASK,
    FoundSecrets,
    HeldSecrets,
    SecretValues,
    excess_of_secrets,
    scrub_plain,
)

__all__ = [
    "MASK",
    "FoundSecrets",
    "HeldSecrets",
    "LastingSecrets",
    "ScrubbingLog",
    "SecretValues",
    "add_reason",
    "as_vca_error",
    "excess_of_secrets",
    "is_secret_name",
    "model_secrets",
    "read_own_words_aside",
    "scrub_cause",
    "scrub_plain",
    "secret_strings",
    "secrets_in",
    "url_without_credentials",
]
