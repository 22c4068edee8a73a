from __future__ import annotations

import re

import pytest
from django.core.management import call_command

from tests.architecture.tree import APPS, ROOT


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_migration_has_a_name_that_somebody_chose() -> None:
    names = [
        path.name
        for app in APPS
        for path in ROOT.joinpath(app).rglob("migrations/*.py")
        if path.name != "__init__.py"
    ]

    assert names
    assert [name for name in names if re.search(r"_auto_|\d{8}", name)] == []
    assert all(re.match(r"\d{4}_[a-z]", name) for name in names)
