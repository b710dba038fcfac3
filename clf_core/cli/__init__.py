"""The studio in the terminal: the same capabilities as in the browser, through the same facade.

main.py                          arguments to exit status
parser.py                        what can be typed
datasets.py, runs.py, models.py  what each command does
demo.py                          the whole path on a built-in sample
console.py, words.py             how it is said: to a person, or as JSON
"""

from clf_core.cli.entry import main

__all__ = ["main"]
