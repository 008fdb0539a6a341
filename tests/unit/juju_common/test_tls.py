from __future__ import annotations

import base64
import datetime as dt
import os
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from vca_core.errors import InvalidCertificate
from vca_juju_common.client.transport.tls import JUJU_HOSTNAME, Tls, certificates_of
from vca_juju_common.options import JujuOptions


@pytest.fixture(scope="module")
def pem() -> str:
    return certificate(valid_for=dt.timedelta(days=1))


def certificate(valid_for: dt.timedelta) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a CA")])
    now = dt.datetime.now(dt.UTC) - dt.timedelta(days=2)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=2) + valid_for)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    signed = made.sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.defect("D89")
def test_a_certificate_is_pem_base64_or_has_escaped_line_ends(pem: str) -> None:
    assert certificates_of(pem) == pem
    assert certificates_of(base64.b64encode(pem.encode()).decode()) == pem
    assert certificates_of(base64.encodebytes(pem.encode()).decode()) == pem
    written_out = pem.replace("\n", "\\n")
    assert certificates_of(written_out) == pem
    assert certificates_of(base64.b64encode(written_out.encode()).decode()) == pem


@pytest.mark.defect("D89")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "%%%",
        base64.b64encode(b"\xff\xfe").decode(),
        base64.b64encode(b"no certificate").decode(),
        "-----BEGIN X-----",
    ],
)
def test_what_is_no_certificate_is_never_taken_for_none(text: str) -> None:
    with pytest.raises(ValueError, match="PEM"):
        certificates_of(text)


def verified(context: ssl.SSLContext, dialled: str) -> str | None:
    """The name that a certificate has to bear when a host is dialled."""
    return context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=dialled).server_hostname


async def test_with_a_ca_of_ones_own_the_name_of_juju_is_verified(pem: str) -> None:
    tls = Tls(pem)
    context = await tls.context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert verified(context, "10.0.0.1") == JUJU_HOSTNAME
    assert verified(await Tls(pem, hostname="other").context(), "10.0.0.1") == "other"
    assert [one["serialNumber"] for one in context.get_ca_certs()] == ["01"]


async def test_the_default_is_the_dialled_host_and_system_authorities() -> None:
    context = await Tls().context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert verified(context, "juju.example") == "juju.example"


async def test_verification_is_off_only_if_an_option_says_so() -> None:
    context = await Tls(verify=False).context()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


async def test_a_changed_file_is_read_again_and_a_context_made_once(pem: str, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(pem)
    tls = Tls(ca_file=file)
    first = await tls.context()
    assert await tls.context() is first
    file.write_text(pem + pem)
    assert await tls.context() is not first
    file.write_text("nothing")
    with pytest.raises(InvalidCertificate, match="ca_cert"):
        await tls.context()
    file.unlink()
    with pytest.raises(InvalidCertificate, match="there is no such file"):
        await tls.context()


@pytest.mark.parametrize("valid", [True, False])
def test_options_refuse_a_certificate_that_has_expired(tmp_path: Path, valid: bool) -> None:
    (tmp_path / "ca.pem").write_text(certificate(dt.timedelta(days=1 if valid else -1)))
    options = JujuOptions(endpoints=["10.0.0.1:17070"], username="u", secret=SecretStr("s"), ca_cert="ca.pem")
    problems = list(options.problems_of_files(tmp_path))
    assert (problems == []) if valid else ("was valid until" in problems[0])


async def test_a_file_without_an_end_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(InvalidCertificate, match="ca_cert: /dev/zero: expected a regular file"):
        await Tls(ca_file=Path("/dev/zero")).context()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidCertificate, match="expected a regular file"):
        await Tls(ca_file=tmp_path / "pipe").context()
