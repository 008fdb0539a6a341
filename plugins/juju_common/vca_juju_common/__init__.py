"""What the Juju backends of the VCA framework share; `vca_juju_common.client` is where the `juju` package ends."""
