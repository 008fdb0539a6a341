"""The cluster itself, where a connector may look at it: namespaces, and why pods do not run.

Nothing is changed there, but for two accounts where a cluster is onboarded: Juju's, and ours.

::

    kubeconfig    where the cluster is, and who looks at it
    errors        what goes wrong, in words that stay the same
    certificates  for TLS, in no file that stays
    interrupting  of requests that wait, from another thread
    masking       of what looks like a secret in what those programs complain
    programs      that log a user in, where a kubeconfig names one
    connecting    a client as a kubeconfig says; the only module that imports `kubernetes`
    providers     a program of ours, which asks an auth-provider
    client        requests
    roles         what the accounts of Juju and of ours may do there
    marks         what was made, and goes together, also what comes late
    account       the accounts themselves, for who onboards the cluster
    tokens        those of accounts that end, and are renewed before
    diagnosis     what objects of the cluster say about pods, in words
    watching      when pods have changed
    logs          what containers printed last
    namespaces    whether a namespace is free, and when it is gone
    objects       which objects of a namespace are an application's
    pods          why the pods of units do not run, while an operation waits for them
    overview      what there is in a namespace, for `get_status`
"""
