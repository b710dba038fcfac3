"""On which kinds of test pictures a finished run does worse."""

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from clf_core.api.runs import Runs
from clf_core.api.tested_runs import answers_of
from clf_core.errors import ConfigError
from clf_core.results.slices import SliceReport
from clf_core.workspace import Workspace

if TYPE_CHECKING:
    from clf_core.evaluation.answers import Answers
    from clf_core.evaluation.slices import Attribute
    from clf_core.workspace.run_directory import RunDirectory


class Slices:
    """Kinds of test pictures. Nothing here counts as a look at the test split: whoever asks has seen the report."""

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self._workspace = workspace
        self._runs = runs
        self._judged = lru_cache(maxsize=8)(self._judge)

    def of(self, run_ref: str, table: bytes | None = None) -> SliceReport:
        """Judge every kind of test pictures: by size, looks, source, near copies, and the columns of a table.

        Args:
            run_ref: name or identifier of a finished run.
            table: a table of the person's own (CSV), one row for each picture, with names in its first row.

        Raises:
            NotFoundError: no such run, or its dataset is gone.
            StateError: the run is not done, was not tested, or keeps no answers.
            ConfigError: the table cannot be used.
        """
        run = self._runs.finished(run_ref)
        return self._judged(run.record.id, Table(table) if table else None)

    def _judge(self, run_id: str, table: "Table | None") -> SliceReport:
        from clf_core.evaluation.slices import judge

        run = self._runs.finished(run_id)
        answers = answers_of(run)
        attributes = list(self._attributes(run, answers))
        notices = []
        if table is not None:
            added, notice = _of_table(table, answers)
            attributes.extend(added)
            notices.append(notice)
        right = answers.logits.argmax(axis=1) == answers.true_index
        return judge(right, answers.groups, answers.true_index, attributes, notices)

    def _attributes(self, run: "RunDirectory", answers: "Answers") -> "tuple[Attribute, ...]":
        from clf_core.evaluation.slice_attributes import attributes_of

        datasets, record = self._workspace.datasets, run.record
        return attributes_of(
            datasets.manifest(record.dataset_id, record.version),
            datasets.facts(record.dataset_id),
            answers.sha256,
            answers.source_names,
            answers.groups,
        )


class Table:
    """A table's bytes, equal where they are the same."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._digest = hashlib.sha256(data).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self._digest == other._digest

    def __hash__(self) -> int:
        return hash(self._digest)


def _of_table(table: Table, answers: "Answers") -> "tuple[tuple[Attribute, ...], str]":
    from clf_core.evaluation.slice_attributes import table_attributes
    from clf_core.importing.labels import TableError

    try:
        return table_attributes(table.data, answers.source_names)
    except TableError as error:
        raise ConfigError(
            "The table cannot be used",
            field="table",
            why=f"{str(error)[0].upper()}{str(error)[1:]}",
            remedy="Give a CSV file with one row for each picture and a column of their file names",
        ) from error
