"""What an environment brings is installed once, and each algorithm's own packages beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from runners import dependency_sets
from runners.errors import BuildFailed, PlatformFault
from runners.models import DependencySet
from tests.factories import EnvironmentFactory
from tests.runners.building import hello_tree, run_build

BROUGHT = ("six==1.16.0",)
CODE = """
import six, wordsegment
print("six", six.__version__, "from", six.__file__)
print("wordsegment from", wordsegment.__file__)
def apply(input):
    return input
"""


@pytest.mark.django_db
def test_base_is_resolved_and_installed_once_and_holds_what_algorithms_need_not(
    tmp_path: Path,
) -> None:
    environment = EnvironmentFactory.create(packages="six==1.16.0")
    memory = dependency_sets.memory_of(environment)
    tree = hello_tree(tmp_path / "one", code=CODE, requirements="six\nwordsegment\n")

    first = run_build(tree, wanted={"packages": BROUGHT}, memory=memory)
    environment.refresh_from_db()
    other = hello_tree(tmp_path / "two", code="import six\n" + CODE, requirements="wordsegment")
    second = run_build(
        other, wanted={"packages": BROUGHT, "base_lock": environment.lock}, memory=memory
    )

    packages = Path(settings.DATA_DIR) / "environments" / first.done.dependencies_digest
    own = {path.name for path in packages.glob("lib/python3.11/site-packages/*")}
    row = DependencySet.objects.get(digest=first.done.dependencies_digest)
    assert "six.py" not in own
    assert "wordsegment" in own
    assert "six 1.16.0 from /opt/agorithm/base/lib/python3.11/site-packages/six.py" in first.lines
    assert "What this environment brings is there" in second.log
    assert second.done.base is not None
    assert row.base == DependencySet.objects.get(digest=second.done.base.digest)
    assert (row.interpreter, environment.lock) == ("python311", second.done.base.lock.text)


def test_requirements_that_do_not_fit_are_told_what_is_there(tmp_path: Path) -> None:
    tree = hello_tree(tmp_path, requirements="six<1.16\n")

    with pytest.raises(BuildFailed) as refusal:
        run_build(tree, wanted={"packages": BROUGHT})

    assert "This environment brings six==1.16.0: leave out what it has" in str(refusal.value)


def test_base_that_cannot_be_had_is_no_fault_of_the_author(tmp_path: Path) -> None:
    tree = hello_tree(tmp_path, requirements="six\n")

    with pytest.raises(PlatformFault, match="What this environment brings cannot be installed"):
        run_build(tree, wanted={"packages": ("six==99",)})
