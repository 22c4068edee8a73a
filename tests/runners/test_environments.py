"""What authors are offered: rows for each interpreter, and the files they start from."""

from __future__ import annotations

import io
import json
import tarfile
from typing import Any

import pytest
from django.core.management import call_command

from marketplace.lib.errors import NotFound
from runners import environments_sync, languages, runtimes
from runners.models import Environment
from tests.factories import EnvironmentFactory

INSTALLED = [runtime.slug for runtime in runtimes.discover()]


@pytest.mark.django_db
def test_every_interpreter_is_offered_and_twice_changes_nothing(settings: Any) -> None:
    settings.RUNNER_MACHINES = ["cpu"]

    environments_sync.sync()
    first = list(Environment.objects.order_by("pk").values())
    environments_sync.sync()

    assert list(Environment.objects.order_by("pk").values()) == first
    offered = [row.slug for row in Environment.objects.offered()]
    assert offered[: len(INSTALLED)] == INSTALLED[::-1]
    assert sorted(offered) == sorted(runtime.slug for runtime in runtimes.offered())


@pytest.mark.django_db
def test_gpu_is_offered_where_there_is_one_under_the_same_specification(settings: Any) -> None:
    settings.RUNNER_MACHINES = ["cpu", "gpu"]

    environments_sync.sync()

    plain = Environment.objects.get(slug=INSTALLED[0])
    gpu = Environment.objects.offered().get(slug=f"{INSTALLED[0]}-gpu")
    assert gpu.specification_id == plain.specification_id
    assert gpu.id != plain.id
    assert gpu.is_gpu
    assert gpu.display_name == f"{plain.display_name}, GPU"


@pytest.mark.django_db
def test_ids_are_the_same_on_every_host() -> None:
    environments_sync.sync()
    before = dict(Environment.objects.values_list("slug", "id"))
    Environment.objects.all().delete()

    environments_sync.sync()

    assert dict(Environment.objects.values_list("slug", "id")) == before


@pytest.mark.django_db
def test_vanished_interpreter_is_not_offered_and_a_withdrawn_one_stays_withdrawn() -> None:
    EnvironmentFactory.create(slug="python35", version="3.5.10")
    EnvironmentFactory.create(slug=INSTALLED[0], state="retired")

    call_command("sync_environments", stdout=io.StringIO())

    offered = {row.slug for row in Environment.objects.offered()}
    assert "python35" not in offered
    assert INSTALLED[0] not in offered
    assert not Environment.objects.get(slug="python35").is_present
    assert Environment.objects.get(slug=INSTALLED[0]).is_present


def test_template_carries_the_names_it_is_given() -> None:
    files = languages.render("python3", owner="alice", algorithm="Hello")

    assert sorted(files) == [
        "README.md",
        "algorithmia.conf",
        "requirements.txt",
        "src/Hello.py",
        "src/Hello_test.py",
        "src/__init__.py",
    ]
    assert json.loads(files["algorithmia.conf"]) == {
        "username": "alice",
        "algoname": "Hello",
        "language": "python3",
    }
    assert files["requirements.txt"] == b"algorithmia>=1.0.0,<2.0\nsix\n"
    assert not [name for name, content in files.items() if b"__ALGO__" in content]


def test_archive_holds_the_template_with_its_placeholders() -> None:
    with tarfile.open(fileobj=io.BytesIO(languages.archive("python3"))) as tar:
        names = tar.getnames()

    assert "src/__ALGO__.py" in names
    assert "src/__ALGO___test.py" in names


def test_language_that_is_not_here_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"There is no language \.\./python3 here\."):
        languages.get("../python3")


def test_versions_sort_as_numbers() -> None:
    keys = [environments_sync.sort_key(minor) for minor in ("3.9", "3.13", "3.6")]

    assert sorted(keys) == ["003.006", "003.009", "003.013"]
