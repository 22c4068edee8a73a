from __future__ import annotations

from pathlib import Path

import pytest

from marketplace.static_files import ModuleStorage

MODULE = """
import { one } from "./one.js";
/** @param {import("./circle.js").Circle} circle */
export const two = async () => (await import("codemirror")) ?? (await import("./one.js")).one;
"""


@pytest.fixture
def storage(tmp_path: Path) -> ModuleStorage:
    folder = tmp_path / "js"
    folder.mkdir()
    (folder / "one.js").write_text("export const one = 1;\n")
    (folder / "two.js").write_text(MODULE)
    (folder / "circle.js").write_text('/** @param {import("./two.js").Two} two */\n')
    made = ModuleStorage(location=tmp_path, base_url="/static/")
    names = ["js/one.js", "js/two.js", "js/circle.js"]
    problems = [
        processed
        for _, _, processed in made.post_process({name: (made, name) for name in names})
        if isinstance(processed, Exception)
    ]
    assert problems == []
    return made


def test_imports_that_browsers_load_get_the_hashed_name(
    storage: ModuleStorage, tmp_path: Path
) -> None:
    one, two = storage.stored_name("js/one.js"), storage.stored_name("js/two.js")

    text = (tmp_path / two).read_text()

    name = one.removeprefix("js/")
    assert name != "one.js"
    assert f'import {{ one }} from "./{name}";' in text
    assert f'import("./{name}")).one' in text


def test_bare_names_and_types_are_left_alone(storage: ModuleStorage, tmp_path: Path) -> None:
    text = (tmp_path / storage.stored_name("js/two.js")).read_text()

    assert 'import("codemirror")' in text
    assert '{import("./circle.js").Circle}' in text


def test_bundle_that_was_not_built_has_an_address_all_the_same(storage: ModuleStorage) -> None:
    assert storage.url("vendor/codemirror.js") == "/static/vendor/codemirror.js"
