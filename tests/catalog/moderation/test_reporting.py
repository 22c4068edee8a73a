"""Reports, and names that could be taken for others."""

from __future__ import annotations

import pytest
from django.test import Client

from algorithms.models import Algorithm
from marketplace.catalog.models import Case, Comment, Report, Review, Thread
from marketplace.catalog.moderation import lookalikes
from tests.catalog.moderation.conftest import publish, signed_in
from tests.factories import AlgorithmFactory, OwnerFactory

pytestmark = pytest.mark.django_db
FORM = {"reason": "spam", "text": "It only advertises another site.", "pointer": "README.md:3"}


def test_report_joins_the_open_case_once_and_raises_its_risk(
    caller: Client, algorithm: Algorithm
) -> None:
    version = publish(algorithm)
    before = Case.objects.get().risk

    first = caller.post(f"/report/version/{version.pk}/", FORM)
    second = caller.post(f"/report/version/{version.pk}/", FORM)

    assert (first.status_code, second.status_code) == (200, 400)
    assert "You have reported this already" in second.content.decode()
    case = Case.objects.get()
    assert case.risk == before + 25
    assert Report.objects.get().pointer == "README.md:3"


def test_own_things_unknown_things_and_strangers_are_refused(
    author: Client, caller: Client, algorithm: Algorithm
) -> None:
    version = publish(algorithm)
    hidden = AlgorithmFactory.create()

    answers = [
        author.post(f"/report/version/{version.pk}/", FORM).status_code,
        caller.post(f"/report/algorithm/{hidden.pk}/", FORM).status_code,
        caller.get("/report/nothing/at-all/").status_code,
        caller.post(f"/report/version/{version.pk}/", FORM | {"reason": "x"}).status_code,
        Client().get(f"/report/version/{version.pk}/").status_code,
    ]

    assert answers == [400, 404, 404, 400, 302]
    assert not Report.objects.exists()


def test_reported_comment_and_owner_are_hidden_and_suspended(
    staff: Client, caller: Client, algorithm: Algorithm
) -> None:
    publish(algorithm)
    thread = Thread.objects.create(
        algorithm=algorithm, starter=algorithm.owner, title="Hello", last_at=algorithm.created_at
    )
    comment = Comment.objects.create(thread=thread, author=algorithm.owner, text="Buy it *here*!")
    caller.post(f"/report/comment/{comment.pk}/", FORM)
    caller.post("/report/owner/anna/", FORM)
    decision = {"action": "hide", "reason": "It advertises something else."}

    case = Case.objects.get(subject="comment")
    page = staff.get(f"/moderation/cases/{case.pk}/").content.decode()
    assert "Buy it <em>here</em>!" in page
    assert staff.post(f"/moderation/cases/{case.pk}/", decision).status_code == 302

    shown = caller.get(f"/algorithms/anna/Summarize/discussion/{thread.pk}/").content.decode()
    assert "Hidden by the moderators." in shown
    assert "Buy it" not in shown
    owners = Case.objects.get(subject="owner")
    decision |= {"action": "suspend"}
    assert staff.post(f"/moderation/cases/{owners.pk}/", decision).status_code == 302
    assert caller.get("/u/anna/").status_code == 404


def test_hidden_review_no_longer_counts(
    staff: Client, caller: Client, algorithm: Algorithm
) -> None:
    version = publish(algorithm)
    bob = OwnerFactory.create(name="bob")
    review = Review.objects.create(
        algorithm=algorithm, version=version, major=1, author=bob, rating=1, text="Bad, bad, bad."
    )
    caller.post(f"/report/review/{review.pk}/", FORM)
    case = Case.objects.get(subject="review")

    staff.post(
        f"/moderation/cases/{case.pk}/",
        {"action": "hide", "reason": "It says nothing about the algorithm."},
    )

    algorithm.refresh_from_db()
    assert (algorithm.rating_average, algorithm.rating_count) == (None, 0)
    assert (
        "Bad, bad, bad." not in caller.get("/algorithms/anna/Summarize/reviews/").content.decode()
    )


@pytest.mark.parametrize(
    ("name", "known", "is_like"),
    [
        ("Surnmarize", "Summarize", True),
        ("Summarise", "Summarize", True),
        ("nlp_t00ls", "nlptools", True),
        ("Sumarize", "Summarize", True),
        ("Translate", "Summarize", False),
        ("Echo", "Each", False),
    ],
)
def test_likeness_is_what_a_hurried_reader_would_mistake(
    name: str, known: str, is_like: bool
) -> None:
    assert lookalikes.is_like(name, known) is is_like


def test_name_like_a_popular_one_and_owner_like_the_site_are_noticed(algorithm: Algorithm) -> None:
    publish(algorithm)
    Algorithm.objects.filter(pk=algorithm.pk).update(callers_30d=50)
    signed_in("agorithm_help")

    squatting = AlgorithmFactory.create(owner=OwnerFactory.create(name="zed"), name="Surnmarize")
    posing = AlgorithmFactory.create(owner=OwnerFactory.create(name="off1cial_nlp"), name="Other")
    for one in (squatting, posing):
        publish(one)

    signals = {
        case.algorithm_id: {signal["kind"]: signal["text"] for signal in case.signals}
        for case in Case.objects.filter(subject="version")
    }
    assert "could be taken for anna/Summarize" in signals[squatting.pk]["name"]
    assert "could be taken for the site itself" in signals[posing.pk]["name"]
    assert "name" not in signals[algorithm.pk]
