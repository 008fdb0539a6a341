"""References of images, and the document that a controller is sent."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vca_core.charm.images import check_reference
from vca_juju_common.images import Image, document_of

GOOD = (
    "busybox",
    "dns:1.2",
    "team/dns",
    "localhost/dns:1",
    "localhost:5000/dns",
    "registry.example.com:5000/a/b_c/d-e.f:v1.0-rc1",
    "registry.example.com/dns@sha256:" + "0" * 64,
    "dns:1@sha256:" + "f" * 64,
    "[2001:db8::1]:5000/dns",
    "a__b:1",
    "localhost/a---b_c.d",
    "REG.example.com/a:1",
    "1.2.3.4:5000/a",
    "a:_x",
    "docker.io/" + "0123456789abcdef" * 4,
    "a@sha384:" + "0" * 96,
    "a@sha512:" + "0" * 128,
    "reg.example.com/" + "a" * 239,
    "a" * 237,
)
BAD = (
    "",
    " ",
    "DNS",
    "dns:",
    "dns:a b",
    "/dns",
    "dns/",
    "team//dns",
    "-dns",
    "dns@",
    "dns@sha256:short",
    "http://registry.example.com/dns",
    "a" * 1001,
    "dns:" + "1" * 129,
    "registry.example.com:port/dns",
    "0123456789abcdef" * 4,
    "a..b:1",
    "a.-b/c:1",
    "reg.example.com/a___b:1",
    "-reg.example.com/a:1",
    ".reg.com/a:1",
    "reg..example.com/a:1",
    "reg-.com/a:1",
    "reg_x.example.com/a:1",
    "[::1/a:1",
    "reg.example.com/a@md5:" + "a" * 32,
    "reg.example.com/a@sha256:" + "a" * 32,
    "reg.example.com/a@sha256:" + "A" * 64,
    "reg.example.com/a@sha256:" + "a" * 66,
    "a@sha512:" + "0" * 64,
    "reg.example.com/" + "a" * 240,
    "a" * 238,
    "a:1\n",
)


@pytest.mark.parametrize("text", GOOD)
def test_what_is_a_reference_is_taken(text: str) -> None:
    assert check_reference(text) == text


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected the reference of an image"):
        check_reference(text)


@given(username=st.text(min_size=1), password=st.text())
def test_the_document_says_what_was_given(username: str, password: str) -> None:
    image = Image(image="dns:1", username=username, password=password)
    document = document_of(image)
    assert yaml.safe_load(document) == {"registrypath": "dns:1", "username": username, "password": password}
    with pytest.raises(ValueError, match="."):  # JSON would be read by other keys
        json.loads(document)


def test_a_password_shows_nowhere_else() -> None:
    image = Image(image="dns", username="u", password="canary-77")
    assert "canary-77" not in repr(image) + str(image) + str(image.model_dump())
    with pytest.raises(ValidationError) as caught:
        Image(image="dns", password=["canary-77"])
    assert "canary-77" not in str(caught.value)
