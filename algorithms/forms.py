"""What an author's page may send."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.db.models import Q
from django.http import QueryDict

from algorithms import authoring
from algorithms.models import Algorithm, Version
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib import names
from marketplace.lib.errors import BadInput
from marketplace.lib.money import format_credits, parse_credits
from marketplace.lib.semver import Part
from runners.models import Environment

_SAMPLE_HELP = "JSON, or plain text. It is shown to visitors with the output it really gives."


class CreditsField(forms.Field):
    """An amount of credits as a person writes it; its value is whole microcredits."""

    def to_python(self, value: Any) -> int:  # noqa: ANN401 - Django's signature
        try:
            return parse_credits(str(value or "0")[:40])
        except BadInput as error:
            raise forms.ValidationError(error.message) from None

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401
        return format_credits(value) if isinstance(value, int) else value


class PermissionsForm(forms.Form):
    """What is asked both of a new algorithm and in its settings."""

    source_visibility = forms.ChoiceField(
        label="Source code",
        choices=Algorithm.SourceVisibility.choices,
        initial=Algorithm.SourceVisibility.CLOSED,
        help_text="Holds for everybody at once.",
    )
    license = forms.ChoiceField(
        label="Licence",
        choices=Algorithm.License.choices,
        initial=Algorithm.License.APL,
        help_text="Closed source needs the Algorithm Platform License.",
    )
    network_access = forms.ChoiceField(
        label="Internet",
        choices=Algorithm.NetworkAccess.choices,
        initial=Algorithm.NetworkAccess.ISOLATED,
        help_text="With internet access, what callers send can leave the platform; they are told so.",
    )
    may_call_others = forms.BooleanField(
        label="It may call other algorithms",
        required=False,
        help_text="Its callers then pay for those calls too.",
    )


class NewAlgorithmForm(PermissionsForm):
    owner = forms.ModelChoiceField(label="Owner", queryset=Owner.objects.none(), empty_label=None)
    name = forms.CharField(
        label="Name",
        max_length=names.MAX_LENGTH,
        help_text="The last part of its address: letters, digits and underscores. It stays.",
        widget=forms.TextInput(attrs={"autofocus": True, "autocapitalize": "none"}),
    )
    label = forms.CharField(
        label="Label",
        max_length=authoring.LABEL_LENGTH,
        required=False,
        help_text="The name as people read it.",
    )
    environment = forms.ModelChoiceField(
        label="Environment", queryset=Environment.objects.none(), empty_label=None
    )

    field_order = ("name", "owner", "label", "environment")

    def __init__(self, data: QueryDict | None = None, *, actor: Actor) -> None:
        super().__init__(data)
        owners = Owner.objects.filter(pk__in=actor.owner_ids).order_by("name")
        _choose_from(self.fields["owner"], owners)
        self.fields["owner"].initial = actor.owner_id
        offered = Environment.objects.offered()
        _choose_from(self.fields["environment"], offered)
        self.fields["environment"].initial = offered.first()
        _name_environments(self.fields["environment"])

    def details(self) -> dict[str, Any]:
        """Everything but the owner, as authoring.create takes it."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "owner"}
        given["label"] = given["label"].strip() or given["name"]
        return given


