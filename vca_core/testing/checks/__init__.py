"""The checks, by what they look at; `vca_core.testing.BackendConformance` is all of them."""
