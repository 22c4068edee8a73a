"""A person's own git, as it is installed: clone, commit, push; what it says is what they read."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.live import Site

_NOBODYS_SETTINGS = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Somebody",
    "GIT_AUTHOR_EMAIL": "somebody@example.org",
    "GIT_COMMITTER_NAME": "Somebody",
    "GIT_COMMITTER_EMAIL": "somebody@example.org",
}


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    is_good: bool
    out: str
    err: str


@dataclass(frozen=True)
class Checkout:
    """A folder with a clone in it."""

    folder: Path

    def git(self, *arguments: str) -> Said:
        return git(*arguments, folder=self.folder)

    def commit(self, **files: str) -> str:
        """Write these files (`src__name` is src/name.py) and give the commit."""
        for name, text in files.items():
            path = self.folder / (name.replace("__", "/") + ".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        assert self.git("add", "--all").is_good
        assert self.git("commit", "--quiet", "--allow-empty", "-m", "Change it").is_good
        return self.git("rev-parse", "HEAD").out.strip()


def git(*arguments: str, folder: Path | None = None) -> Said:
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=_NOBODYS_SETTINGS,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Said(done.returncode == 0, done.stdout, done.stderr)


def address(site: Site, path: str, name: str = "", password: str = "") -> str:
    """Where a repository is, with what git is to send as name and password."""
    parts = urlsplit(site.url)
    who = f"{name}:{password}@" if name else ""
    return f"{parts.scheme}://{who}{parts.netloc}/git/{path}.git"


def clone(url: str, folder: Path) -> Checkout:
    said = git("clone", "--quiet", url, str(folder))
    assert said.is_good, said.err
    return Checkout(folder)
