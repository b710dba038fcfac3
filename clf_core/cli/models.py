"""The command predict."""

import argparse
import os
from pathlib import Path

from clf_core import files
from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.doubting import work_out_unknown
from clf_core.cli.words import counted
from clf_core.errors import InputError
from clf_core.results.doubt import Foreign

_NOT_REFUSED: dict[Foreign, str] = {
    "not yet": "what tells them is not worked out; '--unknown' does that first",
    "too few": "there were too few validation pictures to learn what tells them",
    "never": "this model refuses nothing",
}


def predict(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """predict RUN SOURCE --out FILE.csv [--unknown]"""
    check_output(options.out)
    if options.unknown and workbench.doubt.foreign(options.run) == "not yet":
        work_out_unknown(options.run, workbench, console)
    with console.bar() as bar:
        report = workbench.prediction.predict_path(
            options.run, options.source, progress=lambda done, total: bar.show("Predicting", done, total)
        )
    files.write_bytes(options.out, workbench.prediction.csv(report))
    doubtful = [f"{report.unsure:,} not sure"] if report.unsure else []
    doubtful += [f"{report.unknown:,} like none of its classes"] if report.unknown else []
    console.say(
        f"{counted(report.predicted, 'picture')} predicted{' (' + ', '.join(doubtful) + ')' if doubtful else ''}, "
        f"{counted(report.skipped_count, 'file')} skipped, "
        f"{report.images_per_second:.0f} a second: {options.out}"
    )
    foreign = workbench.doubt.foreign(options.run)
    if foreign in _NOT_REFUSED:
        console.say(f"Pictures of something else were named like any other: {_NOT_REFUSED[foreign]}.")
    told = report.model_dump(mode="json", exclude={"rows"})
    console.result({**told, "out": str(options.out), "something_else": foreign})


def check_output(path: Path) -> None:
    """Refuse an output file that cannot be written, before the work is done.

    Raises:
        InputError: it is a folder, or the folder it should go into does not exist or may not be written.
    """
    try:
        if path.is_dir():
            raise InputError(f"'{path}' is a folder", remedy="Give --out the name of a file")
        if not path.parent.is_dir():
            raise InputError(f"There is no folder '{path.parent}' to write into", remedy="Make it first")
        writable = os.access(path.parent, os.W_OK | os.X_OK)
    except OSError as error:  # a name that is too long, or a folder that may not be entered
        raise InputError(f"'{path}' cannot be written", why=error.strerror or str(error)) from error
    if not writable:
        raise InputError(
            f"The folder '{path.parent}' may not be written into", remedy="Give --out a place in another folder"
        )
