"""What MongoDB's driver raises, as errors of the tree: which of them may go away, and no word of what is secret."""

from __future__ import annotations

from typing import TypeVar

from vca_core.errors import BadArguments, Cause, StoreError, VcaError
from vca_core.secrets import SecretValues, scrub_cause, secrets_in
from vca_core.stores.refusals import mark_no_refusal, mark_unsent

E = TypeVar("E", bound=VcaError)

_REFUSED = {
    2: "BadValue",
    9: "FailedToParse",
    14: "TypeMismatch",
    20: "IllegalOperation",
    28: "PathNotViable",
    40: "ConflictingUpdateOperators",
    52: "DollarPrefixedFieldName",
    53: "InvalidIdField",
    54: "NotSingleValueField",
    56: "EmptyFieldName",
    57: "DottedFieldName",
    59: "CommandNotFound",
    66: "ImmutableField",
    73: "InvalidNamespace",
    115: "CommandNotSupported",
    121: "DocumentValidationFailure",
    166: "CommandNotSupportedOnView",
    352: "APIVersionError",
    10003: "CannotGrowDocumentInCappedNamespace",
    10334: "BSONObjectTooLarge",
    11000: "DuplicateKey",
    13297: "DatabaseDifferCase",
    17280: "KeyTooLong",
    17419: "DocumentTooLarge",
}
"""Codes of what is wrong with the write itself."""

_NOT_ALLOWED = {
    11: "UserNotFound",
    13: "Unauthorized",
    18: "AuthenticationFailed",
    33: "BadUser",
    334: "MechanismUnavailable",
    8000: "AtlasError",
}
"""Codes of credentials that do not do."""

INDEX_CONFLICT = 85
_OTHER_INDEX = {INDEX_CONFLICT: "IndexOptionsConflict", 86: "IndexKeySpecsConflict"}
"""Codes of an index that is there in another form."""


class MongoErrors:
    """Makes errors of the tree.

    Args:
        shown: the URL, as it may be shown.
        url: the URL.
        subject: how errors call what the database is to us.
        argument: how errors call the URL.
    """

    def __init__(self, shown: str, url: str, *, subject: str = "status store", argument: str = "store") -> None:
        self._what = f"{subject} {shown}"
        self._argument = argument
        self._secrets = SecretValues([url, *secrets_in({"url": url})])

    def of_open(self, error: Exception) -> VcaError:
        """What a store that does not open fails with."""
        from dns.exception import DNSException  # the driver, and what comes with it, are for those who use them
        from dns.resolver import NXDOMAIN, NoAnswer
        from pymongo.errors import ConfigurationError

        if isinstance(error, VcaError):
            return error
        # For mongodb+srv, the driver calls it a wrong setting, too, when no name server answers.
        reason = error.__cause__ if isinstance(error, ConfigurationError) else None
        if isinstance(reason, DNSException | OSError) and not isinstance(reason, NXDOMAIN | NoAnswer):
            return self._with_cause(error, StoreError(f"{self._what}: its name has no answer: {self._text_of(reason)}"))
        if isinstance(error, ConfigurationError | TypeError | ValueError):
            return self._with_cause(error, BadArguments(f"{self._argument}: {self._text_of(error)}", [self._argument]))
        return self.of(error, "cannot open it")

    def of(self, error: Exception, what: str) -> VcaError:
        """What a call fails with.

        Args:
            error: what the driver raised.
            what: what could not be done, for people.
        """
        return self._with_cause(error, self._meaning(error, f"{self._what}: {what}"))

    def _meaning(self, error: Exception, text: str) -> VcaError:
        from bson.errors import BSONError, InvalidBSON
        from pymongo.errors import InvalidName, OperationFailure

        if isinstance(error, InvalidBSON):  # it stands in the database, and says nothing of a write
            return mark_no_refusal(
                StoreError(f"{text}: a document there is not valid BSON: repair it", retryable=False)
            )
        if isinstance(error, InvalidName):
            return BadArguments(f"{text}: {self._text_of(error)}", ["table"])
        if isinstance(error, BSONError | OverflowError | UnicodeError):
            return StoreError(f"{text}: {self._text_of(error)}", retryable=False)
        if isinstance(error, OperationFailure):
            code = error.code or 0
            if code in _NOT_ALLOWED:
                return mark_no_refusal(
                    StoreError(
                        f"{text}: {_NOT_ALLOWED[code]}: check the user, the password and authSource in the URL, "
                        "and the user's roles",
                        retryable=False,
                    )
                )
            if code in _OTHER_INDEX:
                return StoreError(
                    f"{text}: {_OTHER_INDEX[code]}: the core needs its index vca_by_model of model and connector in "
                    "vca_execution_environments, and another one is in its way: drop that",
                    retryable=False,
                )
            if code in _REFUSED:  # the server's own text shows what stands in the document
                return StoreError(f"{text}: the server refuses it: {_REFUSED[code]}", retryable=False)
            return StoreError(f"{text}: the server failed with {self._name_of(error)}")
        return self.unreachable_error(error) or StoreError(f"{text}: {self._text_of(error)}")

    def unreachable_error(self, error: Exception) -> StoreError | None:
        """What a call fails with that did not reach the server, or whose answer was lost; None: it is another error."""
        from pymongo.errors import ConnectionFailure, ServerSelectionTimeoutError

        if not isinstance(error, ConnectionFailure | OSError):
            return None
        own = StoreError(f"{self._what}: no answer: {self._text_of(error)}")
        if isinstance(error, ServerSelectionTimeoutError):
            mark_unsent(own)
        return self._with_cause(error, own)

    def _with_cause(self, error: Exception, own: E) -> E:
        """Give an error its cause, without what the driver's objects and the server's texts may show.

        The driver's exceptions hold the URL; the server's quote what is in the document, and a bulk's all of its items.
        """
        from pymongo.errors import OperationFailure

        cause = scrub_cause(error, self._secrets.scrub)
        if isinstance(error, OperationFailure):
            cause = Cause(cause.kind, self._name_of(error), cause.frames)
        own.__cause__ = cause
        return own

    @staticmethod
    def _name_of(error: Exception) -> str:
        details = getattr(error, "details", None) or {}
        return f"{details.get('codeName') or type(error).__name__} ({getattr(error, 'code', None) or 'no code'})"

    def _text_of(self, error: Exception) -> str:
        text = str(error).partition(", Timeout:")[0].partition(", Topology Description:")[0]
        return self._secrets.scrub(f"{type(error).__name__}: {text}")
