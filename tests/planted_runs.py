"""Finished runs written straight into a workspace, with answers a test decides: no network, no training."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from clf_core.api import Workbench
from clf_core.config import TrainConfig
from clf_core.evaluation.answers import Answers
from clf_core.evaluation.evaluator import evaluate
from clf_core.evaluation.tested import tested_pictures
from clf_core.jobs import process
from clf_core.results import DatasetSummary, TestedPicture
from clf_core.workspace import Workspace
from clf_core.workspace.records import RunStatus


def answers_of(classes, sha256, true_index, said, *, sure=0.9, groups=None) -> Answers:
    """Answers that name ``said`` (indices), each with the probability ``sure`` (one, or one for each picture)."""
    true, said = np.asarray(true_index, dtype=np.int64), np.asarray(said, dtype=np.int64)
    share = np.broadcast_to(np.asarray(sure, dtype=np.float64), said.shape)
    rest = (1 - share) / max(1, len(classes) - 1)
    probabilities = np.repeat(rest[:, None], len(classes), axis=1)
    probabilities[np.arange(len(said)), said] = share
    return Answers(
        classes=tuple(classes),
        sha256=tuple(sha256),
        source_names=tuple(f"{digest[:6]}.png" for digest in sha256),
        groups=np.arange(len(true)) if groups is None else np.asarray(groups, dtype=np.int64),
        true_index=true,
        logits=np.log(probabilities).astype(np.float32),
    )


def answers_with(sha256, source_names, classes, true_index, probabilities) -> Answers:
    """Answers that give these probabilities [N, K], each picture a group of its own."""
    return Answers(
        classes=tuple(classes),
        sha256=tuple(sha256),
        source_names=tuple(source_names),
        groups=np.arange(len(true_index)),
        true_index=np.asarray(true_index, dtype=np.int64),
        logits=np.log(np.maximum(probabilities, 1e-30)).astype(np.float32),
    )


def rows_of_answers(sha256, source_names, classes, true_index, probabilities) -> tuple[TestedPicture, ...]:
    """The tested pictures of such answers."""
    return tested_pictures(answers_with(sha256, source_names, classes, true_index, probabilities), 1.0)


def dataset_answers(bench: Workbench, dataset: DatasetSummary, right) -> Answers:
    """Answers for a dataset's test pictures, of which those marked in ``right`` [N] bool are answered right."""
    manifest = Workspace(bench.settings.workspace).datasets.manifest(dataset.id, dataset.version)
    rows = manifest.select("test")
    true = rows.label_index
    said = np.where(np.asarray(right), true, (true + 1) % len(manifest.classes))
    return answers_of(manifest.classes, rows.sha256, true, said, sure=np.linspace(0.6, 0.95, len(true)))


def write_earlier(folder: Path, rows: Sequence[TestedPicture]) -> None:
    """Leave what an earlier version of the studio left in the place of answers."""
    columns = {name: [getattr(row, name) for row in rows] for name in TestedPicture.model_fields}
    pq.write_table(pa.table(columns), folder / "tested.parquet")


def plant_run(
    bench: Workbench,
    dataset: DatasetSummary,
    answers: Answers,
    name: str,
    config: TrainConfig | None = None,
    *,
    with_answers: bool = True,
) -> str:
    """Write a finished run that gave these answers and return its identifier.

    Args:
        bench, dataset: where it belongs.
        answers: of its test pictures.
        name: what it is called.
        config: its settings.
        with_answers: False for one of an earlier version, which left its report only.
    """
    run = Workspace(bench.settings.workspace).runs.create(dataset, config or TrainConfig(), name, process.current())
    probabilities = answers.probabilities()
    report = evaluate(name, answers.classes, answers.true_index, probabilities, {}, groups=answers.groups)
    if with_answers:
        run.write_answers("test", answers)
    else:
        write_earlier(run.path, tested_pictures(answers, 1.0))
    run.write_evaluation(report)
    metrics = {name: getattr(report, name) for name in ("accuracy", "accuracy_low", "accuracy_high")}
    run.write_status(RunStatus(state="done", worker=process.current(), began=time.time(), seconds=3.0, metrics=metrics))
    return run.record.id
