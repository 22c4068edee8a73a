"""What installers in sandboxes are told of this machine's package index."""

from __future__ import annotations

from pathlib import Path

from pip._internal.models.index import PyPI

from runners import package_index
from runners.package_index import PackageIndex, from_settings, read_pip_configuration
from runners.specs import Mount


def test_stronger_section_of_pips_configuration_wins() -> None:
    said = read_pip_configuration(
        ":env:.find-links='/from/environment'\n"
        "global.find-links='/from/file'\n"
        "global.extra-index-url='https://one.example/simple\\nhttps://two.example/simple'\n"
        "install.index-url='https://install.example/simple'\n"
        "global.index-url='https://global.example/simple'\n"
        "download.index-url='https://download.example/simple'\n"
        "a line of something else\n"
    )

    assert said == {
        "find-links": "/from/environment",
        "extra-index-url": "https://one.example/simple\nhttps://two.example/simple",
        "index-url": "https://install.example/simple",
    }


def test_settings_become_variables_hosts_and_mounts(tmp_path: Path) -> None:
    for name in ("mirror/simple", "mirror/files", "wheels"):
        (tmp_path / name).mkdir(parents=True)
    certificate = tmp_path / "house.pem"
    certificate.touch()
    pip = {
        "index-url": "https://index.example/simple",
        "extra-index-url": f"{(tmp_path / 'mirror' / 'simple').as_uri()} http://more.example:81/",
        "find-links": str(tmp_path / "wheels"),
        "cert": str(certificate),
    }

    index = from_settings(pip, {}, ["files.example"])

    variables = index.variables()
    assert variables["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    assert variables["UV_EXTRA_INDEX_URL"] == pip["extra-index-url"]
    assert variables["UV_FIND_LINKS"] == variables["PIP_FIND_LINKS"] == pip["find-links"]
    assert variables["SSL_CERT_FILE"] == str(certificate)
    assert index.hosts() == {"index.example:443", "more.example:81", "files.example:443"}
    assert index.mounts() == tuple(
        Mount(str(tmp_path / name), str(tmp_path / name))
        for name in ("house.pem", "mirror", "wheels")
    )


def test_uvs_own_variables_win() -> None:
    index = from_settings(
        {"index-url": "https://pip.example/simple", "extra-index-url": "https://old.example/"},
        {
            "UV_DEFAULT_INDEX": "https://uv.example/simple",
            "UV_INDEX": "house=https://house.example/simple",
        },
        [],
    )

    assert index.url == "https://uv.example/simple"
    assert index.more_urls == ("https://house.example/simple", "https://old.example/")


def test_without_settings_the_installers_default_may_be_reached() -> None:
    index = from_settings({}, {}, [])

    assert "UV_DEFAULT_INDEX" not in index.variables()
    assert index.hosts() == {f"{PyPI.netloc}:443", f"{PyPI.file_storage_domain}:443"}
    assert index.mounts() == ()


def test_offline_machine_reaches_nothing(tmp_path: Path) -> None:
    index = from_settings({"no-index": "true", "find-links": str(tmp_path)}, {}, [])

    assert index.hosts() == frozenset()
    assert index.variables()["UV_NO_INDEX"] == "1"
    assert index.mounts() == (Mount(str(tmp_path), str(tmp_path)),)


def test_password_in_an_address_is_noticed() -> None:
    assert PackageIndex(url="https://me:secret@index.example/simple").has_credentials
    assert not PackageIndex(url="https://index.example/simple").has_credentials


def test_this_machines_own_settings_can_be_read() -> None:
    index = package_index.discover()

    assert index.variables()["UV_NO_CONFIG"] == "1"
    assert all(Path(mount.source).exists() and not mount.writable for mount in index.mounts())