class SettingsForm(PermissionsForm):
    label = forms.CharField(label="Label", max_length=authoring.LABEL_LENGTH)
    tagline = forms.CharField(
        label="Tagline",
        max_length=authoring.TAGLINE_LENGTH,
        required=False,
        help_text="One line that says what it does.",
    )
    environment = forms.ModelChoiceField(
        label="Environment",
        queryset=Environment.objects.none(),
        empty_label=None,
        help_text="Used from the next build on.",
    )
    is_shareable = forms.BooleanField(
        label="One running instance may serve several callers in turn",
        required=False,
        help_text="Set it only if the code keeps nothing of one call for the next.",
    )
    sample_input = forms.CharField(
        label="Sample input",
        required=False,
        max_length=authoring.SAMPLE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_SAMPLE_HELP,
    )
    royalty_microcredits = CreditsField(
        label="Royalty, in credits per call",
        required=False,
        help_text="Used from the next version on; 10,000 credits are one dollar.",
    )

    field_order = ("label", "tagline", "environment")

    def __init__(self, data: QueryDict | None = None, *, algorithm: Algorithm) -> None:
        present = {name: getattr(algorithm, name) for name in self.base_fields}
        super().__init__(data, initial=present)
        possible = Q(language=algorithm.environment.language, is_offered=True, is_present=True) | Q(
            pk=algorithm.environment_id
        )
        choices = Environment.objects.filter(possible)
        _choose_from(self.fields["environment"], choices.order_by("-sort_key", "machine_type"))
        _name_environments(self.fields["environment"])


class PublishForm(forms.Form):
    part = forms.ChoiceField(label="Version", required=False, widget=forms.RadioSelect)
    callability = forms.ChoiceField(
        label="Who may call it", choices=Version.Callability.choices, widget=forms.RadioSelect
    )
    royalty_microcredits = CreditsField(
        label="Royalty, in credits per call",
        required=False,
        help_text="0 for none. It stays the same for this version for ever.",
    )
    sample_input = forms.CharField(
        label="Sample input",
        required=False,
        max_length=authoring.SAMPLE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=f"{_SAMPLE_HELP} It is run now and must succeed.",
    )
    release_notes = forms.CharField(
        label="What has changed",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 5}),
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
        self._choose_callability(newest, may_be_public=may_be_public)
        self.fields["royalty_microcredits"].initial = algorithm.royalty_microcredits
        self.fields["sample_input"].initial = algorithm.sample_input
        part = self.fields["part"]
        assert isinstance(part, forms.ChoiceField)  # noqa: S101 - it was made so above
        part.choices = _parts(newest)

    def _choose_callability(self, newest: Version | None, *, may_be_public: bool) -> None:
        field = self.fields["callability"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - it was made so above
        field.initial = newest.callability if newest else Version.Callability.PUBLIC
        if not may_be_public:
            field.choices = [
                choice for choice in Version.Callability.choices if choice[0] != "public"
            ]
            field.initial = Version.Callability.PRIVATE
            field.help_text = "What everybody may call is for the organization's owners to decide."

    def clean_sample_input(self) -> str:
        """Refuse broken JSON, as the console does: a version is for ever, and so is its sample."""
        sample = str(self.cleaned_data["sample_input"])
        if sample.lstrip().startswith(("{", "[", '"')):
            try:
                json.loads(sample)
            except ValueError as error:
                raise forms.ValidationError(f"This looks like JSON but is not: {error}.") from None
        return sample

    def wanted(self) -> dict[str, Any]:
        """What publishing.publish takes."""
        given = dict(self.cleaned_data)
        chosen = given.pop("part")
        return given | {"part": Part.parse(chosen) if chosen else None}


def _parts(newest: Version | None) -> list[tuple[str, str]]:
    if newest is None:
        return [("", "0.1.0, the first version")]
    explained = {
        Part.REVISION: "the same, with mistakes mended",
        Part.MINOR: "something new, nothing broken",
        Part.MAJOR: "callers may have to change something",
    }
    numbered = [
        (part.value, f"{newest.number.bump(part)}: {explained[part]}") for part in explained
    ]
    return [
        ("", "Choose for me: the next minor version, or a larger step if it needs one"),
        *numbered,
    ]


def _choose_from(field: forms.Field, rows: Any) -> None:  # noqa: ANN401 - a queryset of any model
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - the classes above say so
    field.queryset = rows


def _name_environments(field: forms.Field) -> None:
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - the classes above say so
    field.label_from_instance = _name  # type: ignore[assignment]


def _name(row: Environment) -> str:
    return row.display_name
