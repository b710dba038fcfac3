"""What is tried next: never the same twice, from where it was left, and broken off only where others do better."""

import math

import pytest

from clf_core.config import SearchConfig, TrainConfig
from clf_core.errors import StorageError
from clf_core.jobs.search_study import SearchStudy
from clf_core.training.search_judgement import Judgement
from clf_core.training.search_space import Space

BACKBONES = ("tf_efficientnet_lite0", "resnet18")
BALANCED = TrainConfig(preset="balanced", learning_rate=1e-3)


def study(folder, config):
    return SearchStudy(folder / "journal.log", config, Space(config, BACKBONES))


def good(accuracy):
    return Judgement(accuracy, 1 - accuracy)


def test_it_begins_with_the_base_and_tries_everything_once_until_nothing_is_left(tmp_path):
    config = SearchConfig(base=TrainConfig(fit="pad"), settings=("fit", "backbone"), trials=99)
    search, seen = study(tmp_path, config), []
    while (asked := search.ask()) is not None:
        search.tell(asked.key, good(0.5))
        seen.append((asked.config.fit, asked.config.backbone))
    assert seen[0] == ("pad", "tf_efficientnet_lite0")
    assert len(seen) == len(set(seen)) == 6


def test_it_finds_a_good_learning_rate(tmp_path):
    config = SearchConfig(base=BALANCED, settings=("learning_rate",), trials=30, judge="loss")
    search, best = study(tmp_path, config), math.inf
    for _ in range(30):
        asked = search.ask()
        loss = abs(math.log10(asked.config.learning_rate / 3e-4))
        best = min(best, loss)
        search.tell(asked.key, Judgement(0.5, loss))
    assert best < 0.05  # by lot alone one of 30 over three decades comes that near in two cases of three


def test_what_was_under_way_when_it_was_killed_is_asked_for_again_first(tmp_path):
    config = SearchConfig(base=BALANCED, settings=("learning_rate",), trials=9)
    search = study(tmp_path, config)
    first, second, third = (search.ask() for _ in range(3))
    search.tell(first.key, good(0.9))
    with (tmp_path / "journal.log").open("ab") as journal:
        journal.write(b'{"op_code":5,"half a li')  # as a kill in the middle of a write leaves it
    again = study(tmp_path, config)
    again.mark_tried([first.config])
    assert {again.ask().config for _ in range(2)} == {second.config, third.config}
    fourth = again.ask()
    assert fourth.config not in {first.config, second.config, third.config}


def test_gone_on_with_it_knows_how_the_others_did(tmp_path):
    config = SearchConfig(base=BALANCED, settings=("learning_rate", "fit"), trials=9)
    search = study(tmp_path, config)
    for _ in range(6):
        asked = search.ask()
        search.tell(asked.key, good(0.9 if asked.config.fit == "pad" else 0.2 + 1e-5 * asked.key))
    assert study(tmp_path, config).importances() == search.importances() != ()


def test_a_damaged_journal_is_told_in_words(tmp_path):
    config = SearchConfig(settings=("fit",), trials=1)
    study(tmp_path, config).ask()
    journal = tmp_path / "journal.log"
    journal.write_bytes(b"garbage\n" + journal.read_bytes())
    with pytest.raises(StorageError, match="what was tried"):
        study(tmp_path, config)


def course(search, accuracies):
    """Run one trial with these accuracies after its epochs; return after which it was broken off, None if never."""
    asked = search.ask()
    for epoch, accuracy in enumerate(accuracies, 1):
        if search.report(asked.key, epoch / len(accuracies), good(accuracy)):
            search.tell(asked.key, good(accuracy), pruned=True)
            return epoch
    search.tell(asked.key, good(accuracies[-1]))
    return None


def test_a_trial_that_lags_behind_half_of_the_others_is_broken_off_whatever_its_number_of_epochs(tmp_path):
    search = study(tmp_path, SearchConfig(base=BALANCED, settings=("learning_rate",), trials=99))
    for epochs in (4, 5, 10, 20):
        assert course(search, [0.5 + 0.4 * epoch / epochs for epoch in range(1, epochs + 1)]) is None
    assert course(search, [0.1, 0.1, 0.1, 0.1, 0.1]) == 2  # not in the first third
    assert course(search, [0.8, 0.85, 0.9, 0.95, 0.99]) is None


def test_nothing_is_broken_off_where_that_is_not_wanted(tmp_path):
    config = SearchConfig(base=BALANCED, settings=("learning_rate",), trials=99, pruning=False)
    search = study(tmp_path, config)
    for _ in range(5):
        assert course(search, [0.6, 0.7, 0.8, 0.9]) is None
    assert course(search, [0.1, 0.1, 0.1, 0.1]) is None


def test_what_matters_is_named_first_also_where_only_some_presets_have_it(tmp_path):
    config = SearchConfig(settings=("preset", "fit", "learning_rate"), presets=("quick", "balanced"), trials=99)
    search = study(tmp_path, config)
    assert search.importances() == ()
    for _ in range(30):
        asked = search.ask()
        rate = asked.config.learning_rate
        accuracy = 0.5 if rate is None else 0.95 - 0.2 * abs(math.log10(rate / 3e-4))
        search.tell(asked.key, good(accuracy))
    shares = dict(search.importances())
    assert set(shares) == {"preset", "fit", "learning_rate"}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["fit"] < max(shares["preset"], shares["learning_rate"])


def test_a_failed_trial_teaches_nothing_and_is_not_tried_again(tmp_path):
    config = SearchConfig(settings=("fit",), trials=9)
    search = study(tmp_path, config)
    asked = search.ask()
    search.tell(asked.key, None)
    others = [search.ask() for _ in range(3)]
    assert others[2] is None
    assert asked.config.fit not in {other.config.fit for other in others[:2]}
