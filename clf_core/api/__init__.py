"""The one door to the core, for pages, terminal and scripts.

    from clf_core.api import open_workbench

    workbench = open_workbench()
    report = workbench.imports.path(Path("pictures.zip"), "Pets")
    run = workbench.runs.start("Pets", TrainConfig())
    run = workbench.runs.wait(run.id)
    print(workbench.evaluation.report(run.id).verdict)

Each module here holds the capabilities of one task. They accept names or identifiers, return values of
``clf_core.results`` and raise ``clf_core.errors``. Importing this package loads neither torch nor any
other heavy library; the methods import what they need.
"""

from clf_core.api.workbench import Workbench, open_workbench
from clf_core.values import STARTER

__all__ = ["STARTER", "Workbench", "open_workbench"]
