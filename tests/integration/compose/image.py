"""The Dockerfile without Docker: its steps in a folder, its user on a file system that it cannot
write to.

A mount namespace of its own makes everything read-only but /data and /tmp, as `--read-only` does.
"""

import json
import re
import shlex
import shutil
import site
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from harness.service import ROOT, Started

ENTER = r"""
set -eu
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /mnt
for path in $SEEN; do  # what the user shall see, although folders above it are closed to others
  mkdir -p "/mnt$path"
  mount --bind "$path" "/mnt$path"
done
for closed in $CLOSED; do
  mkdir -p "$closed"
  mount -t tmpfs -o mode=1777 tmpfs "$closed"
done
for path in $SEEN; do
  mkdir -p "$path"
  mount --bind "/mnt$path" "$path"
  [ "$path" = "$DATA" ] || mount -o remount,bind,ro "$path"
done
mount -o remount,bind,ro /
exec setpriv --reuid "$USER_ID" --regid "$USER_ID" --clear-groups --no-new-privs \
  --bounding-set=-all --inh-caps=-all -- env -i "$@"
"""


TRY = """
mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && mount -o remount,bind,ro / &&
setpriv --reuid 10001 --clear-groups true
"""


def can_be_entered() -> bool:
    """Whether this machine lets us make such a namespace, and be another user in it."""
    if not shutil.which("unshare"):
        return False
    done = subprocess.run(["unshare", "--mount", "sh", "-c", TRY], check=False, capture_output=True)
    return done.returncode == 0


class Image:
    """The steps of both stages, performed in `folder`; /opt and /data lie there."""

    def __init__(self, folder: Path, port: int) -> None:
        self.instructions = _instructions(ROOT / "Dockerfile")
        self.folder = folder
        self.port = port
        self.data = folder / "data"
        self.opt = folder / "opt"
        [self.user_id] = re.findall(r"useradd .*--uid (\d+)", self.only("RUN", last=True))

    def only(self, kind: str, last: bool = False) -> str:
        """What stands after the one instruction of this kind, or the last one."""
        found = [rest for name, rest in self.instructions if name == kind]
        assert len(found) == 1 or last, f"{len(found)} instructions are {kind}"
        return found[-1]

    def build(self) -> None:
        """The first stage. In place of the download, the locked packages of this environment."""
        build = self.folder / "build"
        build.mkdir()
        steps = [each for each in self.instructions if each[0] in ("RUN", "COPY", "FROM")]
        second = [name for name, _ in steps].index("FROM", 1)
        for name, rest in steps[1:second]:
            if name == "COPY":
                _copy(rest.split(), build)
            elif "--require-hashes" in rest:
                [packages] = self.opt.glob("hpsearch/lib/python*/site-packages")
                # The locked one takes its place.
                shutil.rmtree(packages / "setuptools", ignore_errors=True)
                (packages / "locked.pth").write_text(f"{site.getsitepackages()[0]}\n")
            else:
                words = [sys.executable if word == "python" else word for word in shlex.split(rest)]
                subprocess.run(self._here(words), cwd=build, check=True, capture_output=True)
        self.data.mkdir()
        shutil.chown(self.data, int(self.user_id), int(self.user_id))

    def run(self, words: Sequence[str], **variables: str) -> Started:
        """Start a command as the image's user, with its variables and these."""
        seen = [str(self.opt), str(self.data), sys.base_prefix, site.getsitepackages()[0]]
        closed = {"/tmp", *filter(None, map(_closed_above, seen))}  # noqa: S108 - as the image's
        environment = {
            "SEEN": " ".join(seen),
            "CLOSED": " ".join(sorted(closed)),
            "DATA": str(self.data),
            "USER_ID": self.user_id,
        }
        given = [f"{name}={value}" for name, value in {**self.variables(), **variables}.items()]
        command = ["unshare", "--mount", "sh", "-c", ENTER, "image", *given, *self._here(words)]
        return Started(command, self.folder / "image.log", environment)

    def variables(self) -> dict[str, str]:
        given = dict(word.split("=", 1) for word in shlex.split(self.only("ENV")))
        given["PATH"] = given["PATH"].replace("$PATH", "/usr/bin:/bin")
        here = self._here(list(given.values()))
        return dict(zip(given, here, strict=True))

    def command(self) -> list[str]:
        words: list[str] = json.loads(self.only("CMD"))
        return [*words, "--port", str(self.port)]

    def health_check(self) -> list[str]:
        words: list[str] = json.loads(self.only("HEALTHCHECK").partition("CMD ")[2])
        return [word.replace("8000", str(self.port)) for word in words]

    def _here(self, words: Sequence[str]) -> list[str]:
        places = {"/opt/": f"{self.opt}/", "/data": str(self.data)}
        return [
            re.sub("|".join(places), lambda found: places[found[0]], word)
            if word.startswith("/")
            else word
            for word in words
        ]


def _instructions(file: Path) -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", file.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    pairs = [line.partition(" ") for line in text.splitlines() if line.strip()]
    return [(name, rest.strip()) for name, _, rest in pairs]


def _copy(words: Sequence[str], build: Path) -> None:
    *sources, target = words
    for source in sources:
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, build / target)
        else:
            shutil.copy(ROOT / source, build / target)


def _closed_above(path: str) -> str | None:
    """The uppermost folder above a path that others may not go through."""
    for folder in reversed(Path(path).parents):
        if not folder.stat().st_mode & 0o001:
            return str(folder)
    return None
