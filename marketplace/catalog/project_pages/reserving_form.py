"""What the page of reservations may send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from projects.models import Reservation
from projects.reserving import Wanted


class ReservationForm(forms.Form):
    algorithm = forms.CharField(
        label=_("Algorithm"),
        max_length=100,
        help_text=_("Its place, such as alice/Hello."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    version_type = forms.ChoiceField(
        label=_("Version"),
        choices=Reservation.VersionType.choices,
        help_text=_("The latest of a kind follows each new version by itself."),
    )
    version_identifier = forms.CharField(
        label=_("Which version or commit"),
        max_length=40,
        required=False,
        help_text=_("For one version 1.2.3, for one commit its 40 digits; else empty."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    num_slots = forms.IntegerField(
        label=_("Sandboxes"),
        min_value=1,
        help_text=_("Each takes one call at a time."),
    )
    owner = forms.ModelChoiceField(
        label=_("Who calls and pays"), queryset=Owner.objects.none(), empty_label=None
    )

    def __init__(self, data: QueryDict | None, *, actor: Actor) -> None:
        super().__init__(data)
        owners: Any = self.fields["owner"]
        owners.queryset = (
            Owner.objects.filter(pk__in=actor.owner_ids)
            .select_related("user", "organization")
            .order_by("name")
        )
        self.fields["num_slots"].widget.attrs["max"] = settings.RESERVED_SLOTS_PER_ACCOUNT
        self.initial.update({"owner": actor.owner_id, "num_slots": 1})

    def wanted(self) -> Wanted:
        given = self.cleaned_data
        return Wanted(
            path=given["algorithm"].strip(),
            version_type=given["version_type"],
            identifier=given["version_identifier"],
            slots=given["num_slots"],
        )
