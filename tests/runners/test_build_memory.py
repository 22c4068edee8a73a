"""What a build that fails while its module loads leaves to the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from runners import builder, dependency_sets
from runners.errors import BuildFailed
from runners.models import Resolution
from runners.specs import Failure, LoadReport
from tests.factories import EnvironmentFactory
from tests.runners.building import run_build, template_tree


@pytest.mark.django_db
def test_lock_of_a_build_whose_module_does_not_load_is_kept(tmp_path: Path) -> None:
    environment = EnvironmentFactory.create()
    memory = builder.Memory(
        dependency_sets.fresh_lock, lambda result: dependency_sets.record(environment, result)
    )
    tree = template_tree(tmp_path)
    broken = LoadReport(Failure("NameError: no"), "", 0.1)

    with pytest.raises(BuildFailed, match="NameError"):
        run_build(tree, memory=memory, check=lambda _spec: broken)
    again = run_build(tree, memory=memory, check=lambda _spec: LoadReport(None, "", 0.1))

    assert Resolution.objects.count() == 1
    assert not again.done.was_resolved
    assert not again.done.was_installed
