"""What the server is started with: options of `hpsearch serve`, or HPSEARCH_ variables."""

import ipaddress
from pathlib import Path

from pydantic import ByteSize, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from hpsearch import settings
from hpsearch.errors import InvalidSettings
from hpsearch.runner.worker_memory import LEAST
from hpsearch.settings import PREFIX
from storage.backends.address import complete, file_url

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class Settings(BaseSettings):
    """The server's settings; every field is the variable HPSEARCH_ + its name in upper case.

    What those mean that are options of the command line, too, stands in hpsearch.settings.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    host: str = settings.HOST.default
    data_dir: Path = settings.DATA_DIR.default
    database_url: str | None = settings.DATABASE_URL.default
    database_password_file: Path | None = None
    """File that holds the database's password, for a URL without one."""
    workers: int | None = Field(
        default=settings.WORKERS.default, ge=settings.WORKERS.least, le=settings.WORKERS.most
    )
    cluster: str | None = Field(default=settings.CLUSTER.default, pattern=r"^(tcp|tls)://[^\s]+$")
    cluster_tls_ca_file: Path | None = None
    """Certificate authority of a cluster with tls://, as PEM."""
    cluster_tls_cert_file: Path | None = None
    """The server's certificate in that cluster, as PEM."""
    cluster_tls_key_file: Path | None = None
    """Its private key, as PEM."""
    portable: bool = settings.PORTABLE.default
    worker_memory: ByteSize | None = Field(default=None, ge=LEAST)
    """Memory that one worker may use, as 2GB or 1500MiB; by default a fair share of the machine's
    or the container's, and with a cluster what each worker says itself. What a leg would take
    beyond it is refused when it is submitted, or ends the trial as `out of memory`."""
    running_jobs: int | None = Field(default=None, ge=1, le=1000)
    """Jobs that are started at the same time; the others wait for their turn, by priority and age.
    By default 4, or a quarter of the number of local workers if that is more."""
    model_cache: int = Field(default=512, ge=1, le=1_000_000)
    """Megabytes of models that were trained again last, kept in the data folder."""
    downloads: bool = True
    """Whether well-known data sets may be fetched over the network."""
    allowed_hosts: str = settings.ALLOWED_HOSTS.default
    """Host names, separated by commas, under which the server may be addressed besides its own
    addresses."""
    insecure_no_auth: bool = settings.INSECURE_NO_AUTH.default
    trusted_proxies: str = settings.TRUSTED_PROXIES.default
    tls_cert: Path | None = settings.TLS_CERT.default
    tls_key: Path | None = settings.TLS_KEY.default
    root_path: str = Field(default=settings.ROOT_PATH.default, pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    connections: int = Field(default=1000, ge=1, le=100_000)
    """Connections at a time; never more than half of the descriptors that the process may have."""
    connections_per_address: int = Field(default=500, ge=1, le=100_000)
    """Of these, from one address."""
    heavy_requests: int = Field(default=4, ge=1, le=1000)
    """Requests that compute (submissions, estimates, digests, the dashboard) at a time."""
    heavy_per_second: float = Field(default=50, ge=0.1, le=10_000)
    """Such requests from one address, each second, in the long run."""

    jobs_per_owner: int = Field(default=200, ge=1, le=100_000)
    """Jobs that have not ended, of one owner with a token."""
    running_jobs_per_owner: int | None = Field(default=None, ge=1, le=1000)
    """Jobs of one owner with a token that are started at the same time; by default as many as are
    started at all."""
    datasets_per_owner: int = Field(default=100, ge=0, le=10_000)
    """Data sets that one owner with a token uploaded."""
    dataset_bytes_per_owner: int = Field(default=20 * 2**30, ge=0)
    """Bytes of these, as they are kept."""
    webhook_hosts: str = ""
    """Hosts, separated by commas, that may be told that jobs have ended (`notify` in specs):
    `host`, or `host:port` for a port that is not the scheme's own. By default none."""
    webhook_secret_file: Path | None = None
    """File that holds the secret with which these messages are signed: `whsec_` and base64."""
    upload_bytes: int = Field(default=2 * 2**30, ge=1, le=2**40)
    """Of one file that is uploaded."""

    @field_validator("allowed_hosts")
    @classmethod
    def _names_each(cls, given: str) -> str:
        if "*" in given:
            raise ValueError("name each host; * would let the pages of any site in")
        return given

    @field_validator("trusted_proxies")
    @classmethod
    def _addresses(cls, given: str) -> str:
        for each in filter(None, map(str.strip, given.split(","))):
            ipaddress.ip_network(each, strict=False)
        return given

    @property
    def url(self) -> str:
        """The database's URL, complete."""
        if self.database_url is None:
            return file_url(self.data_dir.resolve() / "hpsearch.db")
        return complete(self.database_url, self.database_password_file)

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine reaches the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def hosts(self) -> frozenset[str]:
        """Host names under which the server may be addressed."""
        given = {name.strip().lower() for name in self.allowed_hosts.split(",") if name.strip()}
        own = f"[{self.host}]" if ":" in self.host else self.host
        return frozenset({*given, *LOOPBACK_HOSTS, own.lower()})


def read_settings() -> Settings:
    """The settings of this process's environment; raises InvalidSettings that names each."""
    try:
        return Settings()
    except ValidationError as error:
        problems = [
            f"{PREFIX}{'_'.join(str(part) for part in details['loc']).upper()}: {details['msg']}"
            for details in error.errors()
        ]
        raise InvalidSettings("; ".join(problems)) from None
