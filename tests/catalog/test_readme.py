from __future__ import annotations

import pytest

from marketplace.catalog import readme


def test_headings_go_one_level_down_below_the_title_of_the_page() -> None:
    assert readme.render("# One\n\n###### Six") == "<h2>One</h2>\n<h6>Six</h6>\n"


def test_tables_and_code_are_kept_and_code_is_coloured() -> None:
    html = readme.render("|a|\n|-|\n|1|\n\n```python\nx = 1\n```")

    assert "<table>" in html
    assert '<span class="mi">1</span>' in html


def test_code_in_an_unknown_language_is_shown_as_it_is() -> None:
    assert '<pre tabindex="0"><code>&lt;b&gt;\n</code></pre>' in readme.render(
        "```nosuch\n<b>\n```"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](javascript:alert(1))",
        '<a href="https://example.org" onclick="alert(1)">x</a>',
        "<style>body{display:none}</style>",
        "<iframe src=//example.org></iframe>",
        "```html\n<script>alert(1)</script>\n```",
        '```"><script>alert(1)</script>\nx\n```',
    ],
)
def test_nothing_an_author_writes_becomes_active(text: str) -> None:
    html = readme.render(text).lower()

    assert "<script" not in html
    assert "<iframe" not in html
    assert "<style" not in html
    assert 'href="javascript' not in html
    assert 'src="javascript' not in html
    assert 'href="data:' not in html
    assert "<img src=x" not in html
    assert '<a href="https://example.org" onclick' not in html


def test_links_pass_on_no_trust() -> None:
    assert readme.render("<https://example.org>") == (
        '<p><a href="https://example.org" rel="nofollow noopener noreferrer ugc">'
        "https://example.org</a></p>\n"
    )


def test_address_becomes_a_link_but_a_word_without_end_is_not_searched_for_any() -> None:
    """The search would hold up the whole process, for many minutes and at each look at the page."""
    assert '<a href="https://example.org/x"' in readme.render("See https://example.org/x there.")
    assert readme.render("http://a" * 50_000) == f"<p>{'http://a' * 50_000}</p>\n"


def test_code_made_to_hold_up_the_process_is_shown_without_colours() -> None:
    """In these the search for colours takes minutes, or never ends."""
    for language, code in (("systemd", " " * 5000 + "x"), ("make", "a" * 8000)):
        assert "<span" not in readme.render(f"```{language}\n{code}\n```")
    assert "<span" not in readme.render("```python\n" + "a." * 2000 + "\n```")
