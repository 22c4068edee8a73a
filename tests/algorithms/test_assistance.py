"""What the editor asks the site while one types, and the dashboard in numbers."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import cache
from django.test import Client

from algorithms import authoring, dashboards, repositories
from algorithms.models import Algorithm, Build, Call
from billing.models import Usage
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner, User
from tests.factories import BuildFactory, EnvironmentFactory, VersionFactory

BASE = "/algorithms/alice/Hello"
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _data_folder(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    cache.clear()


@pytest.fixture
def algorithm(alice: Actor) -> Algorithm:
    owner = Owner.objects.get(name="alice")
    environment = EnvironmentFactory.create()
    return authoring.create(owner, by=alice, name="Hello", environment=environment)


@pytest.fixture
def author(alice: Actor) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=alice.user_id or 0))
    return client


def post(client: Client, path: str, body: object) -> tuple[int, Any]:
    answer = client.post(f"{BASE}/{path}", json.dumps(body), content_type="application/json")
    return answer.status_code, answer.json()


def says(monkeypatch: pytest.MonkeyPatch, stdout: str = "", stderr: str = "") -> None:
    """Let pip answer this."""
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda *_, **__: subprocess.CompletedProcess([], int(not stdout), stdout, stderr),
    )


def test_file_is_checked_as_it_stands_in_the_editor(author: Client, algorithm: Algorithm) -> None:
    text = "import numpy\nfrom words import count\nprint(numpy, count, nothing)\n"
    body = {"path": "src/Hello.py", "text": text, "paths": ["src/words.py"], "requirements": ""}

    status, answer = post(author, "check/", body)

    assert status == 200
    assert [(one["line"], one["severity"], one["package"]) for one in answer["findings"]] == [
        (1, "warning", "numpy"),
        (3, "error", ""),
    ]
    assert post(author, "check/", body | {"text": 1})[0] == 400


def test_text_is_found_in_the_files(author: Client, algorithm: Algorithm) -> None:
    found = author.get(f"{BASE}/search/?q=def+apply").json()["places"]

    assert [(place["path"], place["text"]) for place in found] == [
        ("src/Hello.py", "def apply(input):")
    ]
    assert author.get(f"{BASE}/search/?q=").status_code == 400


def test_versions_of_a_package_come_newest_first(
    author: Client, algorithm: Algorithm, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(monkeypatch, "six (1.17.0)\nAvailable versions: 1.17.0, 1.16.0\n")

    answer = author.get(f"{BASE}/packages/?name=six").json()

    assert answer == {"name": "six", "versions": ["1.17.0", "1.16.0"], "count": 2}


@pytest.mark.parametrize(
    ("name", "stderr", "status", "words"),
    [
        ("nothing", "ERROR: No matching distribution found", 404, "no package nothing"),
        (
            "six",
            "WARNING: Retrying (Retry(total=0)) after connection broken",
            503,
            "does not answer",
        ),
        ("--help", "", 400, "cannot be the name"),
    ],
)
def test_package_that_cannot_be_named_says_whose_fault_that_is(
    author: Client,
    algorithm: Algorithm,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    stderr: str,
    status: int,
    words: str,
) -> None:
    says(monkeypatch, stderr=stderr)

    answer = author.get(f"{BASE}/packages/", {"name": name})

    assert answer.status_code == status
    assert words in answer.json()["error"]["message"]


def test_bytes_are_saved_as_they_are_and_odd_ones_refused(
    author: Client, algorithm: Algorithm
) -> None:
    status, saved = post(author, "files/", {"changes": {"a.bin": {"base64": "AP8="}}})
    refused, _ = post(author, "files/", {"changes": {"b.bin": {"base64": "***"}}})

    assert (status, refused) == (200, 400)
    assert repositories.read(algorithm.pk, saved["commit"], "a.bin") == b"\0\xff"
    assert repositories.head(algorithm.pk) == saved["commit"]


def test_tests_of_a_commit_that_is_not_built_are_not_run(
    author: Client, algorithm: Algorithm
) -> None:
    status, answer = post(author, "tests/", {})

    assert status == 409
    assert "not built yet" in answer["error"]["message"]


def test_first_algorithm_is_one_click_away(author: Client) -> None:
    EnvironmentFactory.create()

    first = author.post("/algorithms/first/")
    second = author.post("/algorithms/first/")

    assert first["Location"] == "/algorithms/alice/HelloWorld/edit/"
    assert second["Location"] == "/algorithms/alice/HelloWorld2/edit/"
    assert set(Build.objects.values_list("state", flat=True)) == {"queued"}


def test_dashboard_counts_a_week_and_a_month_and_says_what_to_do(
    algorithm: Algorithm, alice: Actor
) -> None:
    built = BuildFactory.create(algorithm=algorithm, commit="a" * 40)
    version = VersionFactory.create(build=built, royalty_microcredits=1)
    for day, result in ((10, "succeeded"), (9, "failed"), (9, "succeeded"), (1, "succeeded")):
        when = NOW.replace(day=day)
        Call.objects.create(
            root_id=algorithm.pk,
            algorithm=algorithm,
            version=version,
            result=result,
            started_at=when,
        )
    Usage.objects.create(
        call_id=algorithm.pk,
        root_id=algorithm.pk,
        payer_id=alice.owner_id or "",
        author_id=alice.owner_id or "",
        algorithm_id=algorithm.pk,
        outcome="billed",
        royalty=2_000_000,
        total=2_000_000,
        held=2_000_000,
        price={},
        at=NOW.replace(day=2),
        author_share=1_400_000,
    )
    BuildFactory.create(algorithm=algorithm, state="failed", error="src/Hello.py, line 3: no")

    [row] = dashboards.rows_of(dashboards.of_owners(alice.owner_ids), now=NOW)

    assert (row.week.days, row.week.failed) == ([0, 0, 0, 0, 0, 2, 1], 1)
    assert (row.week.success_percent, row.earned) == (66, 1_400_000)
    assert row.steps == ["mend", "tagline", "sample", "readme"]
