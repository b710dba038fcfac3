"""Where everything is kept: the workspace folder, its datasets, its runs and the index over them.

    workspace/
        index.sqlite3            names and order; rebuilt from the directories when missing or damaged
        pictures/                content-addressed picture files and their thumbnails
        backbones/               pretrained networks, compiled
        datasets/<id>/           dataset.json, versions/000001.parquet, versions/000001.json
        runs/<id>/               run.json, config.json, status.json, events.jsonl, model/, evaluation.json …

The directories are the truth. This layer knows nothing of processes: whether a run is alive is asked in ``jobs``.
"""

from clf_core.workspace.workspace import Workspace

__all__ = ["Workspace"]
