from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from pytest_django import Settings

STATIC = settings.BASE_DIR / "static"


@pytest.fixture
def collected(tmp_path: Path, settings: Settings) -> Path:
    """Our own files as a browser gets them: compressed and with their hash in the name."""
    settings.STATIC_ROOT = tmp_path
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "marketplace.static_files.ModuleStorage"}
    }
    call_command("collectstatic", verbosity=0, interactive=False)
    return tmp_path


def test_modules_import_each_other_by_their_hashed_names(collected: Path) -> None:
    hashed = next(collected.glob("js/workshop.????????????.js")).read_text()
    imported = re.findall(r'(?:from |import ?)"\./([^"]+)"', hashed)

    assert len(imported) >= 10
    assert all((collected / "js" / name).exists() for name in imported)
    assert all(re.search(r"\.[0-9a-f]{12}\.js$", name) for name in imported)


def test_every_file_of_ours_can_be_collected(collected: Path) -> None:
    ours = [path.relative_to(STATIC) for path in STATIC.rglob("*.js") if "vendor" not in path.parts]

    assert len(ours) > 15
    assert all((collected / path).exists() for path in ours)


def test_style_sheets_set_no_rule_aside_with_important() -> None:
    for path in (STATIC / "css").glob("*.css"):
        assert "!important" not in path.read_text(), path.name
