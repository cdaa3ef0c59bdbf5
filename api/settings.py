"""What the server is started with: options of `hpsearch serve`, or HPSEARCH_ variables."""

from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from hpsearch.errors import InvalidSettings
from storage.backends.address import complete, file_url

PREFIX = "HPSEARCH_"
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


class Settings(BaseSettings):
    """The server's settings; every field is the variable HPSEARCH_ + its name in upper case."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    data_dir: Path = Path("data")
    """Folder of the embedded database and of the data sets; made where it is missing."""
    database_url: str | None = None
    """SQLAlchemy URL; by default an SQLite file, hpsearch.db, in the data folder."""
    database_password_file: Path | None = None
    """File that holds the database's password, for a URL without one."""
    workers: int | None = Field(default=None, ge=1, le=1024)
    """Local worker processes; by default as many as it may use processors."""
    cluster: str | None = Field(default=None, pattern=r"^(tcp|tls)://[^\s]+$")
    """Address of a Dask scheduler (tcp://… or tls://…) to use instead of local workers."""
    cluster_tls_ca_file: Path | None = None
    cluster_tls_cert_file: Path | None = None
    cluster_tls_key_file: Path | None = None
    allowed_hosts: str = ""
    """Host names, separated by commas, under which the server may be addressed besides loopback
    and `host`; `*` for any. A server bound to all addresses takes any unless this is set."""

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
