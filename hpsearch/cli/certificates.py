"""`hpsearch certificates`: an authority, and a certificate of it for each part of a cluster."""

import ipaddress
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hpsearch.errors import InvalidSettings

app = typer.Typer(
    help="Certificates for TLS between scheduler, workers and server.", no_args_is_help=True
)

PARTS = ("scheduler", "worker", "server")
DAYS = 825
CLOCKS_DIFFER = timedelta(minutes=5)

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="Made; must be new or empty.")]
Hosts = Annotated[
    str,
    typer.Option(
        help="Names and addresses of the scheduler and of the server, with commas between them."
    ),
]
Days = Annotated[int, typer.Option(min=1, max=3650, help="How long they are valid.")]


@app.command("create")
def create_certificates(folder: Folder, hosts: Hosts = "scheduler", days: Days = DAYS) -> None:
    """Make ca.pem and, for each part, PART.pem and PART.key.

    The authority's key is forgotten: to let one more part in, or put one out, make all anew.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InvalidSettings(f"{folder} is not empty: certificates are never written over")
        for name, content in make_certificates(hosts.split(","), days).items():
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:
                file.write(content)
    except OSError as error:
        raise InvalidSettings(f"cannot write to {folder}: {error.strerror}") from None
    print(f"{folder} has ca.pem, and a certificate and a key for each of {', '.join(PARTS)}")


@app.callback()
def group() -> None:
    """So that `create` stays a command of its own."""


def make_certificates(hosts: Sequence[str], days: int) -> dict[str, bytes]:
    """Files by name, as PEM. Dask compares no names; `hosts` is for programs that do."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("hpsearch authority")
    authority = (
        _certificate(name, name, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = {"ca.pem": authority.public_bytes(serialization.Encoding.PEM)}
    for part in PARTS:
        own = ec.generate_private_key(ec.SECP256R1())
        names = [part] if part == "worker" else [part, *hosts, "localhost"]
        signed = (
            _certificate(_name(f"hpsearch {part}"), name, own.public_key(), days)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage(
                    [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
                ),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName(_names(names)), critical=False)
            .sign(key, hashes.SHA256())
        )
        files[f"{part}.pem"] = signed.public_bytes(serialization.Encoding.PEM)
        files[f"{part}.key"] = own.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    return files


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCKS_DIFFER)
        .not_valid_after(now + timedelta(days=days))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for host in filter(None, map(str.strip, hosts)):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            try:
                found.append(x509.DNSName(host))
            except ValueError:
                raise InvalidSettings(f"--hosts: {host!r} is not a host's name") from None
    return found


def _usage(signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
