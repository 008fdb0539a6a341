"""The kit's own adoptions: what `vca conformance` runs on a backend or a store that it was given."""
