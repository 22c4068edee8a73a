"""A small world in which every page has something to show, made in the site's own database.

`python manage.py shell --no-imports -c "from tests.e2e.showcase import show; show()"` makes it
and prints, as one line of JSON, where all pages of `routes.py` are and who may look at them.
"""

from __future__ import annotations

import io
import json
import sys
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from PIL import Image

from algorithms import authoring, build_logs, gallery, repositories
from algorithms.models import Algorithm, Build, Call, Run, Version
from marketplace.accounts import actors, invitations, notifications, organizations, registration
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Announcement, Membership, Owner, User
from marketplace.accounts.organizations import Details
from marketplace.catalog import listing, measuring, seeding
from marketplace.catalog.models import Category, Comment, Follow, Star, Tag, Thread
from marketplace.catalog.moderation import appealing, cases, deciding, reporting
from marketplace.catalog.reviews import discussing, reviewing
from marketplace.staff import incidents
from runners import refusals
from runners.models import Environment
from tests.e2e import routes, showcase_data, showcase_environments, showcase_gate, showcase_money
from tests.e2e import showcase_projects as projects
from tests.e2e.pages import PASSWORD
from tests.factories import BuildFactory, VersionFactory

NAMES: Final = {
    routes.AUTHOR: ("maya_show", "Maya Lindqvist"),
    routes.CALLER: ("carl_show", "Carl Okafor"),
    routes.NEWCOMER: ("nina_show", "Nina Brandt"),
    routes.STAFF: ("sofia_show", "Sofia Moreau"),
}
NAME: Final = "DetectLanguage"
README: Final = b"""# Detect language

Names the language of a text, out of 176, in about two milliseconds.

| language | accuracy |
|---|---|
| English | 99.1 % |
| German | 98.7 % |

```python
client.algo("maya_show/DetectLanguage").pipe("Guten Tag").result
```

- short texts are hard: give at least five words;
- mixed texts are named after the language of most of their words.
"""
SOURCE: Final = b'''"""Names the language of a text."""


def apply(text: str, most: int = 3) -> dict[str, float]:
    """The likeliest languages of `text`, at `most` so many, with their probabilities."""
    return {"de": 0.97, "nl": 0.02}
'''
LOG: Final = """Taking commit into a clean folder
Locking 4 requirements for Python 3.11
  + fasttext-wheel 0.9.2
  + numpy 2.3.1
Installing in a sandbox that reaches the package index only
Loading src.DetectLanguage as it will run
"""
INPUT_SCHEMA: Final = {
    "type": "object",
    "required": ["text"],
    "properties": {
        "text": {"type": "string", "title": "Text", "maxLength": 5000},
        "most": {"type": "integer", "minimum": 1, "maximum": 10, "default": 3},
        "style": {"enum": ["short", "long"], "default": "short"},
        "strict": {"type": "boolean", "default": False},
    },
}
OUTPUT_SCHEMA: Final = {"type": "object", "additionalProperties": {"type": "number"}}
SAMPLE: Final = (
    '{"text": "Wo ist die Bibliothek, bitte?", "most": 2}',
    '{"de": 0.97, "nl": 0.02}',
)
Values = dict[str, str]


@transaction.atomic
def show(algorithms: int = 60) -> None:
    """Make everything or nothing; print the pages."""
    for _ in seeding.seed(algorithms):
        pass
    people = {who: _person(*name) for who, name in NAMES.items()}
    values = {who: NAMES[who][0] for who in NAMES}
    values |= _organization(people)
    algorithm = _algorithm(people[routes.AUTHOR])
    values |= _builds_and_versions(algorithm, people)
    author = people[routes.AUTHOR]
    values |= showcase_gate.guard(algorithm, author=author, refused=_build(algorithm, author))
    values |= _used(algorithm, people)
    values |= projects.arrange(algorithm, author=author)
    values |= showcase_money.spend(algorithm, author=author, caller=people[routes.CALLER])
    values |= showcase_data.connected(people[routes.AUTHOR])
    values |= _moderated(algorithm, people)
    values |= _announced(people) | showcase_environments.furnish(people[routes.STAFF])
    listing.refresh_all()
    measuring.measure_all()
    pages = [_placed(page, values) for page in routes.PAGES]
    sys.stdout.write(json.dumps({"pages": pages, "names": NAMES}) + "\n")


def _placed(page: routes.Page, values: Values) -> dict[str, Any]:
    path = reverse(page.route, args=[values[name] for name in page.arguments.split()])
    return {
        "label": f"{page.label}-{page.who}",
        "path": path + page.query,
        "who": page.who,
        "is_public": page.is_public,
    }


