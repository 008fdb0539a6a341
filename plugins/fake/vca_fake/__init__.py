"""The in-memory backend of the VCA framework: for demos, CI and the tests of orchestrators."""
