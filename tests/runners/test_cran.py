"""R packages: what an author may ask for, and a small mirror from which they are really built."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

import pytest

from runners import cran, packages_txt, r_runtimes
from runners.cran_mirror import CranMirror
from runners.errors import BuildFailed
from tests.machine import needs_language
from tests.runners.building import run_build, write_tree

ALGORITHM = "library(greeting)\nalgorithm <- function(input) greet(input)\n"


def package(folder: Path, name: str, version: str, code: str, imports: str = "") -> str:
    """Put a source package into a mirror; give its lines of PACKAGES."""
    fields = f"Package: {name}\nVersion: {version}\n" + (f"Imports: {imports}\n" if imports else "")
    more = "Title: T\nDescription: D.\nLicense: GPL-2\nAuthor: A\nMaintainer: A <a@example.org>\n"
    imported = "".join(f"import({one.split(' ')[0]})\n" for one in imports.split(",") if one)
    texts = {
        "DESCRIPTION": fields + more,
        "NAMESPACE": f'exportPattern("^[a-z]")\n{imported}',
        f"R/{name}.R": code,
    }
    path = folder / "src" / "contrib" / f"{name}_{version}.tar.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for place, text in texts.items():
            entry = tarfile.TarInfo(f"{name}/{place}")
            entry.size, entry.mode = len(text.encode()), 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    digest = hashlib.md5(path.read_bytes()).hexdigest()
    return f"{fields}MD5sum: {digest}\n"


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cran"
    listed = [
        package(folder, "shouting", "1.2", "shout <- function(x) toupper(x)\n"),
        package(
            folder,
            "greeting",
            "0.3",
            'greet <- function(x) paste("HELLO", shout(x))\n',
            "shouting (>= 1.0), jsonlite",
        ),
        package(folder, "demanding", "1.0", "x <- 1\n", "shouting (>= 9.0)"),
    ]
    folder.chmod(0o755)
    (folder / "src" / "contrib" / "PACKAGES").write_text("\n".join(listed))
    monkeypatch.setattr("runners.cran_mirror.discover", lambda: CranMirror(f"file://{folder}"))
    return folder


def tree(folder: Path, packages: str, code: str = ALGORITHM) -> Path:
    return write_tree(folder, src__Hello_dot_r=code, packages_dot_txt=packages)


@needs_language("r")
def test_packages_are_built_from_the_mirror_with_what_they_need_and_refused_by_name(
    mirror: Path, tmp_path: Path
) -> None:
    slug = installed()

    built = run_build(tree(tmp_path / "good", "greeting\nalgorithmia\n"), slug=slug)
    said = {}
    for name in ("nowhere", "demanding", "greeting (>= 2.0)"):
        with pytest.raises(BuildFailed) as failed:
            run_build(tree(tmp_path / name[:4], name), slug=slug)
        said[name] = str(failed.value)
    (mirror / "src" / "contrib" / "shouting_1.2.tar.gz").write_bytes(b"something else")
    with pytest.raises(BuildFailed, match=r"shouting 1\.2 is not what it was when it was locked"):
        run_build(tree(tmp_path / "other", "shouting\n"), slug=slug)

    packages = cran.CranLock(built.done.lock).packages
    assert [name.partition("==")[0] for name in packages] == ["shouting", "jsonlite", "greeting"]
    assert "Installing greeting 0.3" in built.log
    assert "Loaded in" in built.log
    prefix = "The packages could not be resolved: "
    assert said == {
        "nowhere": f"{prefix}There is no package nowhere, on CRAN for this R; is the name right?",
        "demanding": f"{prefix}CRAN has shouting 1.2, which demanding needs, and >= 9.0 is asked for.",
        "greeting (>= 2.0)": f"{prefix}CRAN has greeting 0.3, and >= 2.0 is asked for.",
    }


def installed() -> str:
    return r_runtimes.discover()[-1].slug


def test_packages_are_named_one_a_line_and_where_they_come_from_is_not_the_authors_choice(
    tmp_path: Path,
) -> None:
    write_tree(tmp_path, packages_dot_txt="# Comment\ntestthat\n\ndata.table (>= 1.14)  # fast\n")
    described = write_tree(
        tmp_path / "described",
        DESCRIPTION="Package: x\nDepends: R (>= 3.5),\n    stats\nImports: jsonlite,\n  curl\nTitle: T\n",
    )

    assert packages_txt.read(tmp_path) == ("testthat", "data.table (>= 1.14)")
    assert packages_txt.read(described) == ("stats", "jsonlite", "curl")
    for line in ("-g alice/package", "-e install.packages('x')", "-t https://x/y_1.tar.gz", "a b"):
        (tmp_path / "packages.txt").write_text(f"testthat\n{line}\n")
        with pytest.raises(BuildFailed, match=r"^packages\.txt, line 2: "):
            packages_txt.read(tmp_path)
