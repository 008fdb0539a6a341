"""Knows execution environments: what they report, what is kept of them, what is written where and in which order."""
