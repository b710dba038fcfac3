"""Near duplicates: pictures that are the same but for size, compression, brightness or a slight crop.

Three sieves, each finer and dearer than the one before:

1. The lowest frequencies of the cosine transform of the thumb and its colour planes, of zero mean and unit norm
   (what the perceptual hash pHash keeps as bits: C. Zauner 2010, 'Implementation and benchmarking of perceptual
   image hash functions'). All pairs are compared, as one matrix product block by block.
2. The distance between the two once small shifts and scales are allowed for, to first order (tangent distance:
   P. Simard, Y. LeCun & J. Denker 1993).
3. One laid over the other (``alignment``); they are copies if what is left differs no more than a copy may.

How alike two pictures must be depends on what else there is (as in H. Jegou, H. Harzallah & C. Schmid 2007, 'A
contextual dissimilarity measure'): two handwritten ones are more alike than many a photo and its thumbnail. B. Barz &
J. Denzler 2020, 'Do we train on test data?', tell why near duplicates must not straddle a split.

The package imagehash was considered: its hashes of 64 bits find shrunken and recompressed copies, but of slightly
cropped ones it loses many, and similar pictures before one background, such as digits, fall on the same hash.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.data.alignment import compare, tangent_similarity
from clf_core.data.frequencies import Floats, as_floats, describe, project
from clf_core.device import cpu_count
from clf_core.errors import CancelledError

MIN_CONTRAST = 3.0
"""Grey levels, standard deviation in the thumb. An even picture has nothing by which a copy could be told from any
other even picture: it is nobody's near copy. Equal files and equal pixels are for the import to find."""

_LEAST_SIMILAR = 0.83
_LEAST_TANGENT = 0.965
_MOST_COLOUR = 9.0

# How good a match has to be: nats of unlikeness left over, -log(1 - overall) - log(1 - detail), against how alike the
# others are, -log(1 - background). Fitted by hand on planted copies among photographs of insects, hands before one
# wall, drawn shapes and handwritten digits: recall 0.97, 0.98, 1.00 and 0.97 at precision 1.00, 1.00, 0.98 and 0.99.
_LEAST_MATCH, _ENOUGH = 6.1, 8.2
_MATCH_AT, _CROWD_AT, _SLOPE = 6.0, 2.2, 1.5

_NEIGHBOUR = 3
_SAMPLE = 2048
_PER_PICTURE = 12
_MOST_PAIRS = 600_000
_MOST_ALIGNED = 60_000
_BLOCK = 1024
_CHUNK = 64

Pairs = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures that look the same.

    Attributes:
        first, second: their places, first < second.
        similarity: 0..1, 1 for equal ones.
    """

    first: int
    second: int
    similarity: float


def find_copies(
    thumbs: NDArray[np.uint8],
    colours: NDArray[np.uint8] | None = None,
    *,
    start: int = 0,
    cancelled: Callable[[], bool] | None = None,
) -> list[Pair]:
    """Find the pictures that are copies of each other.

    Args:
        thumbs: [N, 24, 24] uint8, see ``Facts.thumbs``.
        colours: [N, 12, 12, 2] uint8, see ``Facts.colours``; None to go by the grey values alone.
        start: pairs of two pictures before this place are not looked for.
        cancelled: asked now and then; True stops the search with CancelledError.

    Returns:
        Pairs enough to connect the copies of a picture, in order of their places; of pictures with equal thumbs
        only neighbours are paired.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    if colours is None:
        colours = np.full((len(thumbs), 12, 12, 2), 128, dtype=np.uint8)
    described = describe(thumbs, colours)
    textured = np.flatnonzero(np.linalg.norm(described, axis=1) > MIN_CONTRAST * thumbs.shape[1])
    unique, equal = _equal(thumbs, colours, textured)
    described = described[unique]
    described /= np.linalg.norm(described, axis=1, keepdims=True)
    found = [Pair(one, other, 1.0) for one, other in equal if other >= start]
    # Threads of ours over small matrices: threads of the matrix library below them would wait for each other. Its
    # setting holds for the whole process, hence one search at a time.
    with _searching, threadpool_limits(limits=1), ThreadPoolExecutor(min(4, cpu_count()), "copies") as executor:
        level, background = _background(described)
        pairs = _candidates(executor, described, unique >= start, level, cancelled)
        found += _verified(executor, (thumbs, colours), unique, pairs, background, cancelled)
    return sorted(found, key=lambda pair: (pair.first, pair.second))


_searching = threading.Lock()


