"""Everything that can go wrong, in words for the person in front of the screen.

    ClfError
    ├── InputError               what the person gave cannot be used as it is
    │   ├── ConfigError          a setting contradicts itself or another; names the field
    │   ├── NotFoundError        no dataset, run, picture or class of that name
    │   ├── NameTakenError       the name already belongs to something else
    │   ├── SourceError          an archive, folder or upload that cannot be read
    │   ├── PictureError         one picture that cannot be decoded
    │   ├── DatasetError         the pictures are readable, but nothing can be learned from them
    │   ├── StateError           asked too early or too late (evaluate a run that is still going)
    │   ├── HeatmapError         no heatmap can be read from this network or layer
    │   └── WeightsUnavailableError   pretrained weights neither on this machine nor reachable
    ├── CancelledError           the person asked to stop
    ├── PausedError              the person asked to pause, and everything is saved
    ├── StorageError             disk full, read-only, damaged files
    └── InternalError            a fault of ours

Each error says what happened, why, and what to do next. Pages and the terminal print these
three parts and nothing else; they are the only places that catch ``ClfError``.
"""


class ClfError(Exception):
    """Base of all errors meant to be read by a person.

    Args:
        what: what happened, one sentence without a final full stop.
        why: the reason, if it is known.
        remedy: what the person can do next.
    """

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        return " ".join(_as_sentence(part) for part in (self.what, self.why, self.remedy) if part)


class InputError(ClfError):
    """The person's input cannot be used as it is."""


class ConfigError(InputError):
    """A setting is unknown, out of range or contradicts another.

    Args:
        field: the name of the setting at fault.
    """

    def __init__(self, what: str, *, field: str, why: str = "", remedy: str = "") -> None:
        super().__init__(what, why=why, remedy=remedy)
        self.field = field


class NotFoundError(InputError):
    """Nothing of that name or identifier exists."""


class NameTakenError(InputError):
    """The name is already in use."""


class SourceError(InputError):
    """An archive, folder or upload cannot be read as a source of pictures."""


class PictureError(InputError):
    """One picture cannot be decoded; ``what`` holds the reason."""


class DatasetError(InputError):
    """The pictures are readable, but they do not make a dataset that can be learned from."""


class StateError(InputError):
    """The request does not fit the present state, such as evaluating an unfinished run."""


class HeatmapError(InputError):
    """No heatmap can be read from this network, or not with this method at this layer; its answers stand."""


class WeightsUnavailableError(InputError):
    """Pretrained weights are neither on this machine nor reachable."""


class CancelledError(ClfError):
    """The person asked to stop; not a failure."""


class PausedError(ClfError):
    """The person asked to pause, and everything is saved; not a failure."""


class StorageError(ClfError):
    """The disk refused: full, read-only, or a stored file is damaged."""


class InternalError(ClfError):
    """A fault of the studio itself."""


def _as_sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
