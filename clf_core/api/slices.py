"""On which kinds of test pictures a finished run does worse."""

from functools import lru_cache
from typing import TYPE_CHECKING

from clf_core.api.runs import Runs
from clf_core.api.tested_runs import answers_of
from clf_core.errors import ConfigError, StorageError
from clf_core.results.slices import SliceReport
from clf_core.workspace import Workspace
from clf_core.workspace.records import SliceColumn, SliceTable

if TYPE_CHECKING:
    from clf_core.evaluation.answers import Answers
    from clf_core.evaluation.slices import Attribute
    from clf_core.workspace.run_directory import RunDirectory

_LONGEST_NAME = 120


class Slices:
    """Kinds of test pictures. Nothing here counts as a look at the test split: whoever asks has seen the report.

    ``run_ref`` is the name or identifier of a finished run. All methods raise NotFoundError where there is no such run
    or its dataset is gone, and StateError where it is not done, was not tested or keeps no answers.
    """

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self._workspace = workspace
        self._runs = runs
        self._judged = lru_cache(maxsize=8)(self._judge)

    def of(self, run_ref: str) -> SliceReport:
        """Judge every kind of test pictures: by size, looks, source, near copies, and the columns of the kept table."""
        run = self._runs.finished(run_ref)
        return self._judged(run.record.id, _kept(run))

    def keep(self, run_ref: str, data: bytes, name: str) -> SliceReport:
        """Keep with the run what a table says of its test pictures, in the place of one before, and judge by it, too.

        Args:
            run_ref: which run.
            data: a table (CSV), one row for each picture, with names in its first row.
            name: what the file is called, to be told by; any text.

        Raises:
            ConfigError: the table cannot be used; the one before is kept.
            StorageError: the disk refuses.
        """
        run = self._runs.finished(run_ref)
        run.write_slice_table(_joined(data, name, answers_of(run)))
        return self.of(run_ref)

    def forget(self, run_ref: str) -> None:
        """Remove the table.

        Raises:
            StorageError: the disk refuses.
        """
        self._runs.finished(run_ref).write_slice_table(None)

    def _judge(self, run_id: str, table: SliceTable | None) -> SliceReport:
        from clf_core.evaluation.slices import judge

        run = self._runs.finished(run_id)
        answers = answers_of(run)
        attributes = list(self._attributes(run, answers))
        if table is not None:
            attributes.extend(_attributes_in(table, answers))
        right = answers.predicted == answers.true_index
        notices = () if table is None else (table.notice,)
        report = judge(right, answers.groups, answers.true_index, attributes, notices)
        return report.model_copy(update={"table": None if table is None else table.name})

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


def _kept(run: "RunDirectory") -> SliceTable | None:
    try:
        return run.slice_table()
    except StorageError:  # it can be given again, and the others stand without it
        return None


def _attributes_in(table: SliceTable, answers: "Answers") -> "list[Attribute]":
    """Its columns, those left out that do not fit the test pictures: somebody wrote into the file."""
    import numpy as np

    from clf_core.evaluation.slices import Attribute

    return [
        Attribute(column.name, column.kinds, np.array(column.index, dtype=np.int64))
        for column in table.columns
        if len(column.index) == len(answers)
    ]


def _joined(data: bytes, name: str, answers: "Answers") -> SliceTable:
    from clf_core.evaluation.slice_attributes import table_attributes
    from clf_core.importing.labels import TableError

    try:
        attributes, notice = table_attributes(data, answers.source_names)
    except TableError as error:
        raise ConfigError(
            "The table cannot be used",
            field="table",
            why=f"{str(error)[0].upper()}{str(error)[1:]}",
            remedy="Give a CSV file with one row for each picture and a column of their file names",
        ) from error
    columns = tuple(
        SliceColumn(name=attribute.name, kinds=attribute.kinds, index=tuple(attribute.index.tolist()))
        for attribute in attributes
    )
    return SliceTable(name=name[:_LONGEST_NAME] or "table", notice=notice, columns=columns)
