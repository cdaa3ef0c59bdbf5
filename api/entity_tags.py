"""Entity tags of jobs: a job's version, which counts up with every change that an answer shows."""

from importlib.metadata import version

_PROGRAM = version("hpsearch")  # another program may say the same of a job in another form


def entity_tag(job_version: int) -> str:
    """The tag of an answer that shows the job in this version."""
    return f'"{job_version}-{_PROGRAM}"'


def names_version(if_none_match: str | None, job_version: int) -> bool:
    """Whether the client has the answer already (RFC 9110, 13.1.2: weak comparison)."""
    known = _tags(if_none_match or "")
    return "*" in known or entity_tag(job_version) in (tag.removeprefix("W/") for tag in known)


def versions_meant(if_match: str | None) -> frozenset[int] | None:
    """The versions that a change is meant for (RFC 9110, 13.1.1: strong comparison).

    None for any: no header came, or an asterisk.
    """
    tags = _tags(if_match or "*")
    if "*" in tags:
        return None
    numbers = [tag.removeprefix('"').partition("-")[0] for tag in tags]
    return frozenset(
        int(number)
        for number, tag in zip(numbers, tags, strict=True)
        if number.isdecimal()
        and number.isascii()
        and len(number) < 20
        and entity_tag(int(number)) == tag
    )


def _tags(header: str) -> list[str]:
    return [tag.strip() for tag in header.split(",")]
