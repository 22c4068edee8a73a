"""Static files with their hash in the name, so that browsers may keep them for ever."""

from __future__ import annotations

import re
from collections.abc import Callable

from whitenoise.storage import CompressedManifestStaticFilesStorage

_DYNAMIC_IMPORT = 'import("%(url)s")'
_TYPE_NAME = re.compile(r"\.[A-Z]")


class ModuleStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no stubs
    """Also rewrites `import "./x.js"` inside our modules to the hashed name.

    Django takes more for a dynamic import than browsers load: the bare name in
    `import("codemirror")`, which is the import map's, and the types in JSDoc comments,
    `import("./editor.js").Editor`, which may well go round in a circle.
    """

    support_js_module_import_aggregation = True
    manifest_strict = False

    def stored_name(self, name: str) -> str:
        """What was not built, as where no bundles can be fetched, keeps its plain name."""
        try:
            return str(super().stored_name(name))
        except ValueError:
            return name

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[re.Match[str]], str]:
        convert: Callable[[re.Match[str]], str] = super().url_converter(
            name, hashed_files, template
        )

        def unless_not_loaded(found: re.Match[str]) -> str:
            is_bare = not found["url"].startswith((".", "/"))
            is_type = _TYPE_NAME.match(found.string, found.end()) is not None
            if template == _DYNAMIC_IMPORT and (is_bare or is_type):
                return found["matched"]
            return convert(found)

        return unless_not_loaded
