"""Which failures of MongoDB may go away."""

from __future__ import annotations

import pytest
from bson.errors import InvalidBSON
from pymongo.errors import OperationFailure

from vca_core.errors import StoreError
from vca_core.stores.mongo_errors import MongoErrors
from vca_core.stores.refusals import is_refusal


@pytest.mark.parametrize(
    ("code", "is_retryable", "refuses"),
    [
        (28, False, True),  # the path leads through text
        (166, False, True),  # a view
        (10003, False, True),  # a document of a capped collection
        (352, False, True),  # the server's API
        (13, False, False),  # a role that is missing
        (33, False, False),  # the user
        (8000, False, False),  # Atlas's word for a user or password that is wrong
        (189, True, False),  # the primary steps down
        (0, True, False),  # nothing that is known
    ],
)
def test_a_code_says_whether_a_write_is_tried_again(code: int, *, is_retryable: bool, refuses: bool) -> None:
    errors = MongoErrors("mongodb://h/osm", "mongodb://h/osm")
    error = errors.of(OperationFailure("text of the server", code), "cannot write")
    assert (error.retryable, is_refusal(error)) == (is_retryable, refuses)
    assert "text of the server" not in str(error)


def test_a_document_that_cannot_be_decoded_refuses_no_write() -> None:
    errors = MongoErrors("mongodb://h/osm", "mongodb://h/osm")
    error = errors.of(InvalidBSON("year 36536598 is out of range"), "cannot read t")
    assert isinstance(error, StoreError)
    assert (error.retryable, is_refusal(error)) == (False, False)
    assert "36536598" not in error.message
