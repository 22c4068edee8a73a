from __future__ import annotations

import pytest
from django.test import Client

from marketplace.accounts import keys
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import APIKey, AuditEntry, Owner, User

pytestmark = pytest.mark.django_db

TABLES = ["auditentry", "apikey", "failedsignin", "owner", "organization", "user"]


@pytest.fixture
def staff(alice: Actor) -> Client:
    User.objects.filter(username="alice").update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(User.objects.get(username="alice"))
    return client


@pytest.mark.parametrize("table", TABLES)
def test_staff_may_look_at_every_table_and_add_to_none(staff: Client, table: str) -> None:
    assert staff.get(f"/admin/accounts/{table}/").status_code == 200
    assert staff.get(f"/admin/accounts/{table}/add/").status_code == 403


@pytest.mark.parametrize("table", TABLES)
def test_others_do_not_get_in(client: Client, bob: Actor, table: str) -> None:
    client.force_login(User.objects.get(username="bob"))

    assert client.get(f"/admin/accounts/{table}/").status_code == 302


def test_the_audit_log_is_not_edited_even_by_staff(staff: Client, alice: Actor) -> None:
    keys.create(Owner.objects.get(name="alice"), by=alice, label="x")
    entry = AuditEntry.objects.get(action="created a key")

    changed = staff.post(f"/admin/accounts/auditentry/{entry.pk}/change/", {"action": "nothing"})
    deleted = staff.post(f"/admin/accounts/auditentry/{entry.pk}/delete/", {"post": "yes"})

    assert (changed.status_code, deleted.status_code) == (403, 403)
    assert AuditEntry.objects.get(action="created a key").action == "created a key"


def test_no_page_shows_the_hash_of_a_key(staff: Client, alice: Actor) -> None:
    key, _ = keys.create(Owner.objects.get(name="alice"), by=alice, label="x")

    page = staff.get(f"/admin/accounts/apikey/{key.pk}/change/")

    assert page.status_code == 200
    assert APIKey.objects.get().digest not in page.content.decode()


def test_guessing_a_password_is_braked_at_the_staffs_own_door_too(
    client: Client, staff: Client
) -> None:
    def sign_in(password: str) -> int:
        form = {"username": "alice", "password": password}
        return client.post("/admin/login/?next=/admin/", form).status_code

    guesses = [sign_in("wrong") for _ in range(5)]
    right = sign_in("correct horse battery")

    assert guesses == [200] * 5
    assert right == 200  # the form again, and not the 302 of who got in
    assert client.get("/admin/").status_code == 302


def test_staff_come_in_by_their_own_door(client: Client, staff: Client) -> None:
    form = {"username": "alice", "password": "correct horse battery"}

    assert client.post("/admin/login/?next=/admin/", form).status_code == 302
    assert client.get("/admin/").status_code == 200
