"""The generators of pages, one a module, for `tools/generate.py`."""
