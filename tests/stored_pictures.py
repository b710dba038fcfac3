"""Doing harm to stored pictures, as disks and people do."""

import os
from pathlib import Path

from clf_core.data.pack_index import RECORD, Spot, index_of, packed_index, read_index
from clf_core.data.store import PictureStore


def spot_of(store: PictureStore, sha256: str) -> Spot:
    """Where a picture lies."""
    return store._packs.find(bytes.fromhex(sha256))[0]


def damage_picture(store: PictureStore, sha256: str, data: bytes) -> None:
    """Overwrite a stored picture where it lies; its neighbours stay whole."""
    spot = spot_of(store, sha256)
    with spot.pack.open("r+b") as handle:
        handle.seek(spot.offset)
        handle.write(data[: spot.size].ljust(spot.size, b"\0"))


def lose_picture(store: PictureStore, sha256: str) -> None:
    """Make the store forget a picture."""
    store.sync()
    index = index_of(spot_of(store, sha256).pack)
    records = read_index(index).tobytes()
    rows = [records[start : start + RECORD.size] for start in range(0, len(records), RECORD.size)]
    index.write_bytes(packed_index(b"".join(row for row in rows if row[:32].hex() != sha256)))
    store._packs._read = None


def make_old(store: PictureStore, moment: float = 1) -> None:
    """Let everything that is in packs by now have been written at ``moment``, and begin a new pack."""
    store.sync()
    store._packs._open.clear()
    for path in packs_of(store):
        os.utime(path, (moment, moment))


def packs_of(store: PictureStore) -> list[Path]:
    """The files of packs and indexes."""
    return sorted(store._packs._folder.iterdir())


def loose_picture(root: Path, sha256: str, data: bytes) -> Path:
    """Store a picture as earlier versions did."""
    path = root / sha256[:2] / sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
