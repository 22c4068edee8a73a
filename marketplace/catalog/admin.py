"""Staff tables of the shelves and the tags."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError

from algorithms.models import Algorithm
from marketplace.accounts.admin import LookedAt
from marketplace.catalog.models import (
    Appeal,
    Case,
    Category,
    Comment,
    Decision,
    Report,
    Review,
    Tag,
)


class CategoryForm(forms.ModelForm):  # type: ignore[type-arg]
    """Algorithms are named as people name them: a list of all to choose from would have no end."""

    chosen = forms.CharField(
        required=False,
        label="Chosen by the staff",
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="Shown first on the category's page: one owner/name on each line.",
    )

    class Meta:
        model = Category
        fields = ["slug", "title", "description", "position"]

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Django's
        super().__init__(*args, **options)
        if self.instance.pk:
            rows = self.instance.algorithms.select_related("owner").order_by("owner__name", "name")
            self.fields["chosen"].initial = "\n".join(str(algorithm) for algorithm in rows)

    def clean_chosen(self) -> list[Algorithm]:
        found = []
        for line in str(self.cleaned_data["chosen"]).split():
            owner, _slash, name = line.partition("/")
            algorithm = Algorithm.objects.at(owner, name).first()
            if algorithm is None:
                raise ValidationError(f"There is no algorithm {line}.")
            found.append(algorithm)
        return found


@admin.register(Category)
class CategoryAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    form = CategoryForm
    list_display = ["title", "slug", "position"]
    list_editable = ["position"]
    prepopulated_fields = {"slug": ["title"]}

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:  # noqa: ANN401 - Django's
        super().save_related(request, form, formsets, change)
        form.instance.algorithms.set(form.cleaned_data["chosen"])


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Renamed or deleted here; authors give them."""

    list_display = ["name"]
    search_fields = ["name"]
    fields = ["name"]


@admin.register(Case)
class CaseAdmin(LookedAt):
    """Decided on the pages of moderation, where reasons are given and the parties are told."""

    list_display = ["label", "subject", "owner", "state", "risk", "opened_at", "decided_at"]
    list_filter = ["state", "subject"]
    list_select_related = ["owner"]
    search_fields = ["label", "owner__name"]


@admin.register(Decision)
class DecisionAdmin(LookedAt):
    list_display = ["made_at", "action", "case", "made_by"]
    list_filter = ["action"]
    list_select_related = ["case", "made_by"]
    search_fields = ["case__label", "reason"]


@admin.register(Report, Appeal)
class LetterAdmin(LookedAt):
    """What people wrote to the staff."""

    search_fields = ["text"]


@admin.register(Review, Comment)
class WordsAdmin(LookedAt):
    """What people wrote for everybody: hidden by a decision, never by hand."""

    search_fields = ["text", "author__name"]
