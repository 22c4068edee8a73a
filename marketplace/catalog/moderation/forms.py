"""What pages of moderation may send."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.catalog.models import Report
from marketplace.catalog.models.moderation import REASON_LENGTH


class ReportForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("What is wrong?"), choices=Report.Reason.choices, widget=forms.RadioSelect
    )
    text = forms.CharField(
        label=_("Tell us more"),
        max_length=REASON_LENGTH,
        help_text=_("What happens, what should happen, and how you came upon it."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    pointer = forms.CharField(
        label=_("Where?"),
        max_length=300,
        required=False,
        help_text=_("A file and line (src/app.py:12), the id of a call (req-…), or an address."),
    )


class DecisionForm(forms.Form):
    action = forms.ChoiceField(label=_("Decision"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        help_text=_("The owner reads this word for word. Say what is wrong and what would help."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class AppealForm(forms.Form):
    text = forms.CharField(
        label=_("Why is the decision wrong?"),
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class AnswerForm(forms.Form):
    outcome = forms.ChoiceField(
        label=_("Answer"),
        choices=[("upheld", _("The decision stands")), ("granted", _("Take the decision back"))],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("Reason"),
        max_length=REASON_LENGTH,
        help_text=_("The owner reads this word for word."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
