"""Which tests run on the same worker: those of a file that share a site, a browser or a build.

pytest-xdist's own way to say so, the mark `xdist_group`, has no effect with pytest 9.1 and later:
it renames tests by an attribute that is not read any more. Without it each worker would start
the sites of such a file for itself.
"""

from __future__ import annotations

from functools import cache

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.live import ROOT

_SHARING = ('scope="module"', "live_distributed")


class BySharedFile(LoadScopeScheduling):  # type: ignore[misc]  # no stubs
    """Files whose tests share something that is slow to make, the largest first; then test by test."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if _shares(file) else nodeid


@cache
def _shares(file: str) -> bool:
    text = (ROOT / file).read_text()
    return any(word in text for word in _SHARING)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> BySharedFile:
    return BySharedFile(config, log)
