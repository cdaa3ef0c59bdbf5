"""What a server may be told when it starts, once for the command line and for the server itself.

Each is an option of `hpsearch serve` and `run`, and the variable HPSEARCH_ + its name.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

PREFIX = "HPSEARCH_"

Value = TypeVar("Value")


@dataclass(frozen=True)
class Setting(Generic[Value]):
    """One setting: its name, what it is without being given, what it may be, and what it says."""

    name: str
    default: Value
    help: str
    least: int | None = None
    most: int | None = None
    of_run: bool = True
    """Whether `hpsearch run` takes it, too."""

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()


HOST = Setting("host", "127.0.0.1", "Address to listen on.")
PORT = Setting("port", 8000, "Port to listen on; 0 takes a free one.", least=0, most=65535)
DATA_DIR = Setting(
    "data_dir", Path("data"), "Folder of the database and the data sets; made if it is missing."
)
DATABASE_URL: Setting[str | None] = Setting(
    "database_url",
    None,
    "sqlite:///… or postgresql+psycopg://…; by default hpsearch.db in the data folder.",
)
WORKERS: Setting[int | None] = Setting(
    "workers",
    None,
    "Worker processes on this machine; by default one for each processor that the server may use.",
    least=1,
    most=1024,
)
CLUSTER: Setting[str | None] = Setting(
    "cluster", None, "Dask scheduler to use instead of local workers: tcp://… or tls://…"
)
ROOT_PATH = Setting(
    "root_path", "", "Prefix under which a reverse proxy serves this server (/search)."
)
PORTABLE = Setting(
    "portable",
    False,
    "The same bits on every x86-64 processor with AVX2; workers that are not pinned are refused.",
)
ALLOWED_HOSTS = Setting(
    "allowed_hosts",
    "",
    "Names, with commas between them, by which people reach the server, beside its addresses.",
    of_run=False,
)
INSECURE_NO_AUTH = Setting(
    "insecure_no_auth", False, "Let everybody who reaches the server do everything.", of_run=False
)
TRUSTED_PROXIES = Setting(
    "trusted_proxies",
    "",
    "Addresses or networks of the proxies before the server, with commas between them: their "
    "X-Forwarded-For and X-Forwarded-Proto count.",
    of_run=False,
)
TLS_CERT: Setting[Path | None] = Setting(
    "tls_cert", None, "Certificate chain, as PEM: serve HTTPS.", of_run=False
)
TLS_KEY: Setting[Path | None] = Setting("tls_key", None, "Its private key, as PEM.", of_run=False)
