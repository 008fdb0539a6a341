"""The cluster itself, where a connector may look at it: namespaces, and why pods do not run.

Nothing is changed there, but for Juju's account where a cluster is onboarded.

::

    kubeconfig   where the cluster is, and who looks at it
    client       requests; the only module that imports `kubernetes`
    account      Juju's account there, for who onboards the cluster
    diagnosis    what objects of the cluster say about pods, in words
    namespaces   whether a namespace is free, and when it is gone
    pods         why the pods of units do not run, while an operation waits for them and in `get_status`
"""
