"""What the publish dialog may send."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from algorithms import authoring
from algorithms.forms import SAMPLE_HELP, CreditsField, checked_sample
from algorithms.models import Algorithm, Version
from marketplace.lib.semver import Part

_PRICING = [("free", _lazy("Royalty-free")), ("priced", _lazy("Royalty for each call"))]


class PublishForm(forms.Form):
    release_notes = forms.CharField(
        label=_lazy("Release notes"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_lazy("For those who call it: what is new, what must they change? Markdown."),
    )
    sample_input = forms.CharField(
        label=_lazy("Sample input"),
        required=False,
        max_length=authoring.SAMPLE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "code"}),
        help_text=SAMPLE_HELP,
    )
    callability = forms.ChoiceField(
        label=_lazy("Who may call it"),
        choices=Version.Callability.choices,
        widget=forms.RadioSelect,
    )
    pricing = forms.ChoiceField(
        label=_lazy("Price"), choices=_PRICING, required=False, widget=forms.RadioSelect
    )
    royalty_microcredits = CreditsField(
        label=_lazy("Royalty, in credits per call"),
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        help_text=_lazy("10,000 credits are one dollar. It stays for this version for ever."),
    )
    network_access = forms.ChoiceField(
        label=_lazy("Internet"),
        choices=Algorithm.NetworkAccess.choices,
        required=False,
        widget=forms.RadioSelect,
        help_text=_lazy("With internet access, what callers send can leave the platform."),
    )
    may_call_others = forms.BooleanField(
        label=_lazy("It may call other algorithms"),
        required=False,
        help_text=_lazy("Its callers then pay for those calls too."),
    )
    keeps_insights = forms.BooleanField(
        label=_lazy("Keep for me what it reports about calls"),
        required=False,
        help_text=_lazy(
            "What the code gives to report_insights is kept for 30 days; callers are told so."
        ),
    )
    part = forms.ChoiceField(
        label=_lazy("Version number"), required=False, widget=forms.RadioSelect
    )
    accepts_terms = forms.BooleanField(
        label=_lazy(
            "I may publish this code, and I know that a version never changes and stays callable "
            "for those who rely on it."
        ),
        error_messages={"required": _lazy("Publishing needs your word on this.")},
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        algorithm: Algorithm,
        newest: Version | None,
        may_be_public: bool,
    ) -> None:
        super().__init__(data)
        self._algorithm = algorithm
        self._choose_callability(newest, may_be_public=may_be_public)
        self.fields["royalty_microcredits"].initial = algorithm.royalty_microcredits
        self.fields["pricing"].initial = "priced" if algorithm.royalty_microcredits else "free"
        self.fields["sample_input"].initial = algorithm.sample_input
        self.fields["network_access"].initial = algorithm.network_access
        self.fields["may_call_others"].initial = algorithm.may_call_others
        self.fields["keeps_insights"].initial = algorithm.keeps_insights
        part = self.fields["part"]
        assert isinstance(part, forms.ChoiceField)  # noqa: S101 - it was made so above
        part.choices = _parts(newest)
        part.initial = "" if newest is None else Part.MINOR.value

    def _choose_callability(self, newest: Version | None, *, may_be_public: bool) -> None:
        field = self.fields["callability"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - it was made so above
        field.initial = newest.callability if newest else Version.Callability.PUBLIC
        if not may_be_public:
            field.choices = [
                choice for choice in Version.Callability.choices if choice[0] != "public"
            ]
            field.initial = Version.Callability.PRIVATE
            field.help_text = _(
                "What everybody may call is for the organization's owners to decide."
            )

    def clean_sample_input(self) -> str:
        """A version is for ever, and so is its sample."""
        return checked_sample(str(self.cleaned_data["sample_input"]))

    def clean_network_access(self) -> str:
        return self.cleaned_data["network_access"] or self._algorithm.network_access

    def wanted(self) -> dict[str, Any]:
        """What publishing.publish takes."""
        given = dict(self.cleaned_data)
        chosen, pricing = given.pop("part"), given.pop("pricing")
        given.pop("accepts_terms", None)
        if pricing == "free":
            given["royalty_microcredits"] = 0
        return given | {"part": Part.parse(chosen) if chosen else None}


def _parts(newest: Version | None) -> list[tuple[str, str]]:
    if newest is None:
        return [("", _("0.1.0, the first version"))]
    explained = {
        Part.REVISION: _("the same, with mistakes mended"),
        Part.MINOR: _("something new, nothing broken"),
        Part.MAJOR: _("callers may have to change something"),
    }
    return [(part.value, f"{newest.number.bump(part)}: {explained[part]}") for part in explained]
