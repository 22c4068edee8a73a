from __future__ import annotations

import logging
from pathlib import Path

from django.apps import AppConfig
from django.conf import settings

from marketplace.languages import catalogues

log = logging.getLogger(__name__)


class LanguagesConfig(AppConfig):
    name = "marketplace.languages"

    def ready(self) -> None:
        """Any first command after a clone compiles the translations; an image brings them."""
        for folder in settings.LOCALE_PATHS:
            try:
                catalogues.compile_changed(Path(folder))
            except OSError as error:
                log.warning(
                    "Translations could not be compiled, so pages may be English: %s", error
                )
