"""Bring the .po files up to date with the sources."""

from __future__ import annotations

from pathlib import Path

import polib
from django.conf import settings
from django.core.management.base import BaseCommand

from marketplace.languages import extracting
from marketplace.languages.extracting import Text


class Command(BaseCommand):
    help = (
        "Add new texts to locale/, drop those that are gone, and say what waits for a translator."
    )

    def handle(self, *args: object, **options: object) -> None:
        root = Path(settings.BASE_DIR)
        domains = {
            "django": extracting.of_pages(root),
            "djangojs": extracting.of_scripts(root),
        }
        for folder in settings.LOCALE_PATHS:
            for language in sorted(Path(folder).glob("*/LC_MESSAGES")):
                for domain, texts in domains.items():
                    self._bring_up_to_date(language / f"{domain}.po", texts)

    def _bring_up_to_date(self, path: Path, texts: set[Text]) -> None:
        catalogue = polib.pofile(str(path), wrapwidth=0)
        known = {Text(entry.msgid, entry.msgid_plural, entry.msgctxt): entry for entry in catalogue}
        for gone in known.keys() - texts:
            catalogue.remove(known[gone])
        forms = catalogue.metadata["Plural-Forms"]
        count = int(forms.split("nplurals=")[1].split(";")[0])
        for text in texts - known.keys():
            entry = polib.POEntry(msgid=text.singular, msgctxt=text.context)
            if text.plural:
                entry.msgid_plural = text.plural
                entry.msgstr_plural = dict.fromkeys(range(count), "")
            catalogue.append(entry)
        catalogue.sort(key=lambda entry: (entry.msgid, entry.msgctxt or ""))
        catalogue.save(str(path))
        waiting = len(catalogue.untranslated_entries()) + len(catalogue.fuzzy_entries())
        self.stdout.write(f"{path}: {len(catalogue)} texts, {waiting} to translate")
