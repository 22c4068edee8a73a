"""What pages of staff may send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Announcement, Incident, SiteSettings
from marketplace.lib import names

_GIB = 1024**3
_MOMENT = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class GigabytesField(forms.FloatField):
    """Typed in GiB, kept in bytes; empty is no limit of its own."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(min_value=0, max_value=1024 * 1024, required=False, **options)

    def clean(self, value: Any) -> int | None:  # noqa: ANN401 - Django's
        number = super().clean(value)
        return None if number is None else round(number * _GIB)

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401 - Django's
        return value / _GIB if isinstance(value, int) and value else value


class _LimitFields(forms.Form):
    calls_at_once = forms.IntegerField(
        label=_("Calls at the same time"), min_value=0, max_value=100_000, required=False
    )
    builds_at_once = forms.IntegerField(
        label=_("Builds waiting or running"), min_value=0, max_value=10_000, required=False
    )
    storage_bytes = GigabytesField(label=_("Storage in GiB"))


class SettingsForm(_LimitFields):
    title = forms.CharField(label=_("Title of the site"), max_length=60, required=False)
    terms_url = forms.CharField(
        label=_("Link to the terms"),
        max_length=500,
        required=False,
        help_text=_(
            "An address, or a path of this site. Shown where people sign up and below every page."
        ),
    )
    sign_up = forms.ChoiceField(
        label=_("Who may make an account"),
        choices=SiteSettings.SignUp.choices,
        widget=forms.RadioSelect,
    )
    field_order = ["title", "terms_url", "sign_up"]


class OwnerLimitsForm(_LimitFields):
    owner = forms.CharField(label=_("Account or organization"), max_length=names.MAX_LENGTH)
    note = forms.CharField(label=_("Note"), max_length=200, required=False)
    field_order = ["owner"]


class InvitationForm(forms.Form):
    code = forms.CharField(
        label=_("Code"), max_length=40, required=False, help_text=_("Left empty, one is made.")
    )
    comment = forms.CharField(label=_("For whom"), max_length=200, required=False)
    uses = forms.IntegerField(label=_("How often"), min_value=1, max_value=10_000, initial=1)
    expires_at = forms.DateTimeField(label=_("Until (UTC)"), required=False, widget=_MOMENT)


class AnnouncementForm(forms.Form):
    text = forms.CharField(label=_("Text"), max_length=300)
    link = forms.CharField(
        label=_("Link"),
        max_length=500,
        required=False,
        help_text=_("To read more, if there is more."),
    )
    severity = forms.ChoiceField(label=_("Severity"), choices=Announcement.Severity.choices)
    starts_at = forms.DateTimeField(label=_("From (UTC)"), required=False, widget=_MOMENT)
    ends_at = forms.DateTimeField(label=_("Until (UTC)"), required=False, widget=_MOMENT)
    is_dismissible = forms.BooleanField(
        label=_("People may put it away"), required=False, initial=True
    )


class IncidentForm(forms.Form):
    title = forms.CharField(label=_("What is wrong"), max_length=120)
    text = forms.CharField(
        label=_("What is known"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class IncidentUpdateForm(forms.Form):
    state = forms.ChoiceField(label=_("State"), choices=Incident.State.choices)
    text = forms.CharField(
        label=_("What is known"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )


class AuditForm(forms.Form):
    who = forms.CharField(label=_("Who"), max_length=100, required=False)
    action = forms.CharField(label=_("Did what"), max_length=60, required=False)
    target = forms.CharField(label=_("To what"), max_length=200, required=False)
    since = forms.DateField(
        label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
