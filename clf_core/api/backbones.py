"""Which pretrained networks there are to choose from."""

import math
import time
from typing import TYPE_CHECKING

from clf_core.errors import NotFoundError
from clf_core.results import BackboneFamily, BackboneInfo, BackbonePage, BackboneQuery
from clf_core.workspace import Workspace

if TYPE_CHECKING:
    from clf_core.models.catalogue import Catalogue

_ASK_AGAIN_SECONDS = 30.0


class Backbones:
    """Pretrained networks a run can build on. Nothing here but ``measure`` loads a network."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._asked: dict[str, tuple[float, bool]] = {}

    def list(self) -> tuple[BackboneInfo, ...]:
        """Return the recommended networks, then others on this machine; each says whether it needs a download.

        Any other timm model name may be given to a run as well.
        """
        return self._catalogue().recommended()

    def search(self, query: BackboneQuery) -> BackbonePage:
        """Return a part of all networks timm publishes weights for: those that match."""
        return self._catalogue().search(query)

    def card(self, name: str) -> BackboneInfo:
        """Return what is known of one network.

        Raises:
            NotFoundError: neither timm nor this machine knows it.
        """
        found = self._catalogue().card(name)
        if found is None:
            raise NotFoundError(
                f"There is no pretrained network called '{name[:200]}'", remedy="Search for it: models search WORD"
            )
        return found

    def families(self) -> tuple[BackboneFamily, ...]:
        """Return the families of networks, the largest first."""
        return self._catalogue().families()

    def check(self, name: str) -> None:
        """Make sure that the weights of a network are on this machine, or that their server answers.

        Takes up to two seconds where it must ask; the answer is good for half a minute.

        Raises:
            NotFoundError: neither timm nor this machine knows the network.
            WeightsUnavailableError: its weights are not here and their server does not answer.
        """
        from clf_core.models import availability

        info = self.card(name)
        if info.on_machine:
            return
        server = availability.server_of(info.source)
        asked, reached = self._asked.get(server, (-math.inf, False))
        if time.monotonic() - asked > _ASK_AGAIN_SECONDS:
            reached = availability.reachable(info.source)
            self._asked[server] = (time.monotonic(), reached)
        if not reached:
            raise availability.unavailable(info.name, info.source)

    def measure(self, name: str, seconds: float = 1.0) -> float:
        """Run a network for a moment on pictures of noise, and return and keep how many a second it took.

        Prepares it first where this machine has not yet, which imports torch.

        Raises:
            NotFoundError: timm has no such pretrained model.
            WeightsUnavailableError: its weights are not here and could not be downloaded.
            InputError: it cannot be used here.
            StorageError: the disk refused, or its files are damaged.
        """
        from clf_core import device
        from clf_core.models.measuring import pictures_per_second
        from clf_core.models.runtime import open_runtime

        store = self._workspace.backbones
        backbone = store.ensure(name)
        rate = pictures_per_second(open_runtime(backbone, device.choose("auto")), seconds)
        store.speeds.note(backbone.spec, rate, "measured")
        return rate

    def _catalogue(self) -> "Catalogue":
        from clf_core.models.catalogue import Catalogue

        return Catalogue(self._workspace.backbones)
