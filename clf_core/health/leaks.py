"""What copies on both sides of a split would do: counted for a split that ignores them.

How much better the accuracy would look is measured by the slow checks (``honesty``).
"""

import numpy as np
from numpy.typing import NDArray

from clf_core.config import SplitConfig
from clf_core.health.survey import MOST_SEARCHED, TEST, Survey
from clf_core.health.words import agree, counted
from clf_core.results import LeakCheck


def check_leak(survey: Survey, config: SplitConfig) -> LeakCheck:
    """Divide the pictures as if each stood alone, and count the test pictures whose like is learned from."""
    sets = survey.alikes.wider
    test = plain_test_split(survey.labels, config.test, config.seed)
    leaked = int(np.isin(sets[test], sets[~test]).sum())
    tested = survey.splits == TEST
    here = int(np.isin(sets[tested], sets[~tested]).sum())
    return LeakCheck(
        sentence=_sentence(survey, int(test.sum()), leaked, here), test_pictures=int(test.sum()), leaked=leaked
    )


def plain_test_split(labels: NDArray[np.int64], share: float, seed: int) -> NDArray[np.bool_]:
    """[N] bool, a test split stratified by class that knows nothing of copies and groups."""
    random = np.random.default_rng(seed)
    test = np.zeros(len(labels), dtype=np.bool_)
    for label in range(int(labels.max(initial=-1)) + 1):
        rows = np.flatnonzero(labels == label)
        test[random.permutation(rows)[: round(share * len(rows))]] = True
    return test


def _sentence(survey: Survey, tested: int, leaked: int, here: int) -> str:
    sets = survey.alikes.wider
    if not survey.searched and len(survey) > MOST_SEARCHED:
        return (
            "Near copies were not searched for among so many pictures: divide them with copies kept together to "
            "have them found."
        )
    if len(np.unique(sets)) == len(sets):
        return "No two pictures are copies or belong together, so no split can leak."
    would = (
        f"{leaked:,} of {counted(tested, 'test picture')} would also stand in training"
        if leaked
        else f"none of {counted(tested, 'test picture')} would happen to stand in training"
    )
    would = f"Divided without regard to what looks alike, {would}"
    if here:
        return f"{would}; in this version {agree(here, '1 does', f'{here:,} do')}."
    return f"{would}; here none does, because what looks alike stays together."