def components(count: int, pairs: Iterable[Pair] | Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    """Number the connected components that ``pairs`` make of ``count`` pictures.

    Returns:
        [count] int64, the component of each picture, numbered from 0 in order of their first picture.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = np.array(
        [(pair.first, pair.second) if isinstance(pair, Pair) else pair for pair in pairs], dtype=np.int64
    ).reshape(-1, 2)
    links = coo_array((np.ones(len(ends), dtype=np.int8), (ends[:, 0], ends[:, 1])), shape=(count, count))
    _, numbers = connected_components(links, directed=False)
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.asarray(rank[inverse], dtype=np.int64)


def _equal(
    thumbs: NDArray[np.uint8], colours: NDArray[np.uint8], places: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[tuple[int, int]]]:
    """The first of all pictures with equal thumbs, and each further one paired with the one before it."""
    last: dict[int, int] = {}
    first: list[int] = []
    pairs: list[tuple[int, int]] = []
    for place in places.tolist():
        key = hash(thumbs[place].tobytes() + colours[place].tobytes())
        before = last.get(key)
        if before is not None and (thumbs[before] == thumbs[place]).all() and (colours[before] == colours[place]).all():
            pairs.append((before, place))
        else:
            first.append(place)
        last[key] = place
    return np.array(first, dtype=np.int64), pairs


def _background(described: Floats) -> tuple[float, Floats]:
    """How similar pairs must be to be looked at, and [N] how similar each picture is to others that are no copies."""
    count = len(described)
    if count < 2:
        return 1.0, np.zeros(count, dtype=np.float32)
    sample = described[np.linspace(0, count - 1, min(count, _SAMPLE)).astype(np.int64)]
    share = min(1.0, 2 * min(_PER_PICTURE * count, _MOST_PAIRS) / (count * count))
    background = np.zeros(count, dtype=np.float32)
    levels = []
    for at in range(0, count, _BLOCK):
        similar = described[at : at + _BLOCK] @ sample.T
        kept = max(_NEIGHBOUR, int(share * len(sample)) + 1) + 1  # one more: most meet themselves
        if kept < len(sample):
            similar = np.partition(similar, len(sample) - kept, axis=1)[:, -kept:]
        levels.append(similar[:, 0].mean())
        if similar.shape[1] > _NEIGHBOUR:
            background[at : at + _BLOCK] = np.sort(similar, axis=1)[:, -1 - _NEIGHBOUR]
    level = float(np.mean(levels)) if share < 1 else _LEAST_SIMILAR
    return max(level, _LEAST_SIMILAR), background


def _candidates(
    executor: ThreadPoolExecutor,
    described: Floats,
    fresh: NDArray[np.bool_],
    level: float,
    cancelled: Callable[[], bool] | None,
) -> Pairs:
    """[P, 2] int32, pairs of places in ``described`` that are similar enough, most similar first."""

    def similar_to(top: int) -> tuple[Pairs, Floats]:
        _stop_if(cancelled)
        rows, scores = [np.zeros((0, 2), dtype=np.int32)], [np.zeros(0, dtype=np.float32)]
        for left in range(top, len(described), _BLOCK):
            if fresh[left : left + _BLOCK].any():
                similar = described[top : top + _BLOCK] @ described[left : left + _BLOCK].T
                down, across = np.divmod(np.flatnonzero(similar >= level), similar.shape[1])
                wanted = (down + top < across + left) & fresh[left + across]
                down, across = down[wanted], across[wanted]
                rows.append(np.stack([down + top, across + left], axis=1).astype(np.int32))
                scores.append(similar[down, across])
        return np.concatenate(rows), np.concatenate(scores)

    pairs, scores = np.zeros((0, 2), dtype=np.int32), np.zeros(0, dtype=np.float32)
    for more, their_scores in executor.map(similar_to, range(0, len(described), _BLOCK)):
        pairs, scores = np.concatenate([pairs, more]), np.concatenate([scores, their_scores])
        if len(pairs) > _MOST_PAIRS:  # so many look alike: go on with those that look most alike
            best = np.argpartition(scores, len(scores) - _MOST_PAIRS // 2)[-_MOST_PAIRS // 2 :]
            pairs, scores = pairs[best], scores[best]
            level = max(level, float(scores.min()))
    return pairs[np.argsort(-scores, kind="stable")]


def _verified(
    executor: ThreadPoolExecutor,
    pictures: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    unique: NDArray[np.int64],
    pairs: Pairs,
    background: Floats,
    cancelled: Callable[[], bool] | None,
) -> list[Pair]:
    """Look at candidates closely; ``pairs`` speak of places in ``unique`` and ``background``."""

    def load(ends: Pairs) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        _stop_if(cancelled)
        first, second = (as_floats(*pictures, unique[ends[:, side]]) for side in (0, 1))
        return (first[0], second[0]), (first[1], second[1])

    def sift(ends: Pairs) -> Pairs:
        return ends[tangent_similarity(*load(ends), project) >= _LEAST_TANGENT]

    def judge(ends: Pairs) -> list[Pair]:
        alike = compare(*load(ends))
        match = _nats(alike.overall) + _nats(alike.detail)
        needed = _MATCH_AT + _SLOPE * (_nats(background[ends].max(axis=1)) - _CROWD_AT)
        good = (match >= np.clip(needed, _LEAST_MATCH, _ENOUGH)) & (alike.colour <= _MOST_COLOUR)
        found = []
        for at in np.flatnonzero(good):
            first, second = sorted(unique[ends[at]].tolist())
            found.append(Pair(first, second, min(1.0, float(alike.overall[at]))))
        return found

    near = [np.zeros((0, 2), dtype=np.int32), *executor.map(sift, _chunks(pairs))]
    close = np.concatenate(near)[:_MOST_ALIGNED]
    return [pair for found in executor.map(judge, _chunks(close)) for pair in found]


def _nats(similarity: Floats) -> Floats:
    return np.asarray(-np.log(np.float32(1.0001) - np.minimum(similarity, 1)), dtype=np.float32)


def _chunks(pairs: Pairs) -> Iterator[Pairs]:
    return (pairs[at : at + _CHUNK] for at in range(0, len(pairs), _CHUNK))


def _stop_if(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise CancelledError("The search for copies was cancelled", remedy="Nothing was changed")