def _person(name: str, full_name: str) -> Actor:
    made = registration.sign_up(
        username=name, email=f"{name}@example.org", password=PASSWORD, full_name=full_name
    )
    if name == NAMES[routes.STAFF][0]:
        made.user.is_staff = made.user.is_superuser = True
        made.user.save(update_fields=["is_staff", "is_superuser"])
    return actors.of_user(made.user)


def _organization(people: dict[str, Actor]) -> Values:
    author, caller = people[routes.AUTHOR], people[routes.CALLER]
    details = Details(label="Northlight Research", website="https://example.org")
    owner = organizations.create("northlight_show", by=author, details=details)
    author = actors.of_user(_user(author))
    organizations.ask_for_approval(owner, by=author, asks=True)
    invitations.invite(owner, _user(caller), by=author, role=Membership.Role.MEMBER)
    tokens: list[str] = []
    invitations.invite_address(
        owner,
        "somebody@example.org",
        by=author,
        role=Membership.Role.ADMIN,
        link_of=lambda token: tokens.append(token) or "https://example.org/",  # type: ignore[func-returns-value]
    )
    waiting = _written(owner, author, "SummarizeVeryLongReports")
    VersionFactory.create(
        build=_build(waiting, author), callability="public", approval="waiting", sample_input='"a"'
    )
    return {"organization": owner.name, "invitation": tokens[0]}


def _written(owner: Owner, by: Actor, name: str) -> Algorithm:
    environment = Environment.objects.offered().get(slug="python311")
    return authoring.create(
        owner,
        by=by,
        name=name,
        environment=environment,
        label="Detect language" if name == NAME else name,
        tagline="Names the language of a text, out of 176, and says how sure it is.",
        source_visibility=Algorithm.SourceVisibility.OPEN,
        sample_input=SAMPLE[0],
    )


def _algorithm(author: Actor) -> Algorithm:
    algorithm = _written(_owner(author), author, NAME)
    authoring.save_files(
        algorithm,
        by=author,
        changes={"README.md": README, f"src/{NAME}.py": SOURCE},
        message="Name the language of short texts too",
    )
    algorithm.readme, algorithm.is_public = README.decode(), True
    algorithm.performance_notes = "**2 ms** for a sentence on one core; 98.9 % on WiLI-2018."
    algorithm.links = [{"label": "Paper", "url": "https://example.org/paper"}]
    algorithm.task = "text"
    algorithm.save()
    for name in ("language", "text-classification"):
        Tag.objects.get_or_create(name=name)[0].algorithms.add(algorithm)
    picture = io.BytesIO()
    Image.linear_gradient("L").resize((960, 600)).save(picture, "PNG")
    gallery.add(
        algorithm, picture.getvalue(), by=author, description="Accuracy by the length of the text"
    )
    return algorithm


def _build(algorithm: Algorithm, by: Actor, state: str = Build.State.SUCCEEDED) -> Build:
    now = timezone.now()
    build: Build = BuildFactory.create(
        algorithm=algorithm,
        commit=repositories.head(algorithm.pk),
        state=state,
        requested_by=_user(by),
        started_at=now - timedelta(seconds=9),
        finished_at=now,
        was_cached=True,
    )
    is_good = state == Build.State.SUCCEEDED
    build.error = "" if is_good else "src/DetectLanguage.py, line 4: NameError: name 'most' ..."
    build.save()
    build_logs.close(build.pk, LOG + ("Built in 9.0 s\n" if is_good else f"{build.error}\n"))
    return build


def _builds_and_versions(algorithm: Algorithm, people: dict[str, Actor]) -> Values:
    author = people[routes.AUTHOR]
    good = _build(algorithm, author)
    shared: dict[str, Any] = {
        "callability": "public",
        "sample_input": SAMPLE[0],
        "sample_output": SAMPLE[1],
        "input_schema": INPUT_SCHEMA,
        "output_schema": OUTPUT_SCHEMA,
        "schema_source": "signature",
        "published_by": _user(author),
    }
    VersionFactory.create(build=good, major=1, minor=0, release_notes="First version.", **shared)
    VersionFactory.create(
        build=_build(algorithm, author),
        major=1,
        minor=1,
        release_notes="Faster, and surer of short texts.",
        royalty_microcredits=5_000_000,
        **shared,
    )
    failed = _build(algorithm, author, Build.State.FAILED)
    return {
        "algorithm": algorithm.name,
        "build": str(good.pk),
        "failed_build": str(failed.pk),
        "version": "1.1.0",
        "algorithm_id": str(algorithm.pk),
    }


