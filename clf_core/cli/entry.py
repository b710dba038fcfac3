"""From the arguments to the exit status: the one place where the terminal catches errors."""

import logging
import os
import sys
from collections.abc import Sequence

from clf_core.api import open_workbench
from clf_core.cli.console import Console
from clf_core.cli.parser import build_parser
from clf_core.errors import CancelledError, ClfError, InputError, PausedError

DONE = 0
OUR_FAULT = 1
PERSONS_MISTAKE = 2
BROKEN_OFF = 130
"""What shells expect after Ctrl-C."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 2 the person's mistake, 1 ours."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s: %(message)s")
    typed = sys.argv[1:] if arguments is None else arguments
    console = Console(as_json="--json" in typed)  # known even where the rest cannot be understood
    try:
        options = build_parser().parse_args(typed)
        console = Console(as_json=options.json)
        options.command(options, open_workbench(), console)
    except (InputError, CancelledError, PausedError) as error:
        return console.fail(error, PERSONS_MISTAKE)
    except ClfError as error:
        return console.fail(error, OUR_FAULT)
    except KeyboardInterrupt:
        return BROKEN_OFF
    except BrokenPipeError:
        # Whoever read our output has gone (``| head``); Python must not stumble over it once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        logging.exception("A fault of the studio; this helps to find it:")
        return console.fail(error, OUR_FAULT)
    return DONE
