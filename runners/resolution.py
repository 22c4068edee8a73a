"""Turns requirements into a lock: every package, its one version and the hashes of its files.

Wheels are tried first, since nothing of a stranger runs while they are resolved. Only if there
is no answer with wheels alone may packages be built from source, in a sandbox of their own:
a lock says which of the two it needs.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from runners import requirements_file, workshop
from runners.diagnosis import explain_installation, explain_resolution
from runners.errors import BuildFailed
from runners.languages import Language
from runners.requirements_file import Requirements
from runners.runtimes import BASE
from runners.workshop import FOLDER, NOTES, UV, Workshop

_WHEELS: Final = "# wheels only\n"
_SOURCES: Final = "# some packages are built from source\n"
_DATED: Final = "# releases up to "
_BESIDE: Final = "# beside "
_OLDEST_TOOLS: Final = "2020-03-01"
"""Older packages build with the setuptools of that day, and uv needs one that is no older."""

_WANTS_SOURCES: Final = re.compile(
    r"no usable wheels|no wheels|has no wheel|building source dist", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Lock:
    """Pinned packages with hashes, and whether some of them must be built from source."""

    text: str  # with its first line, which says so

    @property
    def needs_sources(self) -> bool:
        return self.text.startswith(_SOURCES)

    @property
    def as_of(self) -> str:
        found = re.match(rf"#.*\n{_DATED}(\S+)\n", self.text)
        return found[1] if found else ""

    @property
    def beside(self) -> str:
        """The digest of the artefact that it is used together with; empty if there is none."""
        found = re.match(rf"(?:#.*\n)*?{_BESIDE}([0-9a-f]{{64}})\n", self.text)
        return found[1] if found else ""

    @property
    def packages(self) -> list[str]:
        return re.findall(r"(?m)^[A-Za-z0-9][^\s;\\]*==[^\s;\\]+", self.text)

    def digest(self, base: str) -> str:
        """Name what this lock becomes when it is installed for an interpreter."""
        return hashlib.sha256(f"environment 1\n{base}\n{self.text}".encode()).hexdigest()

    def notes(self) -> dict[str, str]:
        return {"lock.txt": self.text}

    def commands(self, shop: Workshop) -> list[list[str]]:
        """Make the environment, fill it, and compile it so that no sandbox starts with that."""
        python = f"{FOLDER}/bin/python"
        sync = [UV, "pip", "sync", "--quiet", "--python", python, "--require-hashes"]
        sync += ["--allow-empty-requirements"]
        sync += up_to(self.as_of) if self.needs_sources else ["--only-binary", ":all:"]
        # -S: a package's .pth file must not run while it is compiled; packages for other Pythons
        # hold files that cannot be compiled, which is no failure
        flags = ["-I", "-S", "-W", "ignore", "-m", "compileall", "-q", "-j", "0"]
        if shop.runtime.runtime.key >= (3, 7):
            flags += ["--invalidation-mode", "unchecked-hash"]  # nothing here ever changes
        compiling = " ".join(
            [shop.runtime.program, *flags, f"{FOLDER}/lib", ">/dev/null 2>&1; true"]
        )
        return [
            [UV, "venv", "--quiet", "--allow-existing", "--python", shop.runtime.program, FOLDER],
            *([_pointer(shop.runtime.runtime.minor)] if self.beside else []),
            [*sync, f"{FOLDER}/{NOTES}/lock.txt"],
            ["/bin/sh", "-c", compiling],
        ]

    def explain(self, output: str) -> str:
        return explain_installation(output)


def _pointer(minor: str) -> list[str]:
    """Let Python look into the base as well, after the algorithm's own packages."""
    packages = f"lib/python{minor}/site-packages"
    line = f"import site; site.addsitedir('{BASE}/{packages}')"
    return ["/bin/sh", "-c", 'echo "$0" > "$1"', line, f"{FOLDER}/{packages}/agorithm-base.pth"]


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that decides what a lock will be, besides what the index holds."""

    wanted: tuple[str, ...]
    constraints: tuple[str, ...]
    takes_prereleases: bool
    may_use_sources: bool
    base: str  # digest of the interpreter
    as_of: str = ""  # a day, after which nothing was released for this question
    beside: str = ""  # digest of what is installed already
    brought: frozenset[str] = frozenset()  # its packages, each as name==version

    @classmethod
    def ask(
        cls,
        requirements: Requirements,
        *,
        language: Language,
        constraints: str,
        base: str,
        may_use_sources: bool,
    ) -> Question:
        """Join what the author asks for, what every environment has and what the house demands."""
        basic = tuple(
            line
            for line in language.base_requirements
            if canonicalize_name(Requirement(line).name) not in requirements.names
        )
        house = tuple(line for line in constraints.splitlines() if line.strip())
        return cls(
            wanted=(*requirements.lines, *basic),
            constraints=(*requirements.constraints, *house),
            takes_prereleases=requirements.takes_prereleases,
            may_use_sources=may_use_sources,
            base=base,
            as_of=requirements.as_of,
        )

    def __str__(self) -> str:
        day = f", as of {self.as_of}" if self.as_of else ""
        return f"{', '.join(self.wanted) or 'none'}{day}"

    def resolve(self, shop: Workshop) -> Generator[str, None, Lock]:
        return resolve(self, shop)

    @property
    def digest(self) -> str:
        """The same for the same question, whatever comments and blank lines the files have."""
        parts = [sorted(self.wanted), sorted(self.constraints)]
        flags = [self.takes_prereleases, self.may_use_sources, self.base, self.as_of]
        flags += [self.beside] if self.beside else []
        return hashlib.sha256(json.dumps([*parts, *flags]).encode()).hexdigest()


def beside(question: Question, packages: Iterable[str], digest: str) -> Question:
    """The same question where these packages are there already, at these versions and no others."""
    pins = tuple(packages)
    constraints = (*question.constraints, *pins)
    return replace(question, constraints=constraints, brought=frozenset(pins), beside=digest)


def is_lock(text: str) -> bool:
    """Whether a lock that was written down is one of Python packages."""
    return text.startswith((_WHEELS, _SOURCES))


def resolve(question: Question, shop: Workshop) -> Generator[str, None, Lock]:
    """Find versions that fit together; raise BuildFailed naming the requirement that does not."""
    wheels = yield from _try(question, shop, needs_sources=False)
    if isinstance(wheels, Lock):
        return wheels
    if not _WANTS_SOURCES.search(wheels.output):
        raise BuildFailed(_why(wheels, shop))
    _require_sources_allowed(question, shop, wheels)
    yield "Some packages have no wheel for this Python: trying to build them from source"
    sources = yield from _try(question, shop, needs_sources=True)
    if isinstance(sources, Lock):
        return sources
    yield from sources.output.splitlines()
    raise BuildFailed(_why(sources, shop))


def _require_sources_allowed(question: Question, shop: Workshop, result: workshop.Result) -> None:
    if not question.may_use_sources:
        raise BuildFailed(f"{_why(result, shop)} Building from source is switched off here.")
    if shop.index.has_credentials:
        raise BuildFailed(
            f"{_why(result, shop)} Building from source is not possible here: code of strangers "
            "would see the password of the package index."
        )


def _try(
    question: Question, shop: Workshop, *, needs_sources: bool
) -> Generator[str, None, Lock | workshop.Result]:
    folder = Path(tempfile.mkdtemp(prefix="resolve-"))
    try:
        workshop.write_note(folder, "wanted.txt", "\n".join((*question.wanted, "")))
        workshop.write_note(folder, "constraints.txt", "\n".join((*question.constraints, "")))
        command = _command(question, shop, needs_sources=needs_sources)
        result = yield from workshop.run(shop, folder, [command], is_quiet=True)
        if result.exit.code != 0:
            return result
        text = workshop.read_note(folder, "lock.txt")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    requirements_file.check_lock(text)
    dated = f"{_DATED}{question.as_of}\n" if question.as_of else ""
    besides = f"{_BESIDE}{question.beside}\n" if question.beside else ""
    rest = _without(text, question.brought)
    return Lock((_SOURCES if needs_sources else _WHEELS) + dated + besides + rest)


def _without(text: str, brought: frozenset[str]) -> str:
    """Leave out of a lock what is installed already, with its hashes."""
    kept: list[str] = []
    is_kept = True
    for line in text.splitlines(keepends=True):
        if not line.startswith((" ", "\t")):
            is_kept = re.split(r"[\s;\\]", line, maxsplit=1)[0] not in brought
        if is_kept:
            kept.append(line)
    return "".join(kept)


def _command(question: Question, shop: Workshop, *, needs_sources: bool) -> list[str]:
    notes = f"{FOLDER}/{NOTES}"
    command = [UV, "pip", "compile", "--quiet", "--generate-hashes", "--no-header", "--no-annotate"]
    command += ["--python", shop.runtime.program, "--constraints", f"{notes}/constraints.txt"]
    command += [] if needs_sources else ["--only-binary", ":all:"]
    command += ["--prerelease", "allow"] if question.takes_prereleases else []
    command += up_to(question.as_of)
    return [*command, "--output-file", f"{notes}/lock.txt", f"{notes}/wanted.txt"]


def up_to(day: str) -> list[str]:
    """What tells uv to know of no later release, but for the tools that build old packages."""
    if not day:
        return []
    tools = max(day, _OLDEST_TOOLS)
    options = ["--exclude-newer", day]
    for name in ("setuptools", "wheel"):
        options += ["--exclude-newer-package", f"{name}={tools}"]
    return options


def _why(result: workshop.Result, shop: Workshop) -> str:
    """Say in one paragraph why there is no lock."""
    if result.exit.is_out_of_memory:
        return f"The requirements could not be resolved: {result.exit.reason}."
    said = explain_resolution(result.output, f"Python {shop.runtime.runtime.minor}")
    return " ".join([said, *_told(result)])


def _told(result: workshop.Result) -> list[str]:
    """What the proxy told a package that wanted out: often the reason of a failure."""
    return [f"While it was built: {result.refusals[0]}"] if result.refusals else []
