"""Waking who watches, when nothing carries the message."""

from __future__ import annotations

import logging
import socket

import pytest
from pytest_django import Settings

from marketplace.lib import in_common, live


def test_work_goes_on_although_the_channel_layer_is_away(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as nobody:  # bound, so that nobody else answers there
        nobody.bind(("127.0.0.1", 0))
        address = f"redis://127.0.0.1:{nobody.getsockname()[1]}/0"
        settings.CHANNEL_LAYERS = {"default": in_common.channel_layer(address)}

        with caplog.at_level(logging.WARNING, logger=live.__name__):
            live.notify("watchers", {"type": "told"})

    assert "Nobody in watchers could be woken" in caplog.text
