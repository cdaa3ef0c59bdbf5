"""What the server is started with: options of `hpsearch serve`, or HPSEARCH_ variables."""

from pathlib import Path

from pydantic import ByteSize, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hpsearch import settings
from hpsearch.errors import InvalidSettings
from hpsearch.runner.worker_memory import LEAST
from hpsearch.settings import PREFIX
from storage.backends.address import complete, file_url

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


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
    cluster_tls_cert_file: Path | None = None
    cluster_tls_key_file: Path | None = None
    portable: bool = settings.PORTABLE.default
    worker_memory: ByteSize | None = Field(default=None, ge=LEAST)
    """Memory that one worker may use, as 2GB or 1500MiB; by default a fair share of the machine's
    or the container's, and with a cluster what each worker says itself. What a leg would take
    beyond it is refused when it is submitted, or ends the trial as `out of memory`."""
    running_jobs: int | None = Field(default=None, ge=1, le=1000)
    """Jobs that are started at the same time; the others wait for their turn, by priority and age.
    By default 4, or a quarter of the number of local workers if that is more."""
    downloads: bool = True
    """Whether well-known data sets may be fetched over the network."""
    allowed_hosts: str = ""
    """Host names, separated by commas, under which the server may be addressed besides loopback
    and `host`; `*` for any. A server bound to all addresses takes any unless this is set."""
    root_path: str = Field(default=settings.ROOT_PATH.default, pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    connections: int = Field(default=1000, ge=1, le=100_000)
    """Connections at a time; never more than half of the descriptors that the process may have."""
    connections_per_address: int = Field(default=500, ge=1, le=100_000)
    """Of these, from one address."""
    heavy_requests: int = Field(default=4, ge=1, le=1000)
    """Requests that compute (submissions, estimates, digests, the dashboard) at a time."""
    heavy_per_second: float = Field(default=50, ge=0.1, le=10_000)
    """Such requests from one address, each second, in the long run."""

    @property
    def url(self) -> str:
        """The database's URL, complete."""
        if self.database_url is None:
            return file_url(self.data_dir.resolve() / "hpsearch.db")
        return complete(self.database_url, self.database_password_file)

    @property
    def hosts(self) -> frozenset[str] | None:
        """Host names under which the server may be addressed; None for any."""
        given = {name.strip().lower() for name in self.allowed_hosts.split(",") if name.strip()}
        if "*" in given or (not given and self.host in ANY_ADDRESS):
            return None
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
