"""Tokens of accounts that end: asked for, and renewed before they end or when they are refused."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from vca_juju_k8s.cluster.account import NAMESPACE, Account, ensure_account
from vca_juju_k8s.cluster.client import ClusterClient
from vca_juju_k8s.cluster.errors import ClusterError
from vca_juju_k8s.cluster.marks import Mark

SHARE = 0.8
"""The share of a token's life after which another one is asked for."""

PAUSE = 5.0
"""Seconds that are between two requests for a token, however short its life is."""

LIFE = 3600.0
"""Seconds that tokens of ours are to live."""


@dataclass(frozen=True)
class Token:
    """A token.

    Args:
        text: the token itself.
        life: seconds that it lives from when it was given; a cluster may give less than was asked for.
        age: seconds since then.
    """

    text: str
    life: float
    age: float = 0.0

    @property
    def is_old(self) -> bool:
        """Whether another one is due."""
        return self.age >= SHARE * self.life


def pause_of(life: float, age: float = 0.0) -> float:
    """Seconds after which another token is asked for.

    Args:
        life: seconds that the present one lives.
        age: seconds since it was given.
    """
    return max(SHARE * life - age, PAUSE)


async def request_token(cluster: ClusterClient, account: Account, life: float) -> Token:
    """Have the cluster make a token of an account.

    Args:
        cluster: where.
        account: whose; it is there.
        life: seconds that it is to live, at least 600.

    Raises:
        ClusterError: the API server cannot be reached, or refuses.
    """
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{account.name}/token"
    made = await cluster.post(path, {"spec": {"expirationSeconds": int(life)}})
    status, since = made.get("status") or {}, (made.get("metadata") or {}).get("creationTimestamp")
    text = str(status.get("token") or "")
    cluster.add_secret(text)
    try:
        ends = datetime.fromisoformat(str(status.get("expirationTimestamp")))
        begun = datetime.fromisoformat(str(since)) if since else datetime.now(UTC)  # its clock may be another one
    except ValueError:
        text, ends, begun = "", datetime.now(UTC), datetime.now(UTC)
    if not text:
        raise ClusterError(f"the API server made no token of account {account.name}")
    return Token(text, max(0.0, (ends - begun).total_seconds()))


async def recognize_token(cluster: ClusterClient, account: Account, text: str) -> Token | None:
    """Look at a token that others have.

    Args:
        cluster: where.
        account: whose it is to be.
        text: the token.

    Returns:
        None: the cluster does not take it, or not for that account, it does not end, or nobody here may ask that.

    Raises:
        ClusterError: the API server cannot be reached.
    """
    cluster.add_secret(text)
    try:
        claims = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
        begun, ends = float(claims["iat"]), float(claims["exp"])
    except (ValueError, TypeError, LookupError):
        return None
    try:
        made = await cluster.post("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": text}})
    except ClusterError as error:
        if error.status is None:
            raise
        return None
    status = made.get("status") or {}
    name = (status.get("user") or {}).get("username")
    if status.get("authenticated") is not True or name != f"system:serviceaccount:{NAMESPACE}:{account.name}":
        return None
    return Token(text, ends - begun, max(0.0, datetime.now(UTC).timestamp() - begun))


class TokenHolder:
    """Has a valid token of an account at hand, which is made where it is missing.

    Args:
        cluster: where, for who may make it.
        account: says whose.
        claim: called before the account is made anew; gives the mark that it will belong to, None: it belongs to
            nothing. Raises ClusterError where it is not wanted.
    """

    def __init__(
        self, cluster: ClusterClient, account: Callable[[], Account], claim: Callable[[], Awaitable[Mark | None]]
    ) -> None:
        self._cluster = cluster
        self._claim = claim
        self._account = account
        self._turn = asyncio.Lock()
        self._token: Token | None = None
        self._begun = 0.0
        self._refused = -float("inf")

    async def give(self, refused: str | None = None) -> str:
        """Give a token.

        Args:
            refused: the one that the cluster did not take.

        Raises:
            ClusterError: no valid token is held, and the cluster does not make one.
        """
        async with self._turn:
            held, now = self._token, asyncio.get_running_loop().time()
            age = now - self._begun
            is_good = held is not None and held.text != refused
            if held is not None and is_good and age < pause_of(held.life):
                return held.text
            if held is not None and not is_good and now - self._refused < PAUSE:
                return held.text  # it was made a moment ago, as one was refused: another fares no better
            try:
                self._token = await self._request()
            except ClusterError:
                if held is None or not is_good or age >= held.life:
                    raise
                return held.text  # the next one who asks tries again
            self._begun = asyncio.get_running_loop().time()
            self._refused = self._begun if held is not None and not is_good else self._refused
            return self._token.text

    async def _request(self) -> Token:
        account = self._account()
        try:
            return await request_token(self._cluster, account, LIFE)
        except ClusterError as error:
            if error.status != 404:
                raise
        await ensure_account(self._cluster, account, await self._claim())
        return await request_token(self._cluster, account, LIFE)
