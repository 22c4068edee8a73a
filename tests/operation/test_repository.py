"""What must hold for the repository itself, so that it works on other machines than this one."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def _tracked(*patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def test_every_variable_of_the_settings_is_explained() -> None:
    text = (ROOT / "marketplace" / "settings.py").read_text()
    read = set(re.findall(r"\benv\.\w+\(\s*\"([A-Z0-9_]+)\"", text))

    explained = set(
        re.findall(r"^# ([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    )

    assert read == explained


def test_locks_name_no_address_and_have_a_hash_for_each_package() -> None:
    for lock in _tracked("requirements/*.txt"):
        text = lock.read_text()
        assert "://" not in text
        assert not re.search(r"^\s*-", text.replace("    --hash", ""), re.MULTILINE)
        packages = re.split(r"\n(?=\S)", text.strip())
        assert all("--hash=sha256:" in package for package in packages)


def test_browser_lock_has_hashes_and_no_addresses() -> None:
    text = (ROOT / "package-lock.json").read_text()

    assert '"integrity": "sha512-' in text
    assert '"resolved"' not in text


def test_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    asked = {
        "base.txt": project["project"]["dependencies"],
        "dev.txt": [*project["project"]["dependencies"], *extras["dev"]],
        "frontend.txt": project["dependency-groups"]["frontend"],
    }

    for name, requirements in asked.items():
        text = (ROOT / "requirements" / name).read_text()
        locked = {line.partition("==")[0].strip() for line in text.splitlines() if "==" in line}
        named = {re.split(r"[\[<>=!~; ]", requirement)[0] for requirement in requirements}
        assert named <= locked


EVERYBODYS = {"/", "/tmp", "/home", "/opt", "/srv", "/usr/src", "/var/tmp", "/workspace"}


def test_no_file_names_a_folder_of_the_machine_it_was_written_on() -> None:
    parent = str(ROOT.parent)
    if parent in EVERYBODYS:  # a checkout beside the root or in /tmp tells nothing of a machine
        parent = str(ROOT)
    ours = re.compile(rf"(?<![\w.-]){re.escape(parent)}/")
    texts = [path for path in _tracked() if path.is_file() and path.suffix not in {".png", ".dat"}]

    naming = [path for path in texts if ours.search(path.read_text(errors="ignore"))]

    assert len(texts) > 100
    assert naming == []


def test_demo_names_what_is_there() -> None:
    demo = tomllib.loads((ROOT / "demo" / "demo.toml").read_text())

    for about in demo["algorithms"]:
        folder = ROOT / "demo" / about["folder"]
        name = about["path"].partition("/")[2]
        assert (folder / "src" / f"{name}.py").is_file()
        assert (folder / "README.md").is_file()
        pins = (folder / "requirements.txt").read_text().split()
        assert all("==" in pin or pin.startswith("algorithmia>=") for pin in pins)
    for pattern in demo["collections"].values():
        assert list((ROOT / "demo").glob(pattern))
