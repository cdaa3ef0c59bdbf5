"""TLS between the parts: who has no certificate from our authority is not let in."""

import datetime
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.cluster import Cluster
from harness.service import MakeService
from hpsearch.errors import EngineUnavailable
from hpsearch.runner.dask_engine import DaskEngine

TINY = {"dataset": "digits", "network": "mlp", "epochs": 0.1, "budget": {"trials": 2}}


class Authority:
    """Signs certificates; all lie in `folder` as PEM files."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} authority")])
        certificate = self._builder(self._name, self._key, authority=True)
        self.ca_file = self._write("ca.pem", certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        """The files of a certificate for this machine, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._builder(subject, key, authority=False)
        plain = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        text = certificate.public_bytes(serialization.Encoding.PEM)
        return self._write(f"{name}.pem", text), self._write(f"{name}.key", plain)

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, authority: bool
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    def _write(self, name: str, content: bytes) -> Path:
        file = self.folder / name
        file.write_bytes(content)
        return file


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


@pytest.fixture
def cluster(tmp_path: Path, authority: Authority) -> Iterator[Cluster]:
    certificate, key = authority.issue("cluster")
    files = ("--tls-ca-file", str(authority.ca_file), "--tls-cert", str(certificate))
    made = Cluster(tmp_path, (*files, "--tls-key", str(key)), protocol="tls")
    yield made
    made.close()


def test_a_job_runs_over_tls_and_strangers_stay_out(
    make_service: MakeService, cluster: Cluster, authority: Authority, tmp_path: Path
) -> None:
    cluster.start(workers=1)
    ours = settings(authority, "server")
    strange = settings(Authority(tmp_path, "strange"), "server")
    with make_service(cluster=cluster.address, environment=ours) as service:
        job = service.submit(TINY)
        assert service.wait_for_end(job)["state"] == "completed"
    stranger = make_service("stranger", cluster=cluster.address, environment=strange)
    with stranger as service:
        job = service.submit(TINY)
        assert service.readiness()["workers"] == 0
        assert cluster.address in " ".join(service.readiness()["problems"])
        assert service.job(job)["state"] == "queued"
    with pytest.raises(EngineUnavailable, match="no Dask scheduler answers"):
        DaskEngine.remote(cluster.address.replace("tls://", "tcp://"))


def settings(authority: Authority, name: str) -> dict[str, str]:
    certificate, key = authority.issue(name)
    return {
        "HPSEARCH_CLUSTER_TLS_CA_FILE": str(authority.ca_file),
        "HPSEARCH_CLUSTER_TLS_CERT_FILE": str(certificate),
        "HPSEARCH_CLUSTER_TLS_KEY_FILE": str(key),
    }
