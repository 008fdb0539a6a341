"""Finds plugins: entry points, the checks of a plugin's class, and the session of a connector's backend."""
