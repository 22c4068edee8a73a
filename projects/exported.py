"""What this part keeps of a person, for the archive of their data."""

from __future__ import annotations

from marketplace.accounts import exporting
from marketplace.accounts.exporting import Rows
from marketplace.accounts.models import Owner
from projects.models import Project, Reservation, Service


def _projects(owner: Owner) -> Rows:
    rows = Project.objects.filter(owner=owner).order_by("name")
    return rows.values("name", "tagline", "description", "is_public", "created_at")


def _services(owner: Owner) -> Rows:
    rows = Service.objects.filter(owner=owner).order_by("created_at")
    return rows.values("project__name", "name", "algorithm__name", "port", "options", "created_at")


def _reservations(owner: Owner) -> Rows:
    rows = Reservation.objects.filter(owner=owner).order_by("created_at")
    return rows.values(
        "algorithm__name",
        "version_type",
        "version_identifier",
        "num_slots",
        "charged",
        "created_at",
    )


exporting.sections["reservations"] = _reservations
exporting.sections["projects"] = _projects
exporting.sections["services"] = _services
