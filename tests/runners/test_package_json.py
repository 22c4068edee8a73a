"""What an author may ask npm for, and what npm's lock may hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from runners import npm, package_json
from runners.errors import BuildFailed
from tests.runners.building import write_tree


def tree(folder: Path, **said: object) -> Path:
    return write_tree(folder, package_dot_json=json.dumps(said))


def test_versions_are_taken_and_what_is_only_for_development_is_not(tmp_path: Path) -> None:
    asked = {"@scope/name": "^1.2 || >=2.0.0 <3", "old": "npm:left-pad@1.3.0", "any": "latest"}
    tree(tmp_path, dependencies=asked, devDependencies={"jest": "file:../jest"}, scripts={"x": "y"})

    manifest = package_json.read(tmp_path)

    assert json.loads(manifest.text()) == {
        "name": "algorithm",
        "version": "0.0.0",
        "private": True,
        "dependencies": asked,
    }
    assert package_json.read(tmp_path / "nowhere").names == []


@pytest.mark.parametrize(
    "version",
    [
        "git+ssh://x/y",
        "github:a/b",
        "a/b",
        "file:../x",
        "https://x/y.tgz",
        "link:..",
        "npm:../x",
        7,
    ],
)
def test_where_a_package_comes_from_is_not_the_authors_choice(
    tmp_path: Path, version: object
) -> None:
    for said in ({"dependencies": {"x": version}}, {"overrides": {"y": {"x": version}}}):
        tree(tmp_path, **said)

        with pytest.raises(BuildFailed, match=r"^package\.json: (dependencies|overrides): x"):
            package_json.read(tmp_path)


@pytest.mark.parametrize(
    ("place", "about", "words"),
    [
        ("node_modules/x", {"link": True, "resolved": "../.."}, "is to come from ../.."),
        ("node_modules/x", {"resolved": "git+ssh://h/x.git#1"}, "is to come from git"),
        ("node_modules/../../x", {"integrity": "sha512-aa"}, "is to come from node_modules/../"),
        ("src/x", {"integrity": "sha512-aa"}, "is to come from src/x"),
        ("node_modules/x", {"version": "1.0.0"}, "gives no hash for x"),
    ],
)
def test_lock_that_points_elsewhere_is_refused(
    place: str, about: dict[str, object], words: str
) -> None:
    text = json.dumps({"lockfileVersion": 3, "packages": {"": {}, place: about}})

    with pytest.raises(BuildFailed, match=words):
        npm.checked(text)


def test_addresses_are_left_out_of_a_lock_and_its_packages_named() -> None:
    packages = {
        "": {"dependencies": {"a": "1"}},
        "node_modules/a": {
            "version": "1.0.0",
            "resolved": "https://h/a.tgz",
            "integrity": "sha512-a=",
        },
        "node_modules/a/node_modules/@s/b": {"version": "2.0.0", "integrity": "sha1-b="},
    }

    lock = npm.checked(json.dumps({"lockfileVersion": 3, "packages": packages}))

    assert "https" not in lock.text
    assert lock.packages == ["@s/b==2.0.0", "a==1.0.0"]
    assert json.loads(lock.notes()["package.json"])["dependencies"] == {"a": "1"}
