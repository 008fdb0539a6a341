"""The seam to a Juju controller: the only package that imports `juju`, and no type of it leaves it.

`juju` takes half a second to import, so modules here import it where they need it: entry modules must be
light.
"""
