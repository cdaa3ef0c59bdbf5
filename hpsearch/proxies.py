"""Which of the proxy settings in the environment cannot be used, and why."""

import os
from urllib.request import getproxies

import httpx2 as httpx


def unusable_proxy() -> str | None:
    """One line that names the variable at fault; None if all can be used.

    Its value is not in the line: proxies have passwords.
    """
    for kind, value in getproxies().items():
        if kind == "no":
            continue  # what httpx cannot read of it is left out
        try:
            httpx.HTTPTransport(proxy=value if "://" in value else f"http://{value}").close()
        except ImportError:
            return f"{_variable(kind)} names a SOCKS proxy: install httpx2[socks], or unset it"
        except (ValueError, httpx.InvalidURL) as error:
            return f"{_variable(kind)} cannot be used: {error}"
    return None


def _variable(kind: str) -> str:
    """As it was written: either case will do."""
    names = (f"{kind}_proxy", f"{kind.upper()}_PROXY")
    return next((name for name in names if name in os.environ), f"the system's {kind} proxy")
