"""Options and variables are one: what the command line takes, the server reads."""

import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from api.settings import Settings, read_settings
from hpsearch import settings
from hpsearch.cli import commands, options
from hpsearch.jobs import JobOrder, JobState

SERVER = [
    each
    for each in vars(settings).values()
    if isinstance(each, settings.Setting) and each is not settings.PORT  # the socket is handed on
]


@pytest.mark.parametrize("setting", SERVER, ids=lambda setting: str(setting.name))
def test_the_server_has_the_same_default_and_bounds(setting: settings.Setting[object]) -> None:
    field = Settings.model_fields[setting.name]
    assert field.default == setting.default
    least = [each.ge for each in field.metadata if hasattr(each, "ge")]
    most = [each.le for each in field.metadata if hasattr(each, "le")]
    assert (least or [None], most or [None]) == ([setting.least], [setting.most])


@pytest.mark.parametrize("command", [commands.serve, commands.run])
def test_both_commands_take_every_setting(command: object) -> None:
    taken = inspect.signature(command).parameters  # type: ignore[arg-type] # a function
    for setting in (*SERVER, settings.PORT):
        if command is commands.run and not setting.of_run:
            continue
        assert taken[setting.name].default == setting.default


def test_what_is_given_arrives(tmp_path: Path) -> None:
    options.to_environment(
        host="0.0.0.0",  # noqa: S104
        port=0,
        data_dir=tmp_path / "a b",
        database_url=None,
        workers=3,
        cluster="tcp://scheduler:8786",
        portable=False,
        root_path="/a",
        insecure_no_auth=True,
    )
    read = read_settings()
    assert (read.host, read.data_dir, read.workers) == ("0.0.0.0", tmp_path / "a b", 3)  # noqa: S104
    assert read.cluster == "tcp://scheduler:8786"
    assert read.insecure_no_auth
    assert (os.environ["HPSEARCH_PORT"], read.root_path) == ("0", "/a")


def test_states_and_orders_are_those_of_jobs() -> None:
    assert list(get_args(options.StateName)) == [state.value for state in JobState]
    assert list(get_args(options.OrderName)) == [order.value for order in JobOrder]


@pytest.mark.slow
def test_commands_that_ask_a_server_do_not_wait_for_the_networks() -> None:
    heavy = ("numpy", "optuna", "distributed", "PIL", "scipy")
    code = f"import sys, hpsearch.cli.commands; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
