"""Environments that people declare: what is installed, in which image, for which kind of machine.

In a file that ENVIRONMENTS_FILE names, or by staff on a page; both are checked here alike.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from django.utils.translation import gettext as _
from packaging.requirements import InvalidRequirement, Requirement

from marketplace.lib.errors import BadInput
from runners import interpreters, languages, machines
from runners.models import Environment

_SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,58}")
_VERSION: Final = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}")
_IMAGE: Final = re.compile(r"[A-Za-z0-9./:@_-]{1,300}")
_LEAST_MEMORY: Final = 64
_MOST_MEMORY: Final = 4 * 1024 * 1024
_MOST_PACKAGES: Final = 200


@dataclass(frozen=True, slots=True)
class Declaration:
    """One environment as it was asked for."""

    slug: str
    display_name: str
    language: str = "python3"
    version: str = ""  # 3.11: the minor version that must be there
    machine: str = machines.CPU
    gpu: bool = False  # whether its sandboxes are given a GPU
    image: str = ""  # a Docker image, or a folder that holds a root file system
    packages: tuple[str, ...] = ()
    memory_mb: int | None = None
    description: str = ""

    @property
    def words(self) -> dict[str, str]:
        return {"display_name": self.display_name, "description": self.description}

    @property
    def facts(self) -> dict[str, object]:
        """What its row says, besides what only a machine that has it can tell."""
        kinds = Environment.MachineType
        usual = machines.GPU if self.gpu else machines.CPU
        return {
            "language": self.language,
            "machine_type": kinds.GPU if self.gpu else kinds.CPU,
            "machine_kind": "" if self.machine == usual else self.machine,
            "image": self.image,
            "packages": "\n".join(self.packages),
            "memory_mb": self.memory_mb,
        }

    @property
    def specification(self) -> str:
        """The same for the same language, version and packages on whatever machine."""
        return f"declared {self.slug.removesuffix('-gpu')}"


_KNOWN: Final = frozenset(each.name for each in fields(Declaration))


def read(path: Path) -> list[Declaration]:
    """Read a file of declarations; raise BadInput with the place and the reason."""
    try:
        said = tomllib.loads(path.read_text())
    except OSError as error:
        raise BadInput(f"ENVIRONMENTS_FILE cannot be read: {error}.") from None
    except ValueError as error:
        raise BadInput(f"{path.name} is not valid TOML: {error}.") from None
    entries = said.get("environment", [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise BadInput(f"{path.name}: write each environment under [[environment]].")
    found = [_entry(one, f"{path.name}, environment {at}") for at, one in enumerate(entries, 1)]
    slugs = [one.slug for one in found]
    for slug in slugs:
        if slugs.count(slug) > 1:
            raise BadInput(f"{path.name} declares {slug} twice.")
    return found


def _entry(said: Mapping[str, Any], place: str) -> Declaration:
    try:
        return checked(said)
    except BadInput as error:
        raise BadInput(f"{place}: {error.message}") from None


def of_row(row: Environment) -> Declaration:
    """What staff asked for when they added it."""
    return Declaration(
        slug=row.slug,
        display_name=row.display_name,
        description=row.description,
        language=row.language,
        version=minor_of(row.version),
        machine=row.machine,
        gpu=row.is_gpu,
        image=row.image,
        packages=tuple(row.packages.splitlines()),
        memory_mb=row.memory_mb,
    )


def checked(said: Mapping[str, Any]) -> Declaration:
    """Make a declaration of what somebody wrote; raise BadInput for what cannot be."""
    _refuse_unknown(said)
    slug, language = _text(said, "slug"), _text(said, "language", "python3")
    _require(
        _SLUG.fullmatch(slug),
        _("%(slug)s is no slug: write small letters, digits and dashes.")
        % {"slug": repr(slug[:60])},
    )
    _require(
        language in languages.names(),
        _("The language %(language)s is not known here.") % {"language": repr(language[:40])},
    )
    version = _text(said, "version")
    _require(
        _VERSION.fullmatch(version),
        _("%(slug)s: name the version of the language, such as 3.11.") % {"slug": slug},
    )
    machine = _text(said, "machine", machines.CPU).lower()
    _require(
        machines.WORD.fullmatch(machine),
        _("%(slug)s: %(machine)s is no kind of machine.")
        % {"slug": slug, "machine": repr(machine[:40])},
    )
    image = _text(said, "image")
    _require(
        not image or _IMAGE.fullmatch(image),
        _("%(slug)s: %(image)s names no image.") % {"slug": slug, "image": repr(image[:60])},
    )
    packages = _packages(said, slug)
    is_python = language == interpreters.PYTHON_LANGUAGE
    _require(
        is_python or not (image or packages),
        _("%(slug)s: images and packages are for Python.") % {"slug": slug},
    )
    return Declaration(
        slug=slug,
        display_name=_text(said, "display_name")[:100] or slug,
        description=_text(said, "description")[:300],
        language=language,
        version=minor_of(version),
        machine=machine,
        gpu=_is_gpu(said, slug, machine),
        image=image,
        packages=packages,
        memory_mb=_memory(said, slug),
    )


def minor_of(version: str) -> str:
    """Leave the patch out: 3.11 of 3.11.7, 22 of 22."""
    return ".".join(version.split(".")[:2])


def _refuse_unknown(said: Mapping[str, Any]) -> None:
    unknown = sorted(set(said) - _KNOWN)
    if unknown:
        raise BadInput(
            _("There is no setting %(name)s; known are %(known)s.")
            % {"name": repr(unknown[0][:40]), "known": ", ".join(sorted(_KNOWN))}
        )


def _require(is_fine: object, sentence: str) -> None:
    if not is_fine:
        raise BadInput(sentence)


def _text(said: Mapping[str, Any], name: str, default: str = "") -> str:
    value = said.get(name, default)
    _require(isinstance(value, str), _("%(name)s must be a text.") % {"name": name})
    return " ".join(str(value).split())


def _is_gpu(said: Mapping[str, Any], slug: str, machine: str) -> bool:
    value = said.get("gpu", machine != machines.CPU)
    _require(isinstance(value, bool), _("%(slug)s: gpu must be true or false.") % {"slug": slug})
    _require(
        not value or machine != machines.CPU,
        _("%(slug)s: the machine cpu has no GPU.") % {"slug": slug},
    )
    return bool(value)


def _packages(said: Mapping[str, Any], slug: str) -> tuple[str, ...]:
    value = said.get("packages", ())
    is_list = isinstance(value, list | tuple) and all(isinstance(line, str) for line in value)
    _require(is_list, _("%(slug)s: packages must be a list of requirements.") % {"slug": slug})
    lines = tuple(" ".join(line.split()) for line in value if line.strip())
    _require(
        len(lines) <= _MOST_PACKAGES,
        _("%(slug)s: at most %(most)s packages.") % {"slug": slug, "most": _MOST_PACKAGES},
    )
    for line in lines:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            raise BadInput(
                _("%(slug)s: %(line)s is not a requirement.")
                % {"slug": slug, "line": repr(line[:80])}
            ) from None
        _require(
            not requirement.url,
            _("%(slug)s: packages come from the package index, by name.") % {"slug": slug},
        )
    return lines


def _memory(said: Mapping[str, Any], slug: str) -> int | None:
    value = said.get("memory_mb")
    if value is None:
        return None
    is_number = isinstance(value, int) and not isinstance(value, bool)
    is_fine = is_number and _LEAST_MEMORY <= value <= _MOST_MEMORY
    _require(
        is_fine,
        _("%(slug)s: memory_mb must be a number from %(least)s to %(most)s.")
        % {"slug": slug, "least": _LEAST_MEMORY, "most": _MOST_MEMORY},
    )
    return int(value)
