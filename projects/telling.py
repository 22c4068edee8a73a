"""What people are told of their services."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from marketplace.accounts import audience, notifications
from projects.models import Launch, Reservation, Service


def failed(launch: Launch, reason: str, last_lines: str) -> None:
    """Tell the owner's people that a service is not online any more, with its last words."""
    service = launch.service
    notifications.tell(
        audience.user_ids_of(service.owner, also_members=True),
        kind="build",
        title=lambda: _("%(service)s has failed") % {"service": service},
        body=f"{reason}\n\n{last_lines}".strip()[:2000],
        url=address(service),
    )


def taken_offline(service: Service, reason: str) -> None:
    """Tell the owner's people that staff have ended what they kept online."""
    notifications.tell(
        audience.user_ids_of(service.owner, also_members=True),
        kind="moderation",
        title=lambda: _("Staff have taken %(service)s offline") % {"service": service},
        body=reason,
        url=address(service),
    )


def address(service: Service) -> str:
    """The page of a service."""
    project = service.project
    return reverse("projects:service", args=[project.owner.name, project.name, service.name])


def reservation_ended(reservation: Reservation, reason: str) -> None:
    """Tell the payer's people that their sandboxes are not kept warm any more, and why."""
    notifications.tell(
        audience.user_ids_of(reservation.owner, also_members=True),
        kind="billing",
        title=lambda: (
            _("The reservation of %(algorithm)s has ended") % {"algorithm": reservation.algorithm}
        ),
        body=reason[:2000],
        url=reverse("projects:reservations"),
    )


def reserved_by_staff(reservation: Reservation) -> None:
    """Tell the payer's people what an administrator has reserved at their expense."""
    notifications.tell(
        audience.user_ids_of(reservation.owner, also_members=True),
        kind="billing",
        title=lambda: (
            _("Staff have reserved %(algorithm)s for you") % {"algorithm": reservation.algorithm}
        ),
        body=lambda: _("You pay for the time in which its sandboxes wait. You can end it."),
        url=reverse("projects:reservations"),
    )
