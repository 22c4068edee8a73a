"""A case from its signal to its decision and appeal, through the pages."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

from algorithms import resolving
from algorithms.models import Algorithm, Build
from marketplace.accounts import actors, closing
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import AuditEntry, Notification, Owner, User
from marketplace.catalog.models import Appeal, Case, Decision
from marketplace.lib.errors import NotFound
from runners.models import RefusedConnection
from runners.refusals import Attempt, store
from tests.catalog.moderation.conftest import publish, signed_in

pytestmark = pytest.mark.django_db
REASON = "It sends what callers give it to a server its page does not name."


def actor(name: str) -> Actor:
    return actors.of_user(User.objects.get(username=name))


def decide(client: Client, case: Case, action: str, reason: str = REASON) -> int:
    form = {"action": action, "reason": reason}
    return client.post(f"/moderation/cases/{case.pk}/", form).status_code


def told(name: str) -> list[str]:
    rows = Notification.objects.filter(user__username=name).order_by("pk")
    return [row.title for row in rows]


def test_first_version_and_widened_permissions_reach_the_queue_by_risk(
    staff: Client, algorithm: Algorithm
) -> None:
    publish(algorithm, "1.0.0")
    publish(algorithm, "2.0.0", network_access="full", may_call_others=True)
    publish(algorithm, "2.0.1", network_access="full", may_call_others=True)

    page = staff.get("/moderation/").content.decode()

    cases = {case.label: case for case in Case.objects.all()}
    assert set(cases) == {"anna/Summarize/1.0.0", "anna/Summarize/2.0.0"}
    assert cases["anna/Summarize/1.0.0"].signals[0]["kind"] == "first_version"
    assert "reaches the internet and may call other algorithms" in page
    assert page.index("Summarize/2.0.0") < page.index("Summarize/1.0.0")


def test_queue_and_cases_are_for_staff_only(author: Client, algorithm: Algorithm) -> None:
    publish(algorithm)
    case = Case.objects.get()

    answers = [
        author.get("/moderation/").status_code,
        author.get(f"/moderation/cases/{case.pk}/").status_code,
        decide(author, case, "approve"),
        author.get("/staff/audit/").status_code,
        author.get("/staff/audit.csv").status_code,
        Client().get("/moderation/").status_code,
    ]

    assert answers == [403, 403, 403, 403, 403, 302]
    assert not Decision.objects.exists()


def test_refused_connections_stand_in_the_sandbox_report(
    staff: Client, algorithm: Algorithm
) -> None:
    version = publish(algorithm)
    Build.objects.filter(pk=version.build_id).update(source_digest="s" * 64)
    many = {Attempt("s" * 64, f"h{number}.example", 443): 1 for number in range(60)}

    store({Attempt("s" * 64, "10.0.0.1", 5432): 3, Attempt("other", "a.example", 80): 1})
    store({Attempt("s" * 64, "10.0.0.1", 5432): 4} | many)
    page = staff.get(f"/moderation/cases/{Case.objects.get().pk}/").content.decode()

    rows = RefusedConnection.objects.filter(source="s" * 64)
    assert rows.get(host="10.0.0.1").count == 7
    assert rows.count() == 51
    assert rows.get(host="").count == 11
    assert "Connections that were refused" in page
    assert "10.0.0.1" in page
    assert "a.example" not in page


def test_quarantine_hides_stops_tells_and_is_reversible(
    staff: Client, caller: Client, author: Client, algorithm: Algorithm
) -> None:
    publish(algorithm)
    case = Case.objects.get()
    path = "/algorithms/anna/Summarize/"

    assert decide(staff, case, "quarantine") == 302

    assert caller.get(path).status_code == 404
    assert author.get(path).status_code == 200
    assert "In quarantine since" in author.get(path).content.decode()
    assert not Algorithm.objects.visible_to(actor("carl")).exists()
    for name in ("carl", "anna"):
        with pytest.raises(NotFound, match="is quarantined: this site's moderators"):
            resolving.resolve("anna", "Summarize", "1.0.0", by=actor(name))
    assert told("anna") == ["anna/Summarize/1.0.0 is in quarantine"]
    assert REASON in Notification.objects.get(user__username="anna").body

    assert decide(staff, case, "release", "The author has shown what it sends, and where.") == 302
    assert caller.get(path).status_code == 200
    assert resolving.resolve("anna", "Summarize", "1.*", by=actor("carl")).label == "1.0.0"


def test_yanked_version_is_not_offered_but_runs_for_who_named_it(
    staff: Client, algorithm: Algorithm
) -> None:
    publish(algorithm, "1.0.0")
    publish(algorithm, "1.0.1", network_access="full")
    case = Case.objects.get(version__revision=1)

    decide(staff, case, "yank", "Its answers are wrong for empty texts.")

    by = actor("stella")
    assert resolving.resolve("anna", "Summarize", "1.*", by=by).label == "1.0.0"
    assert resolving.resolve("anna", "Summarize", "", by=by).label == "1.0.0"
    pinned = resolving.resolve("anna", "Summarize", "1.0.1", by=by)
    assert pinned.label == "1.0.1"
    assert "was withdrawn" in pinned.warning
    assert "Its answers are wrong for empty texts." in pinned.warning
    page = Client().get("/algorithms/anna/Summarize/?version=1.0.1").content.decode()
    assert "Version 1.0.1 was withdrawn." in page


def test_suspended_owner_appeals_by_the_letter_and_somebody_else_decides(
    staff: Client, other_staff: Client, author: Client, caller: Client, algorithm: Algorithm
) -> None:
    publish(algorithm)
    decide(staff, Case.objects.get(), "suspend")
    letter = Notification.objects.get(user__username="anna").url
    words = {"text": "It was my colleague's test, and it is gone now."}

    assert author.get("/dashboard/").status_code == 302
    assert caller.get(letter.split("?")[0]).status_code == 404
    assert Client().post(letter, words).status_code == 302
    assert Client().post(letter, words).status_code == 200  # a second time there is no form

    appeal = Appeal.objects.get()
    answer = {"outcome": "granted", "text": "That is so: the account may go on."}
    own = staff.post(f"/moderation/appeals/{appeal.pk}/", answer)
    assert own.status_code == 400
    assert "somebody else of the staff must answer" in own.content.decode()
    assert Owner.objects.get(name="anna").is_suspended

    assert other_staff.post(f"/moderation/appeals/{appeal.pk}/", answer).status_code == 302
    appeal.refresh_from_db()
    assert appeal.state == Appeal.State.GRANTED
    assert not Owner.objects.get(name="anna").is_suspended
    assert signed_in("anna").get("/dashboard/").status_code == 200
    assert Decision.objects.get(action="unsuspend").reverses == appeal.decision
    assert told("anna")[1:] == [
        "Your account is no longer suspended",
        "Your appeal was granted: anna/Summarize/1.0.0",
    ]


def test_no_decision_opens_an_account_again_that_was_closed(
    staff: Client, algorithm: Algorithm
) -> None:
    publish(algorithm)
    case = Case.objects.get()
    closing.close(Owner.objects.get(name="anna"), by=actor("anna"))

    answers = [decide(staff, case, action) for action in ("unsuspend", "suspend", "unsuspend")]

    anna = Owner.objects.get(name="anna")
    assert answers == [400, 302, 302]
    assert (anna.is_suspended, anna.was_suspended) == (True, False)


def test_staff_do_not_decide_about_their_own(algorithm: Algorithm) -> None:
    publish(algorithm)
    anna = signed_in("anna", is_staff=True)
    case = Case.objects.get()

    answer = anna.post(f"/moderation/cases/{case.pk}/", {"action": "approve", "reason": REASON})

    assert answer.status_code == 400
    assert "somebody else must decide" in answer.content.decode()
    assert not Decision.objects.exists()


def test_decision_needs_a_reason_and_two_cannot_decide_the_same(
    staff: Client, other_staff: Client, algorithm: Algorithm
) -> None:
    publish(algorithm)
    case = Case.objects.get()

    assert decide(staff, case, "quarantine", "bad") == 400
    assert decide(staff, case, "quarantine") == 302
    assert decide(other_staff, case, "quarantine") == 400
    assert decide(other_staff, case, "approve") == 400

    assert [row.action for row in Decision.objects.all()] == ["quarantine"]


def test_changes_asked_for_bring_the_case_back_when_they_come(
    staff: Client, algorithm: Algorithm
) -> None:
    publish(algorithm, "1.0.0")
    case = Case.objects.get()
    decide(staff, case, "ask", "Say on the page what the model was trained on.")
    case.refresh_from_db()
    assert case.state == Case.State.WAITING
    assert "Queue empty. Median wait this week: 1 min" in " ".join(
        re.sub(r"<[^>]+>", " ", staff.get("/moderation/").content.decode()).split()
    )

    publish(algorithm, "1.0.1")

    case.refresh_from_db()
    assert case.state == Case.State.OPEN
    newest = Case.objects.get(version__revision=1)
    assert newest.signals[0]["kind"] == "changed"


def test_letters_are_shown_before_and_name_nobody_of_the_staff(
    staff: Client, caller: Client, algorithm: Algorithm
) -> None:
    version = publish(algorithm)
    form = {
        "reason": "malicious",
        "text": "It answers with my neighbour's data.",
        "pointer": "req-1",
    }
    caller.post(f"/report/version/{version.pk}/", form)
    case = Case.objects.get()

    shown = staff.post(
        f"/moderation/cases/{case.pk}/",
        {"action": "quarantine", "reason": REASON, "preview": "1"},
    ).content.decode()
    assert "To the owner" in shown
    assert "To whoever reported it" in shown
    assert not Decision.objects.exists()

    decide(staff, case, "quarantine")
    bodies = [row.title + row.body for row in Notification.objects.all()]
    assert len(bodies) == 2
    assert not any("stella" in body for body in bodies)
    assert "carl" not in Notification.objects.get(user__username="anna").body


def test_decisions_stand_in_the_audit_log_and_its_file(staff: Client, algorithm: Algorithm) -> None:
    publish(algorithm)
    decide(staff, Case.objects.get(), "approve", "It does what its page says and no more.")

    page = staff.get("/staff/audit/?who=stella&action=decided").content.decode()
    lines = b"".join(staff.get("/staff/audit.csv?who=stella").streaming_content).decode()  # type: ignore[attr-defined]

    entry = AuditEntry.objects.get(action="decided: approve")
    assert entry.target == "anna/Summarize/1.0.0"
    assert "It does what its page says and no more." in page
    assert "stella,,decided: approve,anna/Summarize/1.0.0" in lines
    assert mail.outbox == []
