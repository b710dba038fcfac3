"""OpenVINO, imported so that it reports nothing to anybody."""

import sys
from types import ModuleType
from typing import Any, cast


def openvino() -> Any:
    """Import OpenVINO without its usage reports.

    Left to itself, importing it and converting a network send events to its makers (with a random identifier
    kept in the home directory) unless the person has opted out; no setting of ours turns that off. Where its
    reporting package cannot be imported it takes an empty stand-in of its own, so that package is barred.
    """
    cast("dict[str, ModuleType | None]", sys.modules).setdefault("openvino_telemetry", None)
    import openvino as engine

    return engine
