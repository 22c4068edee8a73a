"""Which static files of the libraries are collected."""

from __future__ import annotations

from django.contrib.staticfiles.apps import StaticFilesConfig


class OwnStaticFilesConfig(StaticFilesConfig):
    """Leaves out what no page uses; one of these names a file in a comment that it does not bring."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "django_htmx/ext/*", "htm*-4*.js"]
