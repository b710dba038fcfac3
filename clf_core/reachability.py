"""Whether a web server can be reached at all: asked before a download client begins to retry for minutes."""

import threading
import urllib.error
import urllib.request
from urllib.parse import urlsplit


def answers(address: str, seconds: float) -> bool:
    """Whether a web server answers at all within ``seconds``; any HTTP status counts.

    Runs in a thread of its own because name resolution obeys no timeout. Proxy settings of the
    environment are honoured.
    """
    if urlsplit(address).scheme not in ("http", "https"):
        return False
    reached = threading.Event()

    def ask() -> None:
        request = urllib.request.Request(address, method="HEAD")  # noqa: S310 - scheme checked above
        try:
            urllib.request.urlopen(request, timeout=seconds).close()  # noqa: S310
        except urllib.error.HTTPError:
            pass  # an answer, if an unfriendly one
        except (OSError, ValueError):
            return
        reached.set()

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return reached.is_set()
