"""Messages of a cluster without what is another at each try, so that the same trouble is told in the same words."""

from __future__ import annotations

import re

GONE = "…"

_UUID = r"(?<![0-9a-f])[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f])"
_TIME = r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| ?[+-]\d\d:?\d\d)?"
_CALLER = r"(\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):\d+->"  # its port is another one each time
_ADDRESS = r"(\b\d{1,3}(\.\d{1,3}){3}|\[[0-9a-fA-F:]+\]):\d+\b"  # one of several that answer to a name
_REQUEST = r"(?<=request)((?: ?-?id)?[ :=]+)(?=[\w-]*\d)[\w-]{6,}"
_HASH = r"\b(0x[0-9a-f]+|[0-9a-f]{12,}|(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,})\b"
_SHARE = r"(?<![\w.])\d+(\.\d+)? ?%"
_LASTING = r"\b(\d+h)?(\d+m)?\d+(\.\d+)?(s|ms|µs|ns)\b"
_ATTEMPT = (
    r"\b((?:attempt|retry|try|restart|count)(?: ?[#:=]? ?))\d+|(?<=_)\d+(?=\")|\b\d+(?= (?:times|attempts|retries)\b)"
)
_USED = r"(?<=\bused: )[\w./=-]*\d[\w.]*(?:,[\w./-]+=\d\w*)*|(?<=\bavailable: )\d\w*|(?<=\busing )\d\w*|(?<=\(pid )\d+"
_EPOCH = r"(?<=\bat )1\d{9}\b|(?<=: )1\d{9}(?=\})"  # the latter as the value of a taint

_PATTERNS = [
    (re.compile(pattern, re.IGNORECASE), told)
    for pattern, told in (
        (_TIME, GONE),
        (_UUID, GONE),
        (_CALLER, ""),
        (_ADDRESS, GONE),
        (_REQUEST, rf"\g<1>{GONE}"),
        (_HASH, GONE),
        (_LASTING, GONE),
        (_SHARE, GONE),
        (_ATTEMPT, rf"\g<1>{GONE}"),
        (_USED, GONE),
        (_EPOCH, GONE),
    )
]


def steady(message: str) -> str:
    """Take out of a message what differs from try to try: ids, hashes, times, addresses, counts, shares, use.

    Args:
        message: of a kubelet, a scheduler, a provisioner, a webhook, or of Juju.
    """
    for pattern, told in _PATTERNS:
        message = pattern.sub(told, message)
    return message
