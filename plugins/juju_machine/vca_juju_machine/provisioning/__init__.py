"""Prepares existing hosts over ssh, so that a Juju controller can take them as manual machines."""

from vca_juju_machine.provisioning.api_proxy import ApiProxy, parse_api_proxy
from vca_juju_machine.provisioning.facts import HostFacts
from vca_juju_machine.provisioning.session import SshSession, ssh_session
from vca_juju_machine.provisioning.target import HostKeyPolicy, SshTarget, check_target, parse_credentials

__all__ = [
    "ApiProxy",
    "HostFacts",
    "HostKeyPolicy",
    "SshSession",
    "SshTarget",
    "check_target",
    "parse_api_proxy",
    "parse_credentials",
    "ssh_session",
]
