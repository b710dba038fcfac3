"""``python -m clf_core``: the studio in the terminal."""

import sys

from clf_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
