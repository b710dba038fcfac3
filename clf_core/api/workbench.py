"""The facade itself: one object that holds the capabilities of every task."""

from clf_core.api.backbones import Backbones
from clf_core.api.captures import Captures
from clf_core.api.comparison import Comparisons
from clf_core.api.datasets import Datasets
from clf_core.api.doubt import Doubts
from clf_core.api.editing import Editing
from clf_core.api.evaluation import Evaluation
from clf_core.api.explanation import Explanations
from clf_core.api.exporting import Exporting
from clf_core.api.figures import RunFigures
from clf_core.api.health import Health
from clf_core.api.importing import Imports
from clf_core.api.insights import RunInsights
from clf_core.api.loaded_models import LoadedModels
from clf_core.api.mixups import Mixups
from clf_core.api.networks import Networks
from clf_core.api.plans import Plans
from clf_core.api.prediction import Predictions
from clf_core.api.preparation import Preparations
from clf_core.api.runs import Runs
from clf_core.api.searches import Searches
from clf_core.api.shortcuts import Shortcuts
from clf_core.api.slices import Slices
from clf_core.api.uploads import Uploads
from clf_core.settings import Settings
from clf_core.workspace import Workspace


class Workbench:
    """Everything the studio can do, on one workspace. Safe to share between threads.

    Creating one touches no disk; the workspace folder is made when something is first read or written.

    Attributes:
        settings: what the operator of this machine decided.
        imports: bring pictures in.
        uploads: files on their way in from a browser.
        captures: take pictures with a camera.
        datasets: list datasets and look at pictures.
        editing: change a dataset, and go back.
        exporting: take a dataset out.
        health: what is wrong with the pictures, and how to mend it.
        preparation: how pictures are made ready for the network, shown on one's own.
        plans: how long and how good a training would be, and what is unusual about it.
        runs: start, follow, cancel and list trainings.
        searches: try settings out, judged by validation pictures, and train the best.
        evaluation: how a finished run did on its test split.
        figures: the figures behind that, with intervals and curves.
        mixups: what it takes for what, and its mistakes one by one.
        slices: on which kinds of test pictures it does worse.
        comparison: two finished runs side by side.
        insights: what is worked out about a finished run in the background.
        doubt: when a finished run answers, when it is not sure, and what its mistakes cost.
        prediction: answers for new pictures.
        explanation: where the model looked.
        shortcuts: whether it answers by the background.
        networks: small networks of one's own design, and what the layers of any network learned.
        backbones: pretrained networks to choose from.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        workspace = Workspace(settings.workspace)
        self.imports = Imports(workspace, settings)
        self.uploads = Uploads(workspace, settings)
        self.captures = Captures(workspace)
        self.datasets = Datasets(workspace, settings)
        self.editing = Editing(workspace)
        self.exporting = Exporting(workspace)
        self.health = Health(workspace, self.editing)
        self.preparation = Preparations(workspace, settings)
        self.runs = Runs(workspace)
        self.plans = Plans(workspace, self.runs.list)
        self.searches = Searches(workspace, self.runs)
        self.evaluation = Evaluation(workspace, self.runs)
        self.slices = Slices(workspace, self.runs)
        self.comparison = Comparisons(workspace, self.runs)
        self.figures = RunFigures(workspace, self.runs)
        self.mixups = Mixups(workspace, self.runs)
        models = LoadedModels(workspace, self.runs, settings.limits)
        self.insights = RunInsights(workspace, self.runs, models)
        self.doubt = Doubts(workspace, self.runs)
        self.prediction = Predictions(models, settings, self.doubt.judge)
        self.explanation = Explanations(models, workspace, settings)
        self.shortcuts = Shortcuts(workspace, self.runs, models)
        self.networks = Networks(models, settings)
        self.backbones = Backbones(workspace)


def open_workbench(settings: Settings | None = None) -> Workbench:
    """Return a workbench on the given settings, or on those of the environment (``CLF_WORKSPACE``)."""
    return Workbench(settings or Settings.from_environment())
