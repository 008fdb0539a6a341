"""The in-memory backend of the VCA framework."""
