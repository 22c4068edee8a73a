"""What an author's page may send."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import Q
from django.forms.models import ModelChoiceIterator
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from algorithms import authoring, tagging
from algorithms.models import Algorithm
from marketplace.accounts.actors import Actor
from marketplace.accounts.models import Owner
from marketplace.lib import names
from marketplace.lib.errors import BadInput
from marketplace.lib.money import format_credits, parse_credits
from runners import languages
from runners.models import Environment

SAMPLE_HELP = _lazy("JSON, or plain text. It is shown to visitors with the output it really gives.")


class CreditsField(forms.Field):
    """An amount of credits as a person writes it; its value is whole microcredits."""

    def to_python(self, value: Any) -> int:  # noqa: ANN401 - Django's signature
        try:
            return parse_credits(str(value or "0")[:40])
        except BadInput as error:
            raise forms.ValidationError(error.message) from None

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401
        return format_credits(value) if isinstance(value, int) else value


class LinksField(forms.Field):
    """Labelled addresses, one a line; its value is what Algorithm.links holds."""

    def to_python(self, value: Any) -> list[dict[str, str]]:  # noqa: ANN401 - Django's signature
        lines = [line.strip() for line in str(value or "").splitlines() if line.strip()]
        return [_link(line) for line in lines]

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401
        if not isinstance(value, list):
            return value
        return "\n".join(f"{link['label']} {link['url']}" for link in value)


def _link(line: str) -> dict[str, str]:
    label, _space, url = line.rpartition(" ")
    return {"label": label.strip() or url, "url": url}


class PermissionsForm(forms.Form):
    """What is asked both of a new algorithm and in its settings."""

    source_visibility = forms.ChoiceField(
        label=_lazy("Source code"),
        choices=Algorithm.SourceVisibility.choices,
        initial=Algorithm.SourceVisibility.CLOSED,
        help_text=_lazy("Holds for everybody at once."),
    )
    license = forms.ChoiceField(
        label=_lazy("Licence"),
        choices=Algorithm.License.choices,
        initial=Algorithm.License.APL,
        help_text=_lazy("Closed source needs the Algorithm Platform License."),
    )
    network_access = forms.ChoiceField(
        label=_lazy("Internet"),
        choices=Algorithm.NetworkAccess.choices,
        initial=Algorithm.NetworkAccess.ISOLATED,
        help_text=_lazy(
            "With internet access, what callers send can leave the platform; they are told so."
        ),
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


class NewAlgorithmForm(PermissionsForm):
    owner = forms.ModelChoiceField(
        label=_lazy("Owner"), queryset=Owner.objects.none(), empty_label=None
    )
    name = forms.CharField(
        label=_lazy("Name"),
        max_length=names.MAX_LENGTH,
        help_text=_lazy("The last part of its address: letters, digits and underscores. It stays."),
        widget=forms.TextInput(attrs={"autofocus": True, "autocapitalize": "none"}),
    )
    label = forms.CharField(
        label=_lazy("Label"),
        max_length=authoring.LABEL_LENGTH,
        required=False,
        help_text=_lazy("The name as people read it."),
    )
    environment = forms.ModelChoiceField(
        label=_lazy("Environment"),
        queryset=Environment.objects.none(),
        empty_label=None,
        help_text=_lazy("The language and its version. The language stays."),
    )

    tagline = forms.CharField(
        label=_lazy("Tagline"),
        max_length=authoring.TAGLINE_LENGTH,
        required=False,
        help_text=_lazy("One line that says what it does."),
    )

    field_order = ("name", "owner", "label", "environment")

    def __init__(self, data: QueryDict | None = None, *, actor: Actor) -> None:
        super().__init__(data)
        owners = Owner.objects.filter(pk__in=actor.owner_ids).order_by("name")
        choose_from(self.fields["owner"], owners)
        self.fields["owner"].initial = actor.owner_id
        offered = Environment.objects.offered()
        choose_from(self.fields["environment"], offered)
        group_by_language(self.fields["environment"])
        self.fields["environment"].initial = offered.first()
        name_environments(self.fields["environment"])

    def details(self) -> dict[str, Any]:
        """Everything but the owner, as authoring.create takes it."""
        given = {name: value for name, value in self.cleaned_data.items() if name != "owner"}
        given["label"] = given["label"].strip() or given["name"]
        return given


class SettingsForm(PermissionsForm):
    label = forms.CharField(label=_lazy("Label"), max_length=authoring.LABEL_LENGTH)
    tagline = forms.CharField(
        label=_lazy("Tagline"),
        max_length=authoring.TAGLINE_LENGTH,
        required=False,
        help_text=_lazy("One line that says what it does."),
    )
    task = forms.ChoiceField(
        label=_lazy("What it is for"),
        required=False,
        help_text=_lazy("The shelf on which people find it."),
    )
    tags = forms.CharField(
        label=_lazy("Tags"),
        required=False,
        max_length=400,
        help_text=_lazy("Words it is found by, with commas between them."),
    )
    environment = forms.ModelChoiceField(
        label=_lazy("Environment"),
        queryset=Environment.objects.none(),
        empty_label=None,
        help_text=_lazy("Used from the next build on."),
    )
    contract = forms.ChoiceField(
        label=_lazy("How its code is run"),
        choices=Algorithm.Contract.choices,
        required=False,
        help_text=_lazy(
            "Used from the next build on; cloud_model.py wins over a Procfile, and that over src/."
        ),
    )
    is_shareable = forms.BooleanField(
        label=_lazy("One running instance may serve several callers in turn"),
        required=False,
        help_text=_lazy("Set it only if the code keeps nothing of one call for the next."),
    )
    sample_input = forms.CharField(
        label=_lazy("Sample input"),
        required=False,
        max_length=authoring.SAMPLE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=SAMPLE_HELP,
    )
    royalty_microcredits = CreditsField(
        label=_lazy("Royalty, in credits per call"),
        required=False,
        help_text=_lazy("Used from the next version on; 10,000 credits are one dollar."),
    )

    performance_notes = forms.CharField(
        label=_lazy("Performance notes"),
        required=False,
        max_length=authoring.NOTES_LENGTH,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_lazy(
            "How good and how fast it is, measured on what. Markdown: a table reads well."
        ),
    )
    links = LinksField(
        label=_lazy("Links"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_lazy(
            "To the code, the paper, and more: one a line, a label and then the address, such as "
            "“Paper https://example.org/paper”."
        ),
    )

    field_order = ("label", "tagline", "task", "tags", "environment")

    def clean_sample_input(self) -> str:
        return checked_sample(str(self.cleaned_data["sample_input"]))

    def __init__(self, data: QueryDict | None = None, *, algorithm: Algorithm) -> None:
        present = {name: getattr(algorithm, name) for name in self.base_fields if name != "tags"}
        present["tags"] = ", ".join(algorithm.tags.values_list("name", flat=True))
        super().__init__(data, initial=present)
        task = self.fields["task"]
        assert isinstance(task, forms.ChoiceField)  # noqa: S101 - it was made so above
        task.choices = [("", _("Nothing in particular")), *tagging.tasks(algorithm)]
        there = Q(state=Environment.State.OFFERED, is_present=True)
        possible = Q(language=algorithm.environment.language) & there
        choices = Environment.objects.filter(possible | Q(pk=algorithm.environment_id))
        choose_from(self.fields["environment"], choices.order_by("-sort_key", "machine_type"))
        name_environments(self.fields["environment"])


class MoveForm(forms.Form):
    """Another address for an algorithm."""

    owner = forms.ModelChoiceField(
        label=_lazy("Owner"), queryset=Owner.objects.none(), empty_label=None
    )
    name = forms.CharField(label=_lazy("Name"), max_length=names.MAX_LENGTH)

    def __init__(
        self, data: QueryDict | None = None, *, algorithm: Algorithm, actor: Actor
    ) -> None:
        super().__init__(
            data,
            initial={"owner": algorithm.owner_id, "name": algorithm.name},
            auto_id="id_move_%s",
        )
        choose_from(
            self.fields["owner"], Owner.objects.filter(pk__in=actor.owner_ids).order_by("name")
        )


def checked_sample(sample: str) -> str:
    """Refuse broken JSON, as the console does, and say where it breaks."""
    if sample.lstrip().startswith(("{", "[", '"')):
        try:
            json.loads(sample)
        except json.JSONDecodeError as error:
            raise forms.ValidationError(
                _(
                    "This looks like JSON but is not: line %(line)d, column %(column)d: %(problem)s."
                ),
                params={"line": error.lineno, "column": error.colno, "problem": error.msg},
            ) from None
        except (ValueError, RecursionError):
            raise forms.ValidationError(
                _("This looks like JSON but is not: it is nested too deeply.")
            ) from None
    return sample


def choose_from(field: forms.Field, rows: Any) -> None:  # noqa: ANN401 - a queryset of any model
    """Offer these rows and no others."""
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - the classes above say so
    field.queryset = rows


def name_environments(field: forms.Field) -> None:
    """Show environments as people call them."""
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - the classes above say so
    field.label_from_instance = _name  # type: ignore[assignment]


class _ByLanguage(ModelChoiceIterator):  # type: ignore[type-arg]
    """The environments of each language under its name; without names where there is only one."""

    def __iter__(self) -> Iterator[Any]:
        rows = [self.choice(row) for row in self.queryset]
        names = [languages.title(row.language) for row in self.queryset]
        grouped = {
            name: [row for row, its in zip(rows, names, strict=True) if its == name]
            for name in names
        }
        yield from rows if len(grouped) < 2 else grouped.items()


def group_by_language(field: forms.Field) -> None:
    """Offer environments one language after the other."""
    assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 - the class above says so
    field.iterator = _ByLanguage
    field.widget.choices = field.choices


def _name(row: Environment) -> str:
    return row.display_name
