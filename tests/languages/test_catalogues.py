from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings

from marketplace.languages import extracting
from marketplace.languages.extracting import Text

ROOT = Path(settings.BASE_DIR)
CATALOGUES = sorted((ROOT / "locale").glob("*/LC_MESSAGES/*.po"))
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+\}|</?[a-z][^>]*>")


@pytest.fixture(scope="module")
def texts() -> dict[str, set[Text]]:
    return {"django": extracting.of_pages(ROOT), "djangojs": extracting.of_scripts(ROOT)}


def test_german_and_chinese_have_pages_and_scripts() -> None:
    assert [str(path.relative_to(ROOT / "locale")) for path in CATALOGUES] == [
        "de/LC_MESSAGES/django.po",
        "de/LC_MESSAGES/djangojs.po",
        "zh_Hans/LC_MESSAGES/django.po",
        "zh_Hans/LC_MESSAGES/djangojs.po",
    ]


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_each_text_of_the_sources_is_translated(path: Path, texts: dict[str, set[Text]]) -> None:
    catalogue = polib.pofile(str(path))
    translated = {
        Text(entry.msgid, entry.msgid_plural, entry.msgctxt)
        for entry in catalogue
        if entry.translated()
    }

    missing = texts[path.stem] - translated

    assert missing == set(), "run `manage.py collect_texts`, then translate what is new"
    assert catalogue.fuzzy_entries() == []


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_translations_keep_placeholders_and_markup(path: Path) -> None:
    wrong = [
        entry.msgid
        for entry in polib.pofile(str(path))
        if not entry.msgid_plural
        and sorted(PLACEHOLDER.findall(entry.msgid)) != sorted(PLACEHOLDER.findall(entry.msgstr))
    ]
    in_plurals = [
        entry.msgid
        for entry in polib.pofile(str(path))
        if entry.msgid_plural
        and set(PLACEHOLDER.findall(entry.msgstr_plural[max(entry.msgstr_plural)]))
        != set(PLACEHOLDER.findall(entry.msgid_plural))
    ]

    assert wrong == []
    assert in_plurals == []
