import os

import pytest

from clf_core.cli.models import check_output
from clf_core.errors import InputError


def test_a_new_or_an_old_file_may_be_written(tmp_path):
    (tmp_path / "old.csv").touch()
    check_output(tmp_path / "old.csv")
    check_output(tmp_path / "new.csv")


def test_a_name_that_no_disk_takes_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        check_output(tmp_path / ("x" * 300))


def test_a_folder_that_may_not_be_entered_is_refused(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "stat", refuse)
    with pytest.raises(InputError, match=r"cannot be written\. Permission denied\."):
        check_output(tmp_path / "x.csv")


def test_a_folder_that_may_not_be_written_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # whoever runs the tests as root may write anywhere
    with pytest.raises(InputError, match="may not be written into"):
        check_output(tmp_path / "x.csv")
