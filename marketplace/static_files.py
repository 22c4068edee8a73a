"""Static files with their hash in the name, so that browsers may keep them for ever."""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # no stubs
    """Also rewrites `import "./x.js"` inside our modules to the hashed name."""

    support_js_module_import_aggregation = True
    manifest_strict = False
