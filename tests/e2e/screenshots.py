"""Pictures of every page: `python -m tests.e2e.screenshots [--out DIR] [--only WORD]`.

Starts a site of its own, fills it (`showcase.py`), and looks at all pages of `routes.py` on a
phone, a tablet and a wide screen, in light and dark, and from right to left on the wide one. With
`--base-url` it looks at a site that runs, where `show` of `showcase.py` was called before; what
it printed is then given with `--showcase FILE`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

from tests import live
from tests.e2e.looking import Audience, Showcase, Shown, audience, furnish, read
from tests.e2e.pages import ARGUMENTS

WIDTHS: Final = (360, 768, 1280)
HEIGHT: Final = 900
RIGHT_TO_LEFT: Final = "document.documentElement.dir = 'rtl'"
OUT: Final = live.ROOT / "test-results" / "screenshots"


def main() -> int:
    wanted = _arguments().parse_args()
    out: Path = wanted.out
    out.mkdir(parents=True, exist_ok=True)
    with running(wanted) as (url, showcase), _browser() as browser:
        pages = [page for page in showcase.pages if wanted.only in page.label]
        states: dict[str, Any] = {}
        failed: list[str] = []
        for colours in wanted.colours:
            with audience(
                browser, url, showcase, states, color_scheme=colours, reduced_motion="reduce"
            ) as people:
                failed += [said for page in pages if (said := _take(people, page, colours, wanted))]
    sys.stdout.write(f"{len(pages)} pages in {out}\n" + "".join(f"{line}\n" for line in failed))
    return 1 if failed else 0


def _take(people: Audience, page: Shown, colours: str, wanted: argparse.Namespace) -> str:
    """Pictures of one page in all widths; give what went wrong."""
    tab = people.tab(page.who)
    for width in wanted.widths:
        tab.set_viewport_size({"width": width, "height": HEIGHT})
        try:
            people.look(page)
        except AssertionError as error:
            return str(error)
        tab.screenshot(path=wanted.out / f"{page.label}-{width}-{colours}.png", full_page=True)
    if colours == "light" and WIDTHS[-1] in wanted.widths:
        tab.set_viewport_size({"width": WIDTHS[-1], "height": HEIGHT})
        tab.evaluate(RIGHT_TO_LEFT)
        tab.screenshot(path=wanted.out / f"{page.label}-{WIDTHS[-1]}-rtl.png", full_page=True)
    return ""


@contextmanager
def running(wanted: argparse.Namespace) -> Iterator[tuple[str, Showcase]]:
    """The site to look at, and what it shows."""
    if wanted.base_url:
        yield wanted.base_url, read(wanted.showcase.read_text())
        return
    with live.single() as site:
        yield site.url, furnish(site)


@contextmanager
def _browser() -> Iterator[Browser]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.screenshots", description=__doc__)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--only", default="", help="pages whose label holds this word")
    parser.add_argument("--widths", type=int, nargs="+", default=WIDTHS)
    parser.add_argument("--colours", nargs="+", default=("light", "dark"))
    parser.add_argument("--base-url", default="")
    parser.add_argument("--showcase", type=Path, help="what show() printed; with --base-url")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
