"""Which packages an algorithm needs, asked in the way of its language."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from marketplace.lib.errors import BadInput
from runners import (
    bases,
    cran,
    cran_mirror,
    languages,
    node_runtimes,
    npm,
    npm_lookup,
    npm_registry,
    package_index,
    package_lookup,
    r_runtimes,
    requirements_file,
    resolution,
)
from runners.bases import Base
from runners.contracts import Contract
from runners.cran import CranLock
from runners.errors import PlatformFault
from runners.installing import Index, Lock, Question
from runners.npm import NpmLock
from runners.workshop import Workshop


def index_of(language: str) -> Index:
    """Where this machine gets the packages of a language from."""
    if language == node_runtimes.LANGUAGE:
        return npm_registry.discover()
    if language == r_runtimes.LANGUAGE:
        return cran_mirror.discover()
    return package_index.discover()


def question(tree: Path, contract: Contract, shop: Workshop, base: Base | None = None) -> Question:
    """What the files ask for, with what every environment of the language has."""
    language = languages.get(shop.runtime.runtime.language)
    if language.name == node_runtimes.LANGUAGE:
        more = dict(line.split(" ", 1) for line in language.base_requirements)
        return npm.ask(tree, base=shop.runtime.digest, more=more)
    if language.name == r_runtimes.LANGUAGE:
        return cran.ask(
            tree,
            base=shop.runtime.digest,
            more=language.base_requirements,
            may_use_sources=settings.BUILD_SOURCE_DISTRIBUTIONS,
        )
    asked = resolution.Question.ask(
        requirements_file.read(tree).with_more(contract.requirements(tree)),
        language=language,
        constraints=bases.house_rules(),
        base=shop.runtime.digest,
        may_use_sources=settings.BUILD_SOURCE_DISTRIBUTIONS,
    )
    return asked if base is None else resolution.beside(asked, base.packages, base.digest)


def versions_of(name: str, *, language: str, release: str) -> list[str]:
    """The versions of a package that installs on this release (`3.11`), newest first."""
    if language == node_runtimes.LANGUAGE:
        return npm_lookup.versions_of(name)
    if language == r_runtimes.LANGUAGE:
        raise BadInput("Packages of R cannot be looked up here; the next build checks their names.")
    return package_lookup.versions_of(name, python=release)


def read_lock(text: str) -> Lock:
    """Take a lock that was written down earlier."""
    if resolution.is_lock(text):
        return resolution.Lock(text)
    if text.startswith(npm.HEADER):
        return NpmLock(text)
    if text.startswith(cran.HEADER):
        return CranLock(text)
    raise PlatformFault("A stored lock is not one of ours.")
