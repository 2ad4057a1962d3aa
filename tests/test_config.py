"""One TOML file; a typo is an error, not a surprise."""

from __future__ import annotations

from pathlib import Path

import pytest

from nightlatch import config
from nightlatch.cloud.settings import CloudSettings
from nightlatch.errors import ConfigError
from nightlatch.hub.settings import HubSettings


def test_no_file_is_fine_and_the_command_line_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert config.load().section("hub", HubSettings).port == 8640
    (tmp_path / "nightlatch.toml").write_text("[hub]\nport = 9000\nkeep_hours = 48\n")
    settings = config.load().section("hub", HubSettings, port=9100, demo=None)
    assert (settings.port, settings.keep_hours, settings.demo) == (9100, 48, True)


def read_all(file: Path) -> None:
    """Read both sections."""
    found = config.load(file)
    found.section("hub", HubSettings)
    found.section("cloud", CloudSettings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[hub]\nprot = 1", "hub.*prot: there is no such setting"),
        ("[hubb]\nport = 1", "hubb"),
        ("port = 1", "not a section"),
        ("[hub\n", "not valid TOML"),
        ("[hub]\nport = 99999", "port"),
        ("[cloud]\nkeep_days = 3", "keep_days"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=said):
        read_all(file)


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file"):
        config.load(tmp_path / "none.toml")
