"""kubernetes.yaml and the commands of docs/deploy.md: TLS between all parts, and no powers.

Their commands are those of docker-compose.yml, which test_compose runs.
"""

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from harness.service import ROOT

PARTS = ("scheduler", "worker", "server")
DEPLOY = (ROOT / "docs" / "deploy.md").read_text()
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
MANIFESTS: Mapping[str, Any] = {
    f"{each['kind']} {each['metadata']['name']}": each
    for each in yaml.safe_load_all((ROOT / "kubernetes.yaml").read_text())
}


def pod(part: str) -> Any:
    return MANIFESTS[f"Deployment {part}"]["spec"]["template"]["spec"]


def container(part: str) -> Any:
    [found] = pod(part)["containers"]
    return found


def as_in_compose(word: str, part: str) -> str:
    names = {"tls/ca.pem": "ca.pem", "tls/tls.crt": f"{part}.pem", "tls/tls.key": f"{part}.key"}
    for here, there in names.items():
        word = word.replace(f"/run/secrets/{here}", f"/run/secrets/{there}")
    return word


@pytest.mark.parametrize("part", PARTS)
def test_commands_are_those_of_compose(part: str) -> None:
    command = [as_in_compose(word, part) for word in container(part)["command"]]
    assert command == COMPOSE["services"][part]["command"]


@pytest.mark.parametrize("part", PARTS)
def test_variables_are_those_of_compose(part: str) -> None:
    given = {each["name"]: each["value"] for each in container(part)["env"]}
    theirs = COMPOSE["services"][part]["environment"]
    assert given.keys() == theirs.keys()
    for name, value in given.items():
        if name.startswith(("HPSEARCH_CLUSTER_TLS", "DASK_")):
            assert as_in_compose(value, part) == theirs[name]


@pytest.mark.parametrize("part", PARTS)
def test_each_part_has_its_own_certificate_and_no_powers(part: str) -> None:
    spec, inside = pod(part), container(part)
    volumes = {each["name"]: each for each in spec["volumes"]}
    assert volumes["tls"]["secret"]["secretName"] == f"hpsearch-{part}-tls"
    mounts = {each["name"]: each for each in inside["volumeMounts"]}
    assert mounts.keys() == volumes.keys()
    assert mounts["tls"] == {"name": "tls", "mountPath": "/run/secrets/tls", "readOnly": True}
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False  # it would set HPSEARCH_… and other variables
    assert inside["securityContext"]["readOnlyRootFilesystem"] is True
    assert inside["securityContext"]["allowPrivilegeEscalation"] is False
    assert inside["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_user_is_that_of_the_image() -> None:
    [user] = re.findall(r"--uid (\d+)", (ROOT / "Dockerfile").read_text())
    assert {pod(part)["securityContext"]["runAsUser"] for part in PARTS} == {int(user)}


def test_names_and_secrets_of_the_docs_are_those_of_the_manifests() -> None:
    for part in ("scheduler", "server"):
        assert MANIFESTS[f"Service {part}"]["spec"]["selector"] == {"app": "hpsearch", "part": part}
    assert "hpsearch-$part-tls" in DEPLOY
    assert "hpsearch-server-database" in DEPLOY
    assert "certificates create tls --hosts scheduler,server" in DEPLOY


def test_every_command_for_a_cluster_runs_tls() -> None:
    commands = [
        command.replace("\\\n", " ")
        for block in re.findall(r"```sh\n(.*?)```", DEPLOY, re.DOTALL)
        for command in re.split(r"(?<!\\)\n", block)
    ]
    parts = [
        command for command in commands if re.search(r"dask (scheduler|worker)|--cluster", command)
    ]
    assert len(parts) >= 7
    for command in parts:
        assert "tcp://" not in command
        assert "tls" in command
        if re.search(r"(?<!`)dask ", command):
            assert "--tls-cert" in command
            assert "--tls-key" in command
