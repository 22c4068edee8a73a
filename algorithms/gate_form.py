"""What the page of a gate may send."""

from __future__ import annotations

from typing import Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from algorithms.gates.setting import Wanted
from algorithms.models import Demands, Gate

_MICROS_A_CREDIT: Final = 100


class GateForm(forms.Form):
    rows = forms.CharField(
        label=_("Rows"),
        max_length=400,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
        help_text=_(
            "A file in a sealed collection, such as data://you/judging/rows.jsonl: one JSON object "
            "a line with input and expected."
        ),
    )
    answer_at = forms.CharField(
        label=_("Where the answer stands"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
        help_text=_("Inside of a result, such as prediction or labels.0; empty for all of it."),
    )
    metric = forms.ChoiceField(
        label=_("What is measured"), choices=Demands.Metric.choices, widget=forms.RadioSelect
    )
    evaluator = forms.CharField(
        label=_("Evaluator"),
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
        help_text=_(
            "Only for that metric: owner/name/1.2.3. It gets input, expected and output of a row "
            "and answers with a number; more is better."
        ),
    )
    rule = forms.ChoiceField(
        label=_("Beside the champion"), choices=Demands.Rule.choices, widget=forms.RadioSelect
    )
    margin = forms.FloatField(
        label=_("How much worse still counts as not worse"), min_value=0, required=False
    )
    confidence = forms.IntegerField(
        label=_("How sure one must be, in percent"), min_value=50, max_value=99
    )
    bound = forms.FloatField(
        label=_("The least score; for an error, the largest"),
        required=False,
        help_text=_("It holds for the first version too. Empty: any."),
    )
    most_ms = forms.IntegerField(
        label=_("95 of 100 rows answered within, in milliseconds"), min_value=1, required=False
    )
    most_credits = forms.FloatField(
        label=_("What a row may cost on average, in credits"), min_value=0, required=False
    )
    publishes_pushes = forms.BooleanField(
        label=_("Publish by itself each push that builds and passes"), required=False
    )

    def __init__(self, data: QueryDict | None = None, *, gate: Gate | None) -> None:
        shown = gate or Gate()
        initial = {name: getattr(shown, name, None) for name in self.base_fields}
        if shown.most_micros is not None:
            initial["most_credits"] = shown.most_micros / _MICROS_A_CREDIT
        super().__init__(data, initial=initial)

    def wanted(self) -> Wanted:
        given = dict(self.cleaned_data)
        most_credits = given.pop("most_credits")
        given["margin"] = given["margin"] or 0.0
        micros = None if most_credits is None else round(most_credits * _MICROS_A_CREDIT)
        return Wanted(**given, most_micros=micros)
