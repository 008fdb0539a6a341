"""The backend of the VCA framework for charms on machines: Juju 3.6."""
