from __future__ import annotations

import pytest
from django.http import QueryDict

from algorithms.publish_form import PublishForm
from tests.factories import AlgorithmFactory


def form_with(sample: str) -> PublishForm:
    data = QueryDict(mutable=True)
    data.update({"callability": "public", "sample_input": sample, "accepts_terms": "on"})
    return PublishForm(data, algorithm=AlgorithmFactory.create(), newest=None, may_be_public=True)


@pytest.mark.django_db
@pytest.mark.parametrize("sample", ['"x', '{"image": data://a/b/c}', " [1, 2"])
def test_sample_that_was_meant_as_json_is_not_published_as_text(sample: str) -> None:
    form = form_with(sample)

    assert not form.is_valid()
    assert str(form.errors["sample_input"][0]).startswith("This looks like JSON but is not: ")


@pytest.mark.django_db
@pytest.mark.parametrize("sample", ["", "14", '{"a": [1]}', "plain words", "data://a/b/c.png"])
def test_sample_that_is_json_or_plainly_text_is_taken_as_it_is(sample: str) -> None:
    form = form_with(sample)

    assert form.is_valid(), form.errors
    assert form.cleaned_data["sample_input"] == sample
