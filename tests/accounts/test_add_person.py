from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from marketplace.accounts.models import APIKey, User
from marketplace.api.authentication import actor_from
from marketplace.lib import tokens

pytestmark = pytest.mark.django_db


def add_person(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("add_person", *arguments, stdout=out)
    printed: dict[str, Any] = json.loads(out.getvalue())
    return printed


def test_it_prints_what_is_needed_to_sign_in_and_to_call() -> None:
    person = add_person("carol")

    user = User.objects.get()
    assert (person["name"], person["email"]) == ("carol", "carol@example.org")
    assert user.check_password(person["password"])
    assert actor_from(person["key"]).name == "carol"


def test_run_again_with_the_same_key_it_changes_nothing() -> None:
    secret = tokens.new_api_key()
    first = add_person("carol", "--keep", "--key", secret, "--password", "tr0ub4dor&3x")

    again = add_person("carol", "--keep", "--key", secret, "--password", "something else")

    assert first["key"] == again["key"] == secret
    assert (first["is_new"], again["is_new"]) == (True, False)
    assert User.objects.get().check_password("tr0ub4dor&3x")
    assert APIKey.objects.usable().count() == 1


def test_without_keep_an_existing_name_is_refused() -> None:
    add_person("carol")

    with pytest.raises(CommandError, match="taken"):
        add_person("Carol", "--email", "other@example.org")

    assert User.objects.count() == 1


def test_a_key_of_another_form_is_refused_and_nobody_is_made() -> None:
    with pytest.raises(CommandError, match="form"):
        add_person("carol", "--key", "sim123")

    assert not User.objects.exists()


def test_only_staff_get_a_key_for_administration() -> None:
    with pytest.raises(CommandError, match="Only staff"):
        add_person("carol", "--admin-key")

    staff = add_person("dave", "--staff", "--admin-key")

    assert not User.objects.filter(username="carol").exists()
    assert actor_from(staff["admin_key"]).scopes == {"admin"}
