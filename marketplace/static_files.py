"""Static files with their hash in the name, so that browsers may keep them for ever."""

from __future__ import annotations

import re
from collections.abc import Callable

from whitenoise.storage import CompressedManifestStaticFilesStorage

_DYNAMIC_IMPORT = 'import("%(url)s")'


class ModuleStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no stubs
    """Also rewrites `import "./x.js"` inside our modules to the hashed name.

    Django takes the bare name in `import("codemirror")` for a file as well; it is left to
    the import map, as it is in the other kinds of import.
    """

    support_js_module_import_aggregation = True
    manifest_strict = False

    def url_converter(
        self, name: str, hashed_files: dict[str, str], template: str | None = None
    ) -> Callable[[re.Match[str]], str]:
        convert: Callable[[re.Match[str]], str] = super().url_converter(
            name, hashed_files, template
        )

        def unless_bare(found: re.Match[str]) -> str:
            is_bare = not found["url"].startswith((".", "/"))
            if template == _DYNAMIC_IMPORT and is_bare:
                return found["matched"]
            return convert(found)

        return unless_bare
