"""SshBackend, a backend of the VCA framework: execution environments are folders of a host that is reached over ssh.

::

    backend     the hooks: what the VCA framework asks for
    charms      a charm as it is sent to the host
    records     what the host keeps of an EE, read
    answers     what the agent says when it does not do something
    client      finds the host, asks it, and connects again when the connection was lost
    link        one connection, and the agent at its other end
    agent       runs on the host, and knows nothing of the framework
    options     what a config says
"""
