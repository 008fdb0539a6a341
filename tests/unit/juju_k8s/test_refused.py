"""What a cluster refuses: whether the same request may succeed later."""

from __future__ import annotations

import json

import pytest

from vca_juju_k8s.cluster.errors import explain_error


class Answer(Exception):
    """An answer of an API server, as the client library raises it."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__()
        self.status, self.reason, self.body = status, "Reason", body


@pytest.mark.parametrize("body", [json.dumps({"reason": "Why", "message": "because"}), "<html>"])
@pytest.mark.parametrize(("status", "helps"), [(403, False), (404, False), (429, True), (503, True), (504, True)])
def test_a_retry_helps_where_a_cluster_has_too_much_to_do(status: int, helps: bool, body: str) -> None:
    error = explain_error(Answer(status, body), str)
    assert (error.status, error.retryable) == (status, helps)
