"""Where a text stands in another one, also where it overlaps itself."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate


def find_spans(form: str, text: str) -> Iterator[tuple[int, int]]:
    """Find what occurrences of a form cover, in a time that grows with the text only.

    A form that repeats itself, such as a thousand ``a``, occurs at each place of a longer run. Looking at each of them
    would take their number times the form's length, so a run is one span.

    Args:
        form: what is looked for; not empty.
        text: where.

    Yields:
        Start and end of each occurrence, or run of occurrences that overlap at a regular distance. Spans may overlap.
    """
    start = text.find(form)
    while start >= 0:
        following = text.find(form, start + 1)
        distance = following - start
        end = start + len(form)
        if 0 < distance < len(form):
            # As far as the text goes on to repeat itself, the form occurs at each such distance.
            steps = (_common_length(text, end - distance, end)) // distance
            end += steps * distance
            following = text.find(form, start + steps * distance + 1)
        yield start, end
        start = following


def drop_within(spans: Iterable[tuple[int, int]], others: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Leave out the spans that lie within another one, in a time that hardly grows faster than their number.

    Args:
        spans: start and end of each.
        others: what they may lie in; one that begins and ends where another one does lies in it.

    Returns:
        The spans that lie within none of the others as a whole.
    """
    known = sorted(others)
    starts = [start for start, _ in known]
    ends = [0, *accumulate((end for _, end in known), max)]
    return {(start, end) for start, end in spans if ends[bisect_right(starts, start)] < end}


def _common_length(text: str, first: int, second: int) -> int:
    """How many characters are the same after two places, the second of which is later."""
    begin, size = second, 64
    while size:
        ahead = second + size
        if ahead <= len(text) and text[first : first + size] == text[second:ahead]:
            first, second, size = first + size, ahead, size * 2
        else:
            size //= 2
    return second - begin
