"""Which of the proxy settings in the environment cannot be used, and why."""

import os
from urllib.request import getproxies

import httpx2 as httpx


def unusable_proxy() -> str | None:
    """One line that names the variable at fault; None if all can be used.

    Its value is not in the line: proxies have passwords.
    """
    for kind, value in getproxies().items():
        try:
            _check(kind, value)
        except ImportError:
            return f"{_variable(kind)} names a SOCKS proxy: install httpx[socks], or unset it"
        except (ValueError, httpx.InvalidURL) as error:
            return f"{_variable(kind)} cannot be used: {error}"
    return None


def _check(kind: str, value: str) -> None:
    """Raise what httpx would."""
    if kind != "no":
        httpx.HTTPTransport(proxy=value if "://" in value else f"http://{value}").close()
        return
    for host in filter(None, (part.strip() for part in value.split(","))):
        if "/" in host and ":" in host and "://" not in host:
            raise ValueError(f"{host} is a network of IPv6 addresses: write single addresses")
        address = f"[{host}]" if host.count(":") > 1 else host
        httpx.URL(host if "://" in host else f"all://{address}")


def _variable(kind: str) -> str:
    """As it was written: either case will do."""
    names = (f"{kind}_proxy", f"{kind.upper()}_PROXY")
    return next((name for name in names if name in os.environ), f"the system's {kind} proxy")
