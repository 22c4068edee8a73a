"""What the pages of reviews and conversations may send."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from marketplace.catalog.models.reviews import COMMENT_LENGTH, REVIEW_LENGTH

STARS = [
    ("5", _("5 – excellent")),
    ("4", _("4 – good")),
    ("3", _("3 – does its work")),
    ("2", _("2 – disappointing")),
    ("1", _("1 – does not do what it says")),
]


class ReviewForm(forms.Form):
    major = forms.TypedChoiceField(label=_("Version"), coerce=int)
    rating = forms.TypedChoiceField(
        label=_("Your rating"), choices=STARS, coerce=int, widget=forms.RadioSelect
    )
    text = forms.CharField(
        label=_("Your review"),
        max_length=REVIEW_LENGTH,
        help_text=_("What you used it for, and what others should know before they call it."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class EditReviewForm(forms.Form):
    rating = forms.TypedChoiceField(
        label=_("Your rating"), choices=STARS, coerce=int, widget=forms.RadioSelect
    )
    text = forms.CharField(
        label=_("Your review"),
        max_length=REVIEW_LENGTH,
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class AnswerForm(forms.Form):
    text = forms.CharField(
        label=_("Your answer"),
        max_length=REVIEW_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )


class CommentForm(forms.Form):
    text = forms.CharField(
        label=_("What do you want to say?"),
        max_length=COMMENT_LENGTH,
        help_text=_("Markdown works: **bold**, `code`, lists and links."),
        widget=forms.Textarea(attrs={"rows": 6}),
    )


class ThreadForm(CommentForm):
    title = forms.CharField(label=_("Title"), max_length=150)
    field_order = ["title", "text"]
