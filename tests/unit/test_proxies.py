"""A proxy in the environment that cannot be used is one line that names the variable."""

import os

import pytest

from hpsearch.client import Client
from hpsearch.errors import ServiceError
from hpsearch.proxies import unusable_proxy


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.mark.parametrize(
    ("variable", "value", "reason"),
    [
        ("ALL_PROXY", "socks5://user:secret@proxy:1080", "names a SOCKS proxy"),
        ("all_proxy", "socks5h://proxy:1080", "names a SOCKS proxy"),
        ("HTTP_PROXY", "carrier-pigeon://proxy", "cannot be used: "),
        ("HTTPS_PROXY", "http://proxy:many", "cannot be used: "),
        ("http_proxy", "http://[::1", "cannot be used: "),
    ],
)
def test_the_variable_at_fault_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, reason: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ServiceError) as caught:
        Client("http://server.example")
    [line] = caught.value.lines
    assert line.startswith(f"{variable} ")
    assert reason in line
    assert "secret" not in line
    Client("http://127.0.0.1:8000").close()  # our own machine is asked without a proxy


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HTTP_PROXY", "http://user:secret@proxy:3128"),
        ("HTTPS_PROXY", "proxy:3128"),
        ("NO_PROXY", "localhost, 127.0.0.1,::1,.example.org,10.0.0.0/8,http://other"),
        ("NO_PROXY", "*"),
        ("NO_PROXY", "localhost,fd00::/8,::1/128,example.org:port"),
    ],
)
def test_others_are_used(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    assert unusable_proxy() is None
    Client("http://server.example").close()
