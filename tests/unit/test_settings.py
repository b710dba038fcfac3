import os
from pathlib import Path

import pytest

from clf_core.errors import ConfigError
from clf_core.settings import Settings


def test_the_workspace_comes_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("CLF_WORKSPACE", str(tmp_path / "studio"))
    settings = Settings.from_environment()
    assert settings.workspace == tmp_path / "studio"
    assert not settings.workspace.exists()


def test_without_one_it_lies_in_the_users_data_directory(monkeypatch):
    monkeypatch.delenv("CLF_WORKSPACE", raising=False)
    assert Settings.from_environment().workspace.name == "image-classifier-studio"


def test_import_folders_any_some_or_none(monkeypatch, tmp_path):
    monkeypatch.delenv("CLF_IMPORT_FOLDERS", raising=False)
    assert Settings.from_environment().import_folders is None
    monkeypatch.setenv("CLF_IMPORT_FOLDERS", "")
    assert Settings.from_environment().import_folders == ()
    monkeypatch.setenv("CLF_IMPORT_FOLDERS", os.pathsep.join([str(tmp_path), str(tmp_path / "b")]))
    assert Settings.from_environment().import_folders == (Path(tmp_path).resolve(), (tmp_path / "b").resolve())


def test_the_largest_upload_is_the_operators_to_say(monkeypatch):
    monkeypatch.delenv("CLF_MAX_UPLOAD_GB", raising=False)
    assert Settings.from_environment().max_upload_bytes == 20 * 2**30
    monkeypatch.setenv("CLF_MAX_UPLOAD_GB", "0.5")
    assert Settings.from_environment().max_upload_bytes == 2**29


@pytest.mark.parametrize("text", ["much", "0", "-1", "nan", "inf"])
def test_an_upload_limit_that_is_no_number_of_gigabytes_is_refused(monkeypatch, text):
    monkeypatch.setenv("CLF_MAX_UPLOAD_GB", text)
    with pytest.raises(ConfigError) as refused:
        Settings.from_environment()
    assert refused.value.field == "CLF_MAX_UPLOAD_GB"


def test_work_by_itself_can_be_switched_off(monkeypatch):
    monkeypatch.delenv("CLF_BACKGROUND", raising=False)
    assert Settings.from_environment().background
    monkeypatch.setenv("CLF_BACKGROUND", "off")
    assert not Settings.from_environment().background
    monkeypatch.setenv("CLF_BACKGROUND", "perhaps")
    with pytest.raises(ConfigError) as refused:
        Settings.from_environment()
    assert refused.value.field == "CLF_BACKGROUND"
