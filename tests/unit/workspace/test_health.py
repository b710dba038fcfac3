import numpy as np
import pytest

from clf_core.errors import NotFoundError, StorageError
from clf_core.health.found import Suspects, found
from clf_core.results import LeakCheck
from clf_core.workspace.health import Checks, HealthStore


@pytest.fixture
def store(workspace, imported):
    workspace.datasets.add("Pets", imported, "me")
    return HealthStore(workspace.datasets)


@pytest.fixture
def identifier(store, workspace):
    return workspace.datasets.find("Pets").id


def _checks() -> Checks:
    ids = np.arange(40)
    partners = np.where(ids % 2 == 0, ids + 1, -1)
    copies = Suspects.of(ids, np.linspace(0.2, 0.9, 40), partners, ["" if n % 3 else "<b>" for n in range(40)])
    return Checks(
        found=(
            found("near-copies", "note", "40 pictures", "They <i>resemble</i> others", copies, fix="Leave out"),
            found("unreadable", "note", "1 file", "A text", Suspects.none(), count=1),
        ),
        leak=LeakCheck(sentence="None", test_pictures=3, leaked=0),
        pictures=40,
        note="Of 50 a random 40",
    )


@pytest.mark.parametrize("part", ["quick", "slow"])
def test_checks_come_back_as_they_were(store, identifier, part):
    assert store.read(identifier, 1, part) is None
    assert not store.done(identifier, 1, part)
    store.write(identifier, 1, part, _checks())
    assert store.done(identifier, 1, part)
    read = store.read(identifier, 1, part)
    assert [one.finding for one in read.found] == [one.finding for one in _checks().found]
    assert (read.leak, read.pictures, read.note) == (_checks().leak, 40, "Of 50 a random 40")
    for one, other in zip(read.found, _checks().found, strict=True):
        assert one.suspects.ids.tolist() == other.suspects.ids.tolist()
        assert one.suspects.partners.tolist() == other.suspects.partners.tolist()
        assert one.suspects.suggestions == other.suspects.suggestions
        np.testing.assert_array_equal(one.suspects.scores, other.suspects.scores)


def test_the_parts_and_the_dataset_itself_do_not_disturb_each_other(store, identifier, workspace):
    store.write(identifier, 1, "slow", _checks())
    assert store.read(identifier, 1, "quick") is None
    assert [version.version for version in workspace.datasets.versions(identifier)] == [1]
    assert workspace.datasets.find(identifier).version == 1


@pytest.mark.parametrize("name", ["000001.health.json", "000001.suspects.parquet"])
@pytest.mark.parametrize("content", [b"", b"{", None])
def test_damaged_checks_count_as_not_done(store, identifier, name, content):
    store.write(identifier, 1, "quick", _checks())
    path = store.work_folder(identifier).parent / "versions" / name
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    assert store.read(identifier, 1, "quick") is None
    store.write(identifier, 1, "quick", _checks())
    assert store.read(identifier, 1, "quick") is not None


def test_damaged_slow_checks_do_not_stay_done(store, identifier):
    store.write(identifier, 1, "slow", _checks())
    (store.work_folder(identifier).parent / "versions" / "000001.slow-suspects.parquet").write_bytes(b"no")
    assert store.read(identifier, 1, "slow") is None
    assert not store.done(identifier, 1, "slow")


def test_checks_of_an_earlier_format_are_made_again(store, identifier):
    store.write(identifier, 1, "quick", _checks())
    path = store.work_folder(identifier).parent / "versions" / "000001.health.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 0'))
    assert store.read(identifier, 1, "quick") is None


def test_nothing_is_read_or_written_outside_the_store(store):
    with pytest.raises(NotFoundError):
        store.read("../../etc", 1, "quick")
    with pytest.raises(StorageError):
        store.write("d-" + "0" * 20, 1, "quick", _checks())


def test_a_refusing_disk_leaves_nothing_that_counts(store, identifier, monkeypatch):
    def refuse(*_):
        raise StorageError("The disk is full")

    monkeypatch.setattr("clf_core.workspace.health.write_json", refuse)
    with pytest.raises(StorageError):
        store.write(identifier, 1, "quick", _checks())
    assert store.read(identifier, 1, "quick") is None
