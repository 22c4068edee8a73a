"""The secrets of an algorithm: its owner's people set them, its sandboxes read them, nobody else.

A value leaves the database only through `resolving.variables`, on its way into a sandbox.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from django.db import transaction
from django.utils.translation import gettext as _

from algorithms import resolving
from algorithms.models import Algorithm, Secret
from algorithms.models.secret import DESCRIPTION_LENGTH, NAME_LENGTH
from algorithms.permissions import may_edit
from marketplace.accounts import audit
from marketplace.accounts.actors import Actor
from marketplace.lib.errors import BadInput, Conflict, TooLarge, TooMany
from runners.contracts import OWN_VARIABLES

MAX_SECRETS: Final = 50
MAX_VALUE_BYTES: Final = 32 * 1024

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED: Final = ("AGORITHM_", "LD_", "NVIDIA_")
"""Ours, and what would change how a container engine or its GPU hooks start the sandbox."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What somebody says about a secret, unchecked; None where they say nothing."""

    short_name: object = None
    secret_key: object = None
    value: object = field(default=None, repr=False)
    description: object = None


def listed(algorithm: Algorithm, *, by: Actor) -> list[Secret]:
    by.require(may_edit, algorithm)
    return list(algorithm.secrets.all())


def create(algorithm: Algorithm, given: Given, *, by: Actor) -> Secret:
    """Keep a value under the name of an environment variable."""
    by.require(may_edit, algorithm)
    if None in (given.short_name, given.secret_key, given.value):
        raise BadInput(_("A secret needs a short name, a key (its variable's name) and a value."))
    secret = Secret(algorithm=algorithm)
    _set(secret, given)
    with transaction.atomic():
        _lock(algorithm)
        if algorithm.secrets.count() >= MAX_SECRETS:
            raise TooMany(
                _("%(algorithm)s already has %(max_secrets)s secrets; remove one first.")
                % {"algorithm": algorithm, "max_secrets": MAX_SECRETS}
            )
        _save(secret)
        audit.record(by, "created a secret", algorithm, secret=secret.secret_key)
    return secret


def change(secret: Secret, given: Given, *, by: Actor) -> Secret:
    """Change what is given; the rest stays. New sandboxes get the new value, warm ones end idle."""
    algorithm = secret.algorithm
    by.require(may_edit, algorithm)
    _set(secret, given)
    with transaction.atomic():
        _lock(algorithm)
        _save(secret)
        has_new_value = "no" if given.value is None else "yes"
        details = {"secret": secret.secret_key, "new_value": has_new_value}
        audit.record(by, "changed a secret", algorithm, **details)
    return secret


def remove(secret: Secret, *, by: Actor) -> None:
    algorithm = secret.algorithm
    by.require(may_edit, algorithm)
    with transaction.atomic():
        audit.record(by, "removed a secret", algorithm, secret=secret.secret_key)
        secret.delete()
        transaction.on_commit(resolving.forget_all)


def _set(secret: Secret, given: Given) -> None:
    """Write what is given into the row; no message ever holds the value."""
    if given.short_name is not None:
        secret.short_name = _text(given.short_name, "short name", NAME_LENGTH)
        if not secret.short_name:
            raise BadInput(_("A secret needs a short name, by which people know it."))
    if given.description is not None:
        secret.description = _text(given.description, "description", DESCRIPTION_LENGTH)
    if given.secret_key is not None:
        secret.secret_key = _variable(given.secret_key)
    if given.value is not None:
        secret.seal(_value(given.value))


def _text(text: object, what: str, length: int) -> str:
    if not isinstance(text, str) or len(text) > length or "\0" in text:
        raise BadInput(
            _("The %(what)s of a secret is a text of %(length)s characters at most.")
            % {"what": what, "length": length}
        )
    return text.strip()


def _variable(name: object) -> str:
    if not isinstance(name, str) or len(name) > NAME_LENGTH or not _VARIABLE.fullmatch(name):
        raise BadInput(
            _(
                "The key of a secret is the name of its environment variable: letters, digits and "
                "underscores, no digit first, %(name_length)s characters at most."
            )
            % {"name_length": NAME_LENGTH}
        )
    if name in OWN_VARIABLES or name.startswith(_RESERVED):
        raise BadInput(
            _("The platform itself sets %(name)s in sandboxes; choose another name.")
            % {"name": name}
        )
    return name


def _value(value: object) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise BadInput(_("The value of a secret is a text, not empty and without NUL characters."))
    if len(value.encode()) > MAX_VALUE_BYTES:
        raise TooLarge(
            _("The value of a secret may have %(max_value_bytes)s KiB at most.")
            % {"max_value_bytes": MAX_VALUE_BYTES // 1024}
        )
    return value


def _lock(algorithm: Algorithm) -> None:
    """Let nobody else add one meanwhile."""
    Algorithm.objects.select_for_update().get(pk=algorithm.pk)


def _save(secret: Secret) -> None:
    same = Secret.objects.filter(algorithm_id=secret.algorithm_id, secret_key=secret.secret_key)
    if same.exclude(pk=secret.pk).exists():
        raise Conflict(
            _(
                "%(algorithm)s already has a secret %(secret_key)s: change that one (PUT), or "
                "remove it first."
            )
            % {"algorithm": secret.algorithm, "secret_key": secret.secret_key}
        )
    secret.save()
    transaction.on_commit(resolving.forget_all)
