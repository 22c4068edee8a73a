"""What a call costs whom: by the environment it runs in, and nothing between an author and their kin."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from algorithms import resolving
from algorithms.models import Algorithm, Version
from billing.models import StripeCustomer
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry, Membership, Organization, Owner, User
from tests.catalog.moderation.conftest import signed_in
from tests.factories import AlgorithmFactory, BuildFactory, VersionFactory
from tests.stripes import browser_of, owner

pytestmark = pytest.mark.django_db

ROYALTY = 50_000_000


@pytest.fixture(autouse=True)
def _forget() -> None:
    cache.clear()
    resolving.forget_all()


def priced(author: Owner, name: str = "Paid") -> Version:
    algorithm = AlgorithmFactory.create(owner=author, name=name, is_public=True)
    made: Version = VersionFactory.create(
        build=BuildFactory.create(algorithm=algorithm),
        callability=Version.Callability.PUBLIC,
        royalty_microcredits=ROYALTY,
    )
    return made


def quoted(caller: Actor, path: str = "alice/Paid", **asked: object) -> dict[str, Any]:
    answer = browser_of(caller).post(f"/v1/quote/{path}", asked, content_type="application/json")
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    return found


def team(name: str, *members: tuple[Actor, str]) -> Owner:
    organization = Organization.objects.create(label=name)
    for member, role in members:
        person = User.objects.get(owner=owner(member))
        Membership.objects.create(organization=organization, user=person, role=role)
    return Owner.objects.create(name=name, organization=organization)


@pytest.mark.parametrize(
    ("roles", "royalty"),
    [
        (("member", "member"), 0),
        (("owner", "member"), 0),
        (("owner", "executor"), ROYALTY),
        (("owner", "billing"), ROYALTY),
        (("owner", "invited"), ROYALTY),
        ((), ROYALTY),
    ],
)
def test_people_who_work_in_one_organization_owe_each_other_no_royalty(
    alice: Actor, bob: Actor, roles: tuple[str, ...], royalty: int
) -> None:
    priced(owner(alice))
    if roles:
        team("acme", (alice, roles[0]), (bob, roles[1]))

    found = quoted(bob)

    assert found["royalty_microcredits"] == royalty
    assert found["rate_microcredits_per_second"] == 1_000_000


def test_organization_owes_its_people_no_royalty_nor_another_that_one_of_them_runs(
    alice: Actor, bob: Actor
) -> None:
    works = team("works", (alice, "admin"), (bob, "member"))
    other = team("other", (alice, "owner"))
    third = team("third", (bob, "owner"))
    versions = {who.name: resolving.of_version_row(priced(who)) for who in (owner(alice), works)}

    def owed(payer: Owner, author: str) -> int:
        by = Actor(owner_id=payer.pk, name=payer.name)
        return resolving.for_caller(versions[author], by=by).royalty_microcredits

    assert owed(works, "alice") == owed(other, "works") == owed(other, "alice") == 0
    assert owed(third, "works") == owed(third, "alice") == ROYALTY


@pytest.mark.parametrize(
    ("cards", "is_live", "royalty"),
    [
        (("fp1", "fp1"), True, 0),
        (("fp1", "fp2"), True, ROYALTY),
        (("", ""), True, ROYALTY),
        (("fp1", "fp1"), False, ROYALTY),
    ],
)
def test_accounts_that_pay_with_one_real_card_owe_each_other_no_royalty(
    alice: Actor, bob: Actor, cards: tuple[str, str], is_live: bool, royalty: int
) -> None:
    priced(owner(alice))
    for who, card in zip((alice, bob), cards, strict=True):
        StripeCustomer.objects.create(
            owner=owner(who), stripe_id=f"cus_{who.name}", is_live=is_live, card_fingerprint=card
        )

    assert quoted(bob)["royalty_microcredits"] == royalty


def test_rate_of_an_environment_is_set_by_staff_and_holds_for_quotes_and_the_cost_page(
    alice: Actor, bob: Actor
) -> None:
    version = priced(owner(alice))
    environment = version.build.environment
    staff = signed_in("stella", is_staff=True)

    def send(browser: Client, rate: str) -> int:
        form = {"part": "use", "rate": rate, "memory_mb": ""}
        return browser.post(f"/staff/environments/{environment.slug}/", form).status_code

    before = quoted(bob, timeout=10)
    by_stranger = send(browser_of(bob), "0")
    assert [send(staff, "2.5"), send(staff, "much")] == [302, 400]
    dear = quoted(bob, timeout=10)
    page = browser_of(bob).get("/algorithms/alice/Paid/cost/").content.decode()
    assert send(staff, "0") == 302
    free = quoted(bob, timeout=10)
    assert send(staff, "") == 302

    assert by_stranger == 403
    rates = [one["rate_microcredits_per_second"] for one in (before, dear, free, quoted(bob))]
    assert rates == [1_000_000, 2_500_000, 0, 1_000_000]
    assert (before["reserves"], dear["reserves"], free["reserves"]) == ("0.006", "0.0075", "0.005")
    assert "0.00025" in page
    assert AuditEntry.objects.filter(action="set the rate of an environment").count() == 3
    assert not Algorithm.objects.filter(environment__rate__isnull=False).exists()
