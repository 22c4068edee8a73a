"""Which packages an algorithm needs, asked in the way of its language."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from runners import (
    languages,
    node_runtimes,
    npm,
    npm_registry,
    package_index,
    requirements_file,
    resolution,
)
from runners.contracts import Contract
from runners.errors import PlatformFault
from runners.installing import Index, Lock, Question
from runners.npm import NpmLock
from runners.workshop import Workshop


def index_of(language: str) -> Index:
    """Where this machine gets the packages of a language from."""
    if language == node_runtimes.LANGUAGE:
        return npm_registry.discover()
    return package_index.discover()


def question(tree: Path, contract: Contract, shop: Workshop) -> Question:
    """What the files ask for, with what every environment of the language has."""
    language = languages.get(shop.runtime.runtime.language)
    if language.name == node_runtimes.LANGUAGE:
        more = dict(line.split(" ", 1) for line in language.base_requirements)
        return npm.ask(tree, base=shop.runtime.digest, more=more)
    path = settings.BUILD_CONSTRAINTS
    return resolution.Question.ask(
        requirements_file.read(tree).with_more(contract.requirements(tree)),
        language=language,
        constraints=Path(path).read_text() if path else "",
        base=shop.runtime.digest,
        may_use_sources=settings.BUILD_SOURCE_DISTRIBUTIONS,
    )


def read_lock(text: str) -> Lock:
    """Take a lock that was written down earlier."""
    if resolution.is_lock(text):
        return resolution.Lock(text)
    if text.startswith(npm.HEADER):
        return NpmLock(text)
    raise PlatformFault("A stored lock is not one of ours.")
