"""Who may ask for the packages of a day, and of which days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from algorithms import dating
from algorithms.models import Build
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib.errors import BadInput, NotAllowed
from tests.factories import AlgorithmFactory

pytestmark = pytest.mark.django_db


def test_stranger_is_refused_and_nothing_is_built(mallory: Actor) -> None:
    algorithm = AlgorithmFactory.create(is_public=True)

    with pytest.raises(NotAllowed):
        dating.install(algorithm, by=mallory, day=date(2017, 4, 30))

    assert not Build.objects.exists()


@pytest.mark.parametrize("day", [date(1999, 1, 1), timezone.now().date() + timedelta(days=2)])
def test_day_without_packages_is_refused(alice: Actor, day: date) -> None:
    algorithm = AlgorithmFactory.create(owner=Owner.objects.get(name="alice"))

    with pytest.raises(BadInput, match="from 2010-01-01 to today"):
        dating.install(algorithm, by=alice, day=day)

    assert not Build.objects.exists()
