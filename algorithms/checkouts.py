"""What the files of a commit say of themselves: the Python they need, and their README."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from django.conf import settings

from algorithms import environments
from algorithms.models import Algorithm, Build
from runners import contracts, languages
from runners.environments_sync import sort_key
from runners.models import Environment

README_BYTES: Final = 500_000


def environment(build: Build, tree: Path) -> Environment:
    """Give the environment with the Python that the files ask for; the build's if there is none.

    Raises BuildFailed for files that can be called in no way, and Conflict for a Python on which
    nothing is built any more. The builder refuses a Python that
    is not carried here, and says which are.
    """
    present: Environment = build.environment
    if present.language != "python3":
        return present
    found = contracts.detect(tree, wanted=build.algorithm.contract)
    python = contracts.get(found.contract).python(tree)
    minor = ".".join(python.split(".")[:2])
    if not python or present.sort_key == sort_key(minor):
        return present
    rows = Environment.objects.filter(
        language=present.language,
        machine_type=present.machine_type,
        machine_kind=present.machine_kind,
        origin=Environment.Origin.FOUND,
        sort_key=sort_key(minor),
        is_present=True,
    )
    wanted = rows.first() or present
    environments.require_buildable(wanted)
    return wanted


def workplace() -> Path:
    """Where commits are checked out, each in a folder of its own."""
    folder = Path(settings.DATA_DIR) / "checkouts"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def readme(tree: Path, algorithm: Algorithm) -> str | None:
    """The README.md of a checkout, whatever the case of its name.

    The template's tells of the template's code, so it is none until its author has changed it.
    """
    found = [path for path in tree.iterdir() if path.name.lower() == "readme.md" and path.is_file()]
    if not found:
        return None
    text = found[0].read_bytes()[:README_BYTES].decode(errors="replace").replace("\0", "")
    named = {"owner": algorithm.owner.name, "algorithm": algorithm.name}
    template = languages.render(algorithm.environment.language, **named)
    return "" if text.encode() == template.get("README.md") else text
