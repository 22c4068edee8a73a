"""What pages of staff may send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from marketplace.accounts.models import Announcement, Incident, SiteSettings
from marketplace.lib import names
from marketplace.lib.errors import BadInput
from marketplace.lib.money import parse_credits
from runners import languages
from runners.models import Environment

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


class NewEnvironmentForm(forms.Form):
    """An environment as staff declare it; `runners.declared` says what may stand in it."""

    slug = forms.CharField(
        label=_("Short name"),
        max_length=59,
        help_text=_("Small letters, digits and dashes, such as pytorch-python311. It stays."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    display_name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(label=_("Description"), max_length=300, required=False)
    language = forms.ChoiceField(label=_("Language"))
    version = forms.CharField(
        label=_("Version"), max_length=20, help_text=_("Of the language, such as 3.11.")
    )
    machine = forms.CharField(
        label=_("Kind of machine"),
        max_length=40,
        initial="cpu",
        help_text=_("As runners announce it: cpu, gpu, or a model such as nvidia-h200."),
    )
    gpu = forms.BooleanField(label=_("Its sandboxes get a GPU"), required=False)
    image = forms.CharField(
        label=_("Image"),
        max_length=300,
        required=False,
        help_text=_(
            "A Docker image that all its machines have, or with bubblewrap a folder with a root "
            "file system. Empty: the system of the machine."
        ),
    )
    packages = forms.CharField(
        label=_("Packages that it brings"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("Requirements, one a line: installed once and shared by all its algorithms."),
    )
    memory_mb = forms.IntegerField(label=_("Memory of a sandbox in MB"), required=False)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)  # noqa: S101 - it was made so above
        language.choices = [(name, name) for name in languages.names()]

    def declaration(self) -> dict[str, Any]:
        """What was typed, in the words of a declaration."""
        typed = dict(self.cleaned_data)
        return {**typed, "packages": tuple(typed["packages"].splitlines())}


class EnvironmentWordsForm(forms.Form):
    display_name = forms.CharField(label=_("Name"), max_length=100)
    description = forms.CharField(
        label=_("Description"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class EnvironmentNoticeForm(forms.Form):
    """What authors are told: why, when, and what to choose instead."""

    notice = forms.CharField(
        label=_("What its authors are told"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Why, in a sentence. Each of them gets it once, and sees it on their pages."),
    )
    on = forms.DateField(
        label=_("When it happens"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    successor = forms.ModelChoiceField(
        label=_("What to choose instead"),
        queryset=Environment.objects.none(),
        required=False,
        empty_label=_("Nothing in particular"),
    )

    def __init__(self, data: QueryDict | None = None, *, environment: Environment) -> None:
        initial = {
            "notice": environment.notice,
            "on": environment.notice_on,
            "successor": environment.successor_id,
        }
        super().__init__(data, initial=initial)
        successor = self.fields["successor"]
        assert isinstance(successor, forms.ModelChoiceField)  # noqa: S101 - it was made so above
        offered = Environment.objects.offered().filter(language=environment.language)
        successor.queryset = offered.exclude(pk=environment.pk)
        successor.label_from_instance = _name  # type: ignore[assignment]


def _name(row: Environment) -> str:
    return row.display_name


class EnvironmentUseForm(forms.Form):
    """What running on it costs and may take."""

    rate = forms.CharField(
        label=_("Credits a second"),
        max_length=20,
        required=False,
        help_text=_("Empty: what its machine costs. Holds for calls that begin from then on."),
    )
    memory_mb = forms.IntegerField(
        label=_("Memory of a sandbox in MB"),
        min_value=64,
        max_value=4 * 1024 * 1024,
        required=False,
        help_text=_("Empty: as everywhere. The memory of a GPU has no limit of its own."),
    )

    def clean_rate(self) -> int | None:
        typed = str(self.cleaned_data["rate"]).strip()
        try:
            return parse_credits(typed) if typed else None
        except BadInput as error:
            raise forms.ValidationError(error.message) from None
