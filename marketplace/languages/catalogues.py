"""The translations of locale/: compiled for gettext where they are younger, and those of the scripts."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import polib
from django.conf import settings
from django.utils.translation import to_locale


def compile_changed(folder: Path) -> list[Path]:
    """Write a .mo beside each .po that is younger; processes that do so at once do no harm."""
    made = []
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
            continue
        half = target.with_suffix(f".{os.getpid()}.half")
        polib.pofile(str(source)).save_as_mofile(str(half))
        half.replace(target)
        made.append(target)
    return made


def has_texts(language: str) -> bool:
    """Not so for the language that only shows English from right to left."""
    return language == settings.LANGUAGE_CODE or any(
        (Path(folder) / to_locale(language)).is_dir() for folder in settings.LOCALE_PATHS
    )


@cache
def of_scripts(language: str) -> dict[str, str]:
    """What the scripts of a page say in the language; empty for English."""
    found: dict[str, str] = {}
    for folder in settings.LOCALE_PATHS:
        source = Path(folder) / to_locale(language) / "LC_MESSAGES" / "djangojs.po"
        if source.exists():
            found |= {entry.msgid: entry.msgstr for entry in polib.pofile(str(source))}
    return {text: translated for text, translated in found.items() if translated}
