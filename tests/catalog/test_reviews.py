"""Reviews and conversations, through their pages."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from algorithms.models import Algorithm, Call, Version
from marketplace.accounts.models import Notification, Owner
from marketplace.catalog.models import Case, Comment, Review, Thread
from marketplace.lib import rates
from tests.catalog.moderation.conftest import publish, signed_in
from tests.factories import AlgorithmFactory, OwnerFactory

pytestmark = pytest.mark.django_db
PAGE = "/algorithms/anna/Summarize/reviews/"
TALK = "/algorithms/anna/Summarize/discussion/"
FORM = {"major": "1", "rating": "4", "text": "Shortens my mails well enough."}


@pytest.fixture(autouse=True)
def _fresh_counts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def algorithm(db: None) -> Algorithm:
    made: Algorithm = AlgorithmFactory.create(
        owner=OwnerFactory.create(name="anna"), name="Summarize"
    )
    publish(made)
    return made


def call(algorithm: Algorithm, name: str, *, result: str = "succeeded") -> None:
    version = Version.objects.filter(algorithm=algorithm).newest_first().first()
    Call.objects.create(
        root_id=uuid.uuid4(),
        caller=Owner.objects.get(name=name),
        algorithm=algorithm,
        version=version,
        result=result,
        started_at=timezone.now(),
    )


def rating(algorithm: Algorithm) -> tuple[float | None, int]:
    algorithm.refresh_from_db()
    return algorithm.rating_average, algorithm.rating_count


def test_only_successful_callers_review_and_once_for_each_major_version(
    algorithm: Algorithm,
) -> None:
    carl, author = signed_in("carl"), signed_in("anna")
    call(algorithm, "carl", result="failed")
    refused = carl.post(PAGE, FORM)
    assert "once you have called it with success" in refused.content.decode()
    assert not Review.objects.exists()

    call(algorithm, "carl")
    call(algorithm, "anna")
    assert carl.post(PAGE, FORM).status_code == 302
    carl.post(PAGE, FORM)
    author.post(PAGE, FORM)
    assert Review.objects.count() == 1

    publish(algorithm, "2.0.0")
    call(algorithm, "carl")
    assert carl.post(PAGE, FORM | {"major": "2", "rating": "1"}).status_code == 302
    assert rating(algorithm) == (2.5, 2)
    shown = Client().get(PAGE).content.decode()
    assert "called version 2.0.0" in shown
    assert "2.5" in shown
    assert Client().get(f"{PAGE}?stars=1").content.decode().count('class="card review"') == 1
    assert [row.title for row in Notification.objects.filter(user__username="anna")] == [
        "carl gave anna/Summarize 1 of 5 stars",
        "carl gave anna/Summarize 4 of 5 stars",
    ]


def test_review_is_edited_answered_found_helpful_and_withdrawn(algorithm: Algorithm) -> None:
    carl, author, dora = signed_in("carl"), signed_in("anna"), signed_in("dora")
    call(algorithm, "carl")
    carl.post(PAGE, FORM)
    place = f"{PAGE}{Review.objects.get().pk}/"

    changed = {"rating": "2", "text": "It has become worse <b>since</b>."}
    assert carl.post(place, changed).status_code == 302
    assert dora.post(place, changed).status_code == 404
    assert author.post(f"{place}answer/", {"text": "We are on it."}).status_code == 302
    assert dora.post(f"{place}answer/", {"text": "Me too."}).status_code == 403
    assert dora.post(f"{place}helpful/").status_code == 302
    assert carl.post(f"{place}helpful/").status_code == 403

    shown = Client().get(PAGE).content.decode()
    assert rating(algorithm) == (2.0, 1)
    assert "It has become worse &lt;b&gt;since&lt;/b&gt;." in shown
    assert "We are on it." in shown
    assert "1 person found this helpful" in shown

    assert author.post(f"{place}withdraw/").status_code == 403
    assert carl.post(f"{place}withdraw/").status_code == 302
    assert rating(algorithm) == (None, 0)
    assert carl.post(PAGE, FORM).status_code == 302


def test_many_fresh_reviewers_at_once_are_looked_at(algorithm: Algorithm) -> None:
    for number in range(5):
        client = signed_in(f"fresh{number}")
        call(algorithm, f"fresh{number}")
        client.post(PAGE, FORM | {"rating": "5"})

    signal = Case.objects.get(subject="algorithm").signals[0]
    assert signal["kind"] == "burst"
    assert signal["text"] == "5 reviews within an hour by accounts younger than a week."


def test_conversation_is_begun_answered_edited_deleted_and_closed(algorithm: Algorithm) -> None:
    carl, author = signed_in("carl"), signed_in("anna")
    hostile = "Does it take **German**? <script>alert(1)</script> [x](javascript:alert(1))"
    begun = carl.post(TALK, {"title": "Languages", "text": hostile})
    place = f"{TALK}{Thread.objects.get().pk}/"
    assert begun["Location"] == place
    assert author.post(place, {"text": "It does."}).status_code == 302
    question, reply = Comment.objects.order_by("created_at")

    shown = Client().get(place).content.decode()
    assert "<strong>German</strong>" in shown
    assert "<script>alert" not in shown
    assert 'href="javascript' not in shown
    assert shown.count(">Author</span>") == 1
    assert "2 comments" in Client().get(TALK).content.decode()

    assert carl.post(f"{place}{reply.pk}/", {"text": "No."}).status_code == 404
    assert carl.post(f"{place}{reply.pk}/delete/").status_code == 403
    assert carl.post(f"{place}{question.pk}/", {"text": "Does it take French?"}).status_code == 302
    assert author.post(f"{place}{reply.pk}/delete/").status_code == 302
    assert author.post(f"{place}close/", {"state": "closed"}).status_code == 302
    assert carl.post(place, {"text": "Thanks"}).status_code == 409

    shown = Client().get(place).content.decode()
    assert "Does it take French?" in shown
    assert "Deleted by its writer." in shown
    assert "This conversation is closed." in shown
    assert [row.title for row in Notification.objects.filter(user__username="carl")] == [
        "anna replied in “Languages” on anna/Summarize"
    ]


def test_who_writes_too_much_at_once_is_slowed_down(
    algorithm: Algorithm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rates, "time", SimpleNamespace(time=lambda: 1_800_000_000.0))
    carl = signed_in("carl")
    carl.post(TALK, {"title": "Languages", "text": "Which?"})
    place = f"{TALK}{Thread.objects.get().pk}/"

    answers = [carl.post(place, {"text": f"Number {n}"}).status_code for n in range(12)]

    assert answers == [302] * 9 + [400] * 3
    assert Comment.objects.count() == 10
    assert Client().post(place, {"text": "hello"}).status_code == 401


def test_long_conversation_comes_in_pages_and_a_reply_leads_to_its_own(
    algorithm: Algorithm,
) -> None:
    carl = signed_in("carl")
    carl.post(TALK, {"title": "Which languages?", "text": "Does it speak Greek?"})
    thread = Thread.objects.get()
    owner = Owner.objects.get(name="carl")
    said = (Comment(thread=thread, author=owner, text=f"Word {number}.") for number in range(1, 30))
    Comment.objects.bulk_create(said)

    answer = carl.post(f"{TALK}{thread.pk}/", {"text": "The last word."})
    first = carl.get(f"{TALK}{thread.pk}/").content.decode()
    second = carl.get(answer["Location"]).content.decode()

    comment = Comment.objects.get(text="The last word.")
    assert answer["Location"] == f"{TALK}{thread.pk}/?page=2#comment-{comment.pk}"
    assert "The last word." not in first
    assert first.count('class="card comment"') == 30
    assert second.count('class="card comment"') == 1
    assert "The last word." in second
