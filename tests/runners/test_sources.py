"""What an author's files may be: snapshots and requirements, read without trust."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from runners import requirements_file, sources, workshop
from runners.errors import BuildFailed
from runners.resolution import Lock


def write(tree: Path, name: str, text: str = "") -> Path:
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_same_files_make_the_same_snapshot_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, "src/Hello.py", "code")
        write(tmp_path / name, ".git/hooks/post-checkout", name)
    (tmp_path / "three").mkdir()
    write(tmp_path / "three", "src/Hello.py", "other code")

    made = [sources.snapshot(tmp_path / name, tmp_path / "out") for name in ("one", "two", "three")]

    assert made[0] == made[1]
    assert made[2].digest != made[0].digest
    assert (made[0].files, made[0].size_bytes) == (1, 4)
    assert not (made[0].folder / ".git").exists()
    assert stat.S_IMODE((made[0].folder / "src" / "Hello.py").stat().st_mode) == 0o444
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_program_stays_a_program_and_counts_as_another_file(tmp_path: Path) -> None:
    script = write(tmp_path / "tree", "run.sh", "#!/bin/sh\n")
    plain = sources.snapshot(tmp_path / "tree", tmp_path / "out")
    script.chmod(0o755)

    program = sources.snapshot(tmp_path / "tree", tmp_path / "out")

    assert program.digest != plain.digest
    assert stat.S_IMODE((program.folder / "run.sh").stat().st_mode) == 0o555


@pytest.mark.parametrize("target", ["/etc/passwd", "../../x", "../src/../../x", "a/../../../x"])
def test_link_that_leads_out_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "tree" / "src").mkdir(parents=True)
    (tmp_path / "tree" / "src" / "link").symlink_to(target)

    with pytest.raises(BuildFailed, match=r"^src/link is a link to .*, outside the algorithm"):
        sources.snapshot(tmp_path / "tree", tmp_path / "out")

    assert list((tmp_path / "out").iterdir()) == []


def test_link_inside_is_kept_as_a_link(tmp_path: Path) -> None:
    write(tmp_path / "tree", "data/model.bin", "model")
    (tmp_path / "tree" / "src").mkdir()
    (tmp_path / "tree" / "src" / "data").symlink_to("../data")

    made = sources.snapshot(tmp_path / "tree", tmp_path / "out")

    assert (made.folder / "src" / "data").readlink() == Path("../data")
    assert (made.folder / "src" / "data" / "model.bin").read_text() == "model"


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    os.mkfifo(tmp_path / "tree" / "pipe")

    with pytest.raises(BuildFailed, match=r"^pipe is neither a file"):
        sources.snapshot(tmp_path / "tree", tmp_path / "out")


def test_too_many_bytes_are_refused_before_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_BYTES", 10)
    write(tmp_path / "tree", "a", "123456")
    write(tmp_path / "tree", "b", "123456")

    with pytest.raises(BuildFailed, match="put models into a data collection"):
        sources.snapshot(tmp_path / "tree", tmp_path / "out")

    assert list((tmp_path / "out").iterdir()) == []


def test_requirements_are_read_with_their_includes_and_comments(tmp_path: Path) -> None:
    write(
        tmp_path,
        "requirements.txt",
        "# what we need\n"
        "NumPy>=1.19 ; python_version < '3.12'  # arrays\n"
        "\n"
        "-r more/extra.txt\n"
        "-c limits.txt\n"
        "--pre\n"
        "requests[socks] \\\n"
        "  ==2.31.0\n",
    )
    write(tmp_path, "more/extra.txt", "six\n-r ../last.txt\n")
    write(tmp_path, "last.txt", "toml\n")
    write(tmp_path, "limits.txt", "urllib3<2\n")

    read = requirements_file.read(tmp_path)

    assert read.lines == (
        "NumPy>=1.19 ; python_version < '3.12'",
        "six",
        "toml",
        "requests[socks] ==2.31.0",
    )
    assert read.constraints == ("urllib3<2",)
    assert read.takes_prereleases
    assert read.names == {"numpy", "six", "toml", "requests"}


def test_no_requirements_file_means_no_requirements(tmp_path: Path) -> None:
    assert requirements_file.read(tmp_path) == requirements_file.Requirements()


_ADDRESS = (
    "builds reach the package index only: ask for a released version by name, "
    "or put the code into src/."
)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("numpy=1.19", "this is not a requirement. Did you mean numpy==1.19?"),
        ("two words", "this is not a requirement."),
        ("tool @ https://tools.example/tool.whl", _ADDRESS),
        ("git+https://code.example/tool.git", _ADDRESS),
        ("./local", _ADDRESS),
        ("/etc/passwd", _ADDRESS),
        ("-e .", "An editable requirement cannot be installed here; put the code into src/."),
        (
            "--extra-index-url https://index.example/simple",
            "Packages come from the platform's own index; remove this line.",
        ),
        (
            "--index-url=https://i.example",
            "Packages come from the platform's own index; remove this line.",
        ),
        ("--unheard-of", "this option is not understood here; remove it."),
        ("-r ../../etc/passwd", "there is no such file in the algorithm."),
        ("-r missing.txt", "there is no such file in the algorithm."),
        ("-r requirements.txt", "files include one another too deeply."),
    ],
)
def test_wrong_line_is_named_with_its_reason(tmp_path: Path, line: str, sentence: str) -> None:
    write(tmp_path, "requirements.txt", f"six\n\n{line}\n")

    with pytest.raises(BuildFailed) as failed:
        requirements_file.read(tmp_path)

    assert str(failed.value) == f"requirements.txt, line 3: {line}: {sentence}"


def test_password_in_a_requirement_is_refused_and_not_repeated(tmp_path: Path) -> None:
    write(tmp_path, "requirements.txt", "tool @ https://me:secret@tools.example/tool.whl\n")

    with pytest.raises(BuildFailed) as failed:
        requirements_file.read(tmp_path)

    assert "it holds a user name or password" in str(failed.value)
    assert "secret" not in str(failed.value)


@pytest.mark.parametrize(
    "lock",
    [
        "six==1.17.0\n",
        "six>=1.0 --hash=sha256:00\n",
        "--index-url https://index.example/simple\n",
        "six @ https://tools.example/six.whl --hash=sha256:00\n",
    ],
)
def test_lock_with_anything_else_than_pins_is_refused(lock: str) -> None:
    with pytest.raises(BuildFailed):
        requirements_file.check_lock(lock)


def test_lock_names_its_artefact_by_its_text_and_its_interpreter() -> None:
    wheels = Lock("# wheels only\nsix==1.17.0 \\\n    --hash=sha256:00\n")
    built = Lock(wheels.text.replace("# wheels only", "# some packages are built from source"))

    assert wheels.packages == ["six==1.17.0"]
    assert not wheels.needs_sources
    assert built.needs_sources
    assert len({wheels.digest("a"), wheels.digest("b"), built.digest("a")}) == 3


def test_note_that_is_not_what_it_seems_is_not_read(tmp_path: Path) -> None:
    outside = write(tmp_path, "outside", "secret")
    folder = tmp_path / "folder"
    (folder / ".build").mkdir(parents=True)
    (folder / ".build" / "link").symlink_to(outside)
    os.mkfifo(folder / ".build" / "pipe")
    other = tmp_path / "other"
    other.mkdir()
    (other / ".build").symlink_to(tmp_path)

    read = [
        workshop.read_note(folder, "link"),
        workshop.read_note(folder, "pipe"),
        workshop.read_note(folder, "missing"),
        workshop.read_note(other, "outside"),
    ]
    workshop.clear_notes(other)

    assert read == ["", "", "", ""]
    assert outside.read_text() == "secret"
