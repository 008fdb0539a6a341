"""What programs complain is shown without what looks like a secret, and stays readable."""

from __future__ import annotations

import pytest

from vca_juju_k8s.cluster.masking import mask

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl_x-1"
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKC\nabc=\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        (f"got {JWT}, which is refused", JWT),
        (f"the key\n{KEY}\nis not valid", "abc="),
        (f"{KEY.partition('-----END')[0]}", "abc="),
        ("error: password=hunter2", "hunter2"),
        ("error: --client-secret hunter2 is not valid", "hunter2"),
        ('{"id_token": "hunter2", "x": 1}', "hunter2"),
        ('msg="{\\"token\\": \\"hunter2\\"}"', "hunter2"),
        ("export AWS_SESSION_TOKEN='hunter two'", "two"),
        ("Authorization: Bearer hunter2", "hunter2"),
        ("curl -H 'authorization: Basic aHVudGVyMg=='", "aHVudGVyMg"),
        ("Authorization: Token hunter2", "hunter2"),
        ("> Proxy-Authorization: AWS4 Credential=a, Signature=hunter2", "hunter2"),
        ("Set-Cookie: session=hunter2; Path=/", "hunter2"),
        ("password=other,hunter2", "hunter2"),
        ("password=other;hunter2}", "hunter2"),
        ("password=it's;hunter2", "hunter2"),
        ("curl -u admin:hunter2 https://login.example.com/", "hunter2"),
        ("curl --user=admin:hunter2", "hunter2"),
        ("POST https://me:hunter2@login.example.com/", "hunter2"),
        ("GET https://login.example.com/?access_token=hunter2&x=1", "hunter2"),
        ("AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "MDENG"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIA"),
        ("the code 0f6e1c1c-5d0e-4d4f-8b2f-0c7d2f6f7a11 is used", "0f6e1c1c"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "ghp_16"),
        ("join with abcdef.0123456789abcdef", "0123456789"),
    ],
)
def test_what_looks_like_a_secret_is_masked(said: str, secret: str) -> None:
    assert secret in said
    assert secret not in mask(said)


@pytest.mark.parametrize(
    "said",
    [
        "The SSO session associated with this profile has expired: run aws sso login with the corresponding profile.",
        "Get https://oidc.eu-west-1.amazonaws.com/token: dial tcp: lookup oidc.eu-west-1.amazonaws.com: no such host",
        "cannot open /root/.aws/sso/cache/token.json: No such file or directory",
        "Unable to connect to 10.0.0.1:6443: please run 'az login' (AADSTS70043)",
        "error: You must be logged in to the server (Unauthorized), exit status 255",
        'time="2026-11-30T22:40:00Z" level=error msg="token expired"',
    ],
)
def test_what_is_no_secret_stays_readable(said: str) -> None:
    assert mask(said) == said
