from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.infra.http.upstream import OK, get, names, opened, script, upstream
from trunkline.infra.http import UnreachableError


class Authority:
    """A certificate authority of this test run and what trusts it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name.from_rfc4514_string("CN=Test authority")
        self._certificate = self._signed(self._name, self._key.public_key(), authority=True)

    @property
    def trusting(self) -> ssl.SSLContext:
        return ssl.create_default_context(cadata=self._certificate.public_bytes(Encoding.PEM).decode())

    def server(self, *hosts: str, days: int = 1) -> ssl.SSLContext:
        """What a server for these hosts shows."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name.from_rfc4514_string(f"CN={hosts[0]}")
        certificate = self._signed(name, key.public_key(), hosts, days=days)
        file = self._folder / f"{hosts[0]}-{days}.pem"
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _signed(
        self,
        name: x509.Name,
        key: ec.EllipticCurvePublicKey,
        hosts: tuple[str, ...] = (),
        *,
        days: int = 1,
        authority: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=9))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if hosts:
            spelled = [
                x509.DNSName(one) if one[-1].isalpha() else x509.IPAddress(ip_address(one)) for one in hosts
            ]
            made = made.add_extension(x509.SubjectAlternativeName(spelled), critical=False)
        usage = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        usage |= {"key_cert_sign": True, "crl_sign": True} if authority else {"digital_signature": True}
        made = made.add_extension(x509.KeyUsage(**usage), critical=True)
        return made.sign(self._key, hashes.SHA256())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def test_a_certificate_is_checked_against_the_name_that_was_asked_for(authority: Authority) -> None:
    async def run() -> None:
        shown = authority.server("a.test", "127.0.0.1")
        seen: list[str | None] = []
        shown.sni_callback = lambda _socket, name, _context: seen.append(name)
        async with upstream(script(OK), ssl=shown) as server:
            allowed = [(host, server.port) for host in ("a.test", "b.test", "127.0.0.1")]
            known = names(a="127.0.0.1", b="127.0.0.1")
            async with opened(resolve=known, allowed=allowed, tls=authority.trusting) as egress:
                for host in ("a.test", "127.0.0.1", "a.test"):
                    assert (await egress.fetch(get(f"https://{host}:{server.port}/"))).body == b"ok"
                assert server.connections == 2
                with pytest.raises(UnreachableError) as failed:
                    await egress.fetch(get(f"https://b.test:{server.port}/"))
                assert failed.value.sent is False
            assert seen == ["a.test", None, "b.test"]
            assert [call.header("Host") for call in server.calls] == [
                f"a.test:{server.port}", f"127.0.0.1:{server.port}", f"a.test:{server.port}",
            ]  # fmt: skip

    asyncio.run(run())


def test_nothing_is_sent_where_the_certificate_is_not_to_be_trusted(
    authority: Authority, tmp_path: Path
) -> None:
    async def run() -> None:
        stranger = Authority(tmp_path)
        for shown, trusted in (
            (authority.server("a.test"), stranger.trusting),
            (authority.server("a.test"), None),
            (authority.server("a.test", days=-1), authority.trusting),
        ):
            async with upstream(script(OK), ssl=shown) as server:
                allowed = [("a.test", server.port)]
                async with opened(resolve=names(a="127.0.0.1"), allowed=allowed, tls=trusted) as egress:
                    with pytest.raises(UnreachableError) as failed:
                        await egress.fetch(get(f"https://a.test:{server.port}/", ("Authorization", "canary")))
                    assert failed.value.sent is False
                assert not any(b"canary" in call.head for call in server.calls)

    asyncio.run(run())


def test_a_large_body_goes_both_ways_encrypted(authority: Authority) -> None:
    async def run() -> None:
        body = bytes(range(256)) * 8_192
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        async with upstream(script(answer), ssl=authority.server("a.test")) as server:
            allowed = [("a.test", server.port)]
            async with opened(
                resolve=names(a="127.0.0.1"), allowed=allowed, tls=authority.trusting
            ) as egress:
                for _ in range(2):
                    assert (await egress.fetch(get(f"https://a.test:{server.port}/"))).body == body
                assert server.connections == 1

    asyncio.run(run())