def _used(algorithm: Algorithm, people: dict[str, Actor]) -> Values:
    """Calls, a kept run, a review with its answer, a conversation, stars and follows."""
    author, caller = people[routes.AUTHOR], people[routes.CALLER]
    version = algorithm.versions.newest_first()[0]
    calls = [_call(version, caller, number) for number in range(40)]
    Call.objects.bulk_create(calls)
    showcase_data.report(calls[:12])
    run = Run.objects.create(
        call_id=calls[1].pk,
        kept_by=_owner(caller),
        algorithm=algorithm,
        version=version,
        input=SAMPLE[0],
        answer=json.dumps({"result": json.loads(SAMPLE[1]), "metadata": {"duration": 0.004}}),
        seconds=0.004,
        expires_at=timezone.now() + timedelta(days=30),
    )
    text = "Right in 97 of 100 support mails, and it says so when it is not sure."
    review = reviewing.write(algorithm, by=caller, major=1, rating=4, text=text)
    reviewing.answer(review, by=author, text="Thank you! Mixed texts come with the next version.")
    thread = discussing.begin(
        algorithm, by=caller, title="What about mixed texts?", text="Which language wins?"
    )
    discussing.reply(thread, by=author, text="The one with most words. See the `most` field.")
    own = Comment.objects.filter(thread=thread, author=caller.owner_id)[0]
    for who in (caller, people[routes.STAFF]):
        Star.objects.create(user=_user(who), algorithm=algorithm)
        Follow.objects.create(user=_user(who), owner_id=author.owner_id)
    return {
        "run": str(run.pk),
        "review": str(review.pk),
        "thread": str(Thread.objects.get(pk=thread.pk).pk),
        "comment": str(own.pk),
        "category": str(Category.objects.order_by("position")[0].slug),
        "tag": "language",
    }


def _call(version: Version, caller: Actor, number: int) -> Call:
    has_failed = number % 9 == 4
    identifier = uuid4()
    return Call(
        id=identifier,
        root_id=identifier,
        caller_id=caller.owner_id,
        algorithm=version.algorithm,
        version=version,
        build_id=version.build_id,
        result=Call.Result.FAILED if has_failed else Call.Result.SUCCEEDED,
        error_type="ValueError" if has_failed else "",
        error_message="The text is empty." if has_failed else "",
        run_us=4000 + 150 * number,
        total_us=5200 + 170 * number,
        output_kind="json",
        started_at=timezone.now() - timedelta(hours=7 * number),
    )


def _moderated(algorithm: Algorithm, people: dict[str, Actor]) -> Values:
    """One open case with a report; one decided, and appealed against."""
    author, caller, staff = (people[who] for who in (routes.AUTHOR, routes.CALLER, routes.STAFF))
    version = algorithm.versions.newest_first()[0]
    about = cases.about_version(version)
    cases.note(about, kind="first_version", text="The first public version of this owner.")
    Build.objects.filter(pk=version.build_id).update(source_digest="5" * 64)
    refusals.store(
        {
            refusals.Attempt("5" * 64, "169.254.169.254", 80): 12,
            refusals.Attempt("5" * 64, "collector.a-very-long-name-of-a-host.example.net", 8443): 3,
        }
    )
    said = reporting.report(
        about, by=caller, reason="broken", text="It answers German for Dutch.", pointer="src:4"
    )
    other = cases.open_case(cases.about_algorithm(algorithm))
    decision = deciding.decide(
        other, by=staff, action="quarantine", reason="It reaches a host that its page hides."
    )
    appealing.appeal(decision, by=author, text="That host serves the model file; see line 12.")
    Algorithm.objects.filter(pk=algorithm.pk).update(quarantined_at=None)
    return {"subject": "algorithm", "case": str(said.case_id), "decision": str(decision.pk)}


def _announced(people: dict[str, Actor]) -> Values:
    author = people[routes.AUTHOR]
    Announcement.objects.create(
        text="On Sunday from 02:00 to 03:00 UTC builds wait while we add machines.", link="/status/"
    )
    incidents.begin("Builds are slow", "The package index answers late.", by=people[routes.STAFF])
    for kind, title in (
        ("organization", "Carl Okafor has been invited to Northlight Research"),
        ("security", "A new sign-in from Chromium on Linux"),
    ):
        notifications.tell([author.user_id or 0], kind=kind, title=title, body="A little more.")
    owner = _owner(author)
    user = _user(_person("lars_show", "Lars Forgetful"))
    return {
        "key": str(owner.api_keys.all()[0].pk),
        "recovery_reference": urlsafe_base64_encode(force_bytes(user.pk)),
        "recovery_token": default_token_generator.make_token(user),
    }


def _owner(actor: Actor) -> Owner:
    assert actor.owner_id is not None
    return Owner.objects.get(pk=actor.owner_id)


def _user(actor: Actor) -> User:
    user = _owner(actor).user
    assert user is not None
    return user
