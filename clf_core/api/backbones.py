"""Which pretrained networks there are to choose from."""

from clf_core.results import BackboneInfo
from clf_core.workspace import Workspace


class Backbones:
    """Pretrained networks a run can build on."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def list(self) -> tuple[BackboneInfo, ...]:
        """Return the recommended networks, then others on this machine; each says whether it needs a download.

        Any other timm model name may be given to a run as well.
        """
        from clf_core.models import catalog

        return catalog.backbones(self._workspace.backbones)
