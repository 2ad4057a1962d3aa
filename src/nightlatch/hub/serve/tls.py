"""A certificate of the hub's own, for a home network: browsers give keys and decryption to secure pages only."""

from __future__ import annotations

import ipaddress
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from nightlatch.durably import write_durably

VALID = timedelta(days=825)  # the longest that Apple's systems take
RENEW = timedelta(days=60)


def certificate(data_dir: Path, names: list[str], now: datetime | None = None) -> tuple[Path, Path]:
    """(certificate, key) as PEM files; made when there is none, a name is new or the old one expires soon."""
    now = now or datetime.now(UTC)
    cert, key = data_dir / "tls.crt", data_dir / "tls.key"
    wanted = {*names, socket.gethostname(), "localhost", "127.0.0.1", *_addresses()}
    if cert.exists() and key.exists():
        found = x509.load_pem_x509_certificate(cert.read_bytes())
        held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        known = {str(name.value) for name in held}
        if wanted <= known and found.not_valid_after_utc - now > RENEW:
            return cert, key
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nightlatch hub")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_name(n) for n in sorted(wanted)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    write_durably(key, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    write_durably(cert, signed.public_bytes(Encoding.PEM))
    return cert, key


def fingerprint(cert: Path) -> str:
    """SHA-256 of the certificate, as browsers show it."""
    digest = x509.load_pem_x509_certificate(cert.read_bytes()).fingerprint(hashes.SHA256())
    return ":".join(f"{byte:02X}" for byte in digest)


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _addresses() -> set[str]:
    """This machine's own addresses, as far as its name leads to them."""
    try:
        return {str(info[4][0]).partition("%")[0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    except OSError:
        return set()
