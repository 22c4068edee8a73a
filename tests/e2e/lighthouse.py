"""Lighthouse on the public pages: `python -m tests.e2e.lighthouse [--base-url URL --showcase FILE]`.

Prints the four scores of each page, in the simulated phone that Lighthouse has by default; the
status is 1 if one is below what we hold. `--why` names the audits that took points.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tests import live
from tests.e2e.looking import Shown
from tests.e2e.pages import ARGUMENTS
from tests.e2e.screenshots import running

PROGRAM: Final = live.ROOT / "tests" / "lighthouse" / "node_modules" / ".bin" / "lighthouse"
WANTED: Final = ("performance", "accessibility", "best-practices", "seo")
LEAST: Final = 95


def main() -> int:
    wanted = _arguments().parse_args()
    lowest = 100
    with running(wanted) as (url, showcase):
        sys.stdout.write(f"{'page':32}" + "".join(f"{name:>16}" for name in WANTED) + "\n")
        for page in showcase.pages:
            if page.is_public and wanted.only in page.label:
                scores, reasons = _measured(url, page)
                lowest = min(lowest, *scores)
                sys.stdout.write(f"{page.label:32}" + "".join(f"{one:16}" for one in scores) + "\n")
                sys.stdout.write("".join(f"    {line}\n" for line in reasons if wanted.why))
                sys.stdout.flush()
    return 0 if lowest >= LEAST else 1


def _measured(url: str, page: Shown) -> tuple[list[int], list[str]]:
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chrome")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        subprocess.run(
            [
                *(str(PROGRAM), url + page.path, "--quiet", "--output=json"),
                *(f"--output-path={report}", f"--only-categories={','.join(WANTED)}"),
                f"--chrome-flags=--headless=new {' '.join(ARGUMENTS)}",
            ],
            env=os.environ | {"CHROME_PATH": str(program)},
            check=True,
        )
        said: dict[str, Any] = json.loads(report.read_text())
    scores = [round(100 * (said["categories"][name]["score"] or 0)) for name in WANTED]
    return scores, list(_reasons(said))


def _reasons(said: dict[str, Any]) -> Iterator[str]:
    """The audits that took points, with what they measured."""
    for name in WANTED:
        for part in said["categories"][name]["auditRefs"]:
            audit = said["audits"][part["id"]]
            if part["weight"] and audit["score"] is not None and audit["score"] < 1:
                yield f"{name}: {audit['title']} {audit.get('displayValue', '')}"


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.lighthouse", description=__doc__)
    parser.add_argument("--only", default="", help="pages whose label holds this word")
    parser.add_argument("--why", action="store_true", help="name what took points")
    parser.add_argument("--base-url", default="")
    parser.add_argument("--showcase", type=Path, help="what show() printed; with --base-url")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
