"""Runs operations: what is asked, whose turn it is, when it has to end, what becomes of it."""
