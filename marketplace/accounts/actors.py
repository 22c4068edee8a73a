"""Who asks: a person, a key or a running algorithm, as the permission rules see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import UUID

from django.utils.translation import gettext as _

from marketplace.accounts.models import APIKey, Membership, Owner, User
from marketplace.accounts.scopes import PERSON, Scope, covers
from marketplace.lib.errors import NotAllowed, NotSignedIn

T = TypeVar("T")

_ADMINISTRATORS: Final = ("owner", "admin")
_MEMBERS: Final = (*_ADMINISTRATORS, "member")

PATTERNS_NAMED: Final = 3
"""How many of a restricted key's patterns a refusal tells."""


@dataclass(frozen=True, slots=True)
class RunningCall:
    """What is true of a request that comes out of a sandbox: the call it belongs to."""

    call_id: UUID
    root_id: UUID
    depth: int
    algorithm_id: UUID
    algorithm_owner_id: UUID
    algorithm_path: str  # owner/name, for the `.algo` store
    may_call_others: bool
    insights_of: str = ""  # the version of which its author keeps what it reports; empty: nothing
    payer_key_id: UUID | None = None
    payer: str = ""  # whose sandboxes its calls go to, where the caller has no owner: visitors
    root_algorithm_id: UUID | None = None  # whose budgets bound the whole tree
    capped_by: UUID | None = None  # the nearest call with a Max-Cost for itself and all below it


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, what they own and what they may do.

    `owner_id` is whom `.my` means and who pays; `owner_ids` are all owners the actor may act
    for (a person's own and their organizations'); `executes_for` those whose private
    algorithms they may call without seeing the source; `bills_for` those whose bills they may
    see and pay.
    """

    user_id: int | None = None
    owner_id: UUID | None = None
    name: str = "anonymous"
    owner_ids: frozenset[UUID] = frozenset()
    administers: frozenset[UUID] = frozenset()
    executes_for: frozenset[UUID] = frozenset()
    bills_for: frozenset[UUID] = frozenset()
    scopes: frozenset[Scope] = frozenset()
    patterns: tuple[str, ...] | None = None
    key_id: UUID | None = None
    key_label: str = ""
    is_staff: bool = False
    running: RunningCall | None = None
    from_native: bool = field(default=True, compare=False)
    web_origin: str | None = field(default=None, compare=False)  # None: not from web pages

    @property
    def is_anonymous(self) -> bool:
        return self.owner_id is None

    @property
    def stands_in_pages(self) -> bool:
        """Whether it is a key that anybody can read who opens a page of its web site."""
        return self.web_origin is not None

    def speaks_for(self, owner_id: UUID) -> bool:
        """Whether what belongs to the owner is this actor's to see and change."""
        return owner_id in self.owner_ids

    def has(self, scope: Scope) -> bool:
        return scope in self.scopes

    def reaches(self, owner: str, name: str) -> bool:
        """Whether a restricted key's patterns include the algorithm."""
        return self.patterns is None or covers(self.patterns, owner, name)

    def require(self, rule: Callable[[Actor, T], bool], subject: T) -> None:
        """Raise NotSignedIn or NotAllowed unless the rule holds for the subject."""
        if rule(self, subject):
            return
        action = rule.__name__.removeprefix("may_").replace("_", " ")
        if self.is_anonymous:
            raise NotSignedIn(
                _("Sign in or send an API key to %(action)s %(subject)s.")
                % {"action": action, "subject": subject}
            )
        raise NotAllowed(
            _("%(name)s may not %(action)s %(subject)s%(why)s.")
            % {"name": self.name, "action": action, "subject": subject, "why": self._why()}
        )

    def _why(self) -> str:
        if self.key_id is None:
            return ""
        granted = ", ".join(self._granted(scope) for scope in sorted(self.scopes)) or "nothing"
        return _(" with the key “%(label)s”, which allows: %(granted)s") % {
            "label": self.key_label,
            "granted": granted,
        }

    def _granted(self, scope: Scope) -> str:
        if scope is not Scope.CALL or self.patterns is None:
            return scope
        named = list(self.patterns[:PATTERNS_NAMED])
        if len(self.patterns) > PATTERNS_NAMED:
            named.append("and others")
        return f"call {', '.join(named)} only" if named else "call no algorithm"


ANONYMOUS = Actor()


def of_user(user: User) -> Actor:
    """A person signed in with a browser."""
    owner = Owner.objects.get(user=user)
    roles = _roles(user)
    return Actor(
        user_id=user.pk,
        owner_id=owner.pk,
        name=owner.name,
        owner_ids=frozenset({owner.pk, *_with(roles, *_MEMBERS)}),
        administers=frozenset({owner.pk, *_with(roles, *_ADMINISTRATORS)}),
        executes_for=frozenset(_with(roles, "executor")),
        bills_for=frozenset({owner.pk, *_with(roles, *_ADMINISTRATORS, "billing")}),
        scopes=PERSON | ({Scope.ADMIN} if user.is_staff else set()),
        is_staff=user.is_staff,
    )


def of_session(user: object) -> Actor:
    """The person a session belongs to, if they may still come in; else nobody."""
    if not isinstance(user, User) or not user.is_active:
        return ANONYMOUS
    owner = getattr(user, "owner", None)  # `createsuperuser` makes people without a name in URLs
    return ANONYMOUS if owner is None or owner.is_suspended else of_user(user)


def of_key(key: APIKey) -> Actor:
    """A program that sends one of an owner's keys; never more than its person may do."""
    owner = key.owner
    roles = _roles(key.user)
    own = {owner.pk} if owner.organization_id is None else set()
    if owner.organization_id is not None:
        roles = [(pk, role) for pk, role in roles if pk == owner.pk]
    return Actor(
        user_id=key.user_id,
        owner_id=owner.pk,
        name=owner.name,
        owner_ids=frozenset({*own, *_with(roles, *_MEMBERS)}),
        administers=frozenset({*own, *_with(roles, *_ADMINISTRATORS)}),
        executes_for=frozenset(_with(roles, "executor")),
        bills_for=frozenset({*own, *_with(roles, *_ADMINISTRATORS, "billing")}),
        scopes=frozenset() if key.is_admin and not key.user.is_staff else key.scopes,
        patterns=_patterns(key),
        key_id=key.pk,
        key_label=key.label,
        is_staff=key.user.is_staff and key.is_admin,
        from_native=key.from_native,
        web_origin=key.web_origin if key.from_web else None,
    )


def _patterns(key: APIKey) -> tuple[str, ...] | None:
    if key.algorithm_access == APIKey.AlgorithmAccess.RESTRICTED:
        return tuple(key.algorithm_patterns)
    return None


def _roles(user: User) -> list[tuple[UUID, str]]:
    rows = Membership.objects.filter(user=user).exclude(role=Membership.Role.INVITED)
    rows = rows.filter(organization__owner__is_suspended=False)
    return list(rows.values_list("organization__owner__pk", "role"))


def _with(roles: Iterable[tuple[UUID, str]], *wanted: str) -> list[UUID]:
    return [owner_id for owner_id, role in roles if role in wanted]
