"""The catalogue of networks to begin from: all that timm publishes, what is known of each, and a search. No torch."""

from typing import Any

from clf_core.models import bundled_weights, network_words
from clf_core.models.backbone import BackboneSpec
from clf_core.models.backbone_store import BackboneStore
from clf_core.models.catalogue_table import ACCURACY_SOURCE, Entry, entries, find
from clf_core.models.network_words import RECOMMENDED, Recommendation
from clf_core.models.speeds import Speed, speed_key
from clf_core.results import BackboneFamily, BackboneInfo, BackboneOrder, BackbonePage, BackboneQuery

_BYTES_PER_WEIGHT = 4


class Catalogue:
    """What there is to choose from. Each call looks anew at what is on this machine.

    Args:
        store: the networks on this machine.
    """

    def __init__(self, store: BackboneStore) -> None:
        self._store = store

    def recommended(self) -> tuple[BackboneInfo, ...]:
        """Return the few networks worth looking at first, then others that are on this machine."""
        machine = _Machine(self._store)
        names = [choice.name for choice in RECOMMENDED]
        return tuple(machine.info(name) for name in (*names, *(n for n in self._store.names() if n not in names)))

    def card(self, name: str) -> BackboneInfo | None:
        """Return what is known of one network; None where neither timm nor this machine knows it."""
        if find(name) is None and self._store.spec(name) is None:
            return None
        return _Machine(self._store).info(name)

    def families(self) -> tuple[BackboneFamily, ...]:
        """Return the families, the largest first."""
        counts: dict[str, int] = {}
        for entry in entries().values():
            counts[entry.family] = counts.get(entry.family, 0) + 1
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(
            BackboneFamily(key=key, title=network_words.family_title(key), count=count) for key, count in ordered
        )

    def search(self, query: BackboneQuery) -> BackbonePage:
        """Return the networks that match."""
        machine = _Machine(self._store)
        found = [entry for entry in entries().values() if _matches(entry, query, machine)]
        known = _in_order(
            [(entry, _figure(entry, query.order, machine)) for entry in found], descending=query.descending
        )
        page = known[query.offset : query.offset + query.limit]
        return BackbonePage(total=len(found), backbones=tuple(machine.info(_short_name(entry.name)) for entry in page))


class _Machine:
    """What this machine holds at the moment, looked up once for a whole list."""

    def __init__(self, store: BackboneStore) -> None:
        self._store = store
        self._prepared = {spec.name: spec for spec in store.prepared()}
        self._downloaded = store.downloaded()
        self._installed = {name for bundle in bundled_weights.BUNDLES if bundle.find() for name in bundle.names}
        self._speeds = store.speeds.all()
        self._titles = {choice.name: choice for choice in RECOMMENDED}

    def holds(self, name: str) -> bool:
        """Whether the weights need no download."""
        if name in self._prepared or name in self._installed:
            return True
        entry = find(name)
        return entry is not None and entry.source in self._downloaded

    def speed(self, name: str, input_size: int) -> Speed | None:
        """Return how fast it ran here; None where nobody knows yet."""
        return self._speeds.get(speed_key(name, input_size))

    def info(self, name: str) -> BackboneInfo:
        """Return what is known of a network by its table, its prepared files and what was measured."""
        entry, spec, choice = find(name), self._prepared.get(name), self._titles.get(name)
        size = spec.preprocessing.input_size if spec else entry.input_size if entry else 0
        speed, here = self.speed(name, size), self.holds(name)
        facts = _facts_of(entry) if entry else {"good_for": f"From {spec.source}." if spec else ""}
        prepared = _facts_of_prepared(spec) if spec else {}
        return BackboneInfo.model_validate(
            {
                "name": name,
                "title": choice.title if choice else name,
                "recommended": choice is not None,
                "licence": "",
                **facts,
                **prepared,
                **_words(entry, choice),
                "input_size": size,
                "speed": speed.pictures_per_second if speed else None,
                "speed_source": speed.source if speed else "",
                "on_machine": here,
                "prepared": spec is not None,
                "download_megabytes": 0 if here or entry is None else _megabytes(entry.parameters),
            }
        )


def _facts_of(entry: Entry) -> dict[str, object]:
    return {
        "family": entry.family,
        "family_title": network_words.family_title(entry.family),
        "good_for": network_words.good_for(entry),
        "parameters": entry.parameters,
        "fixed_size": entry.fixed_size,
        "accuracy": entry.accuracy,
        "accuracy_size": entry.accuracy_size,
        "accuracy_source": ACCURACY_SOURCE if entry.accuracy is not None else "",
        "licence": entry.licence,
        "commercial": network_words.commercial_use(entry.licence),
        "source": entry.source,
    }


def _facts_of_prepared(spec: BackboneSpec) -> dict[str, object]:
    licence = spec.licence
    return {
        "parameters": spec.parameters,
        "licence": licence,
        "commercial": network_words.commercial_use(licence),
        "source": spec.source,
    }


def _words(entry: Entry | None, choice: Recommendation | None) -> dict[str, str]:
    if choice is None:
        return {}
    licence = " Its licence does not allow commercial use." if entry and _forbids(entry) else ""
    return {"good_for": choice.good_for + licence}


def _forbids(entry: Entry) -> bool:
    return network_words.commercial_use(entry.licence) is False


def _megabytes(parameters: int) -> int:
    return max(1, round(parameters * _BYTES_PER_WEIGHT / 1e6))


def _short_name(name: str) -> str:
    """The name it is prepared under: those of the bundled packages have a short one, too."""
    bundle = bundled_weights.bundle_of(name)
    return bundle.name if bundle is not None else name


def _matches(entry: Entry, query: BackboneQuery, machine: _Machine) -> bool:
    text = f"{entry.name} {entry.family} {network_words.family_title(entry.family)} {entry.licence}".lower()
    return (
        all(word in text for word in query.text.lower().split())
        and query.family in (None, entry.family)
        and (query.most_parameters is None or entry.parameters <= query.most_parameters)
        and (not query.on_machine or machine.holds(_short_name(entry.name)))
        and (not query.commercial or network_words.commercial_use(entry.licence) is True)
    )


def _figure(entry: Entry, order: BackboneOrder, machine: _Machine) -> float | str | None:
    if order == "speed":
        speed = machine.speed(_short_name(entry.name), entry.input_size)
        return speed.pictures_per_second if speed else None
    value: float | str | None = getattr(entry, order)
    return value


def _in_order(found: list[tuple[Entry, float | str | None]], *, descending: bool) -> list[Entry]:
    """In order of their figure; those without one come last, whichever way round."""
    known: list[tuple[Any, Entry]] = [(figure, entry) for entry, figure in found if figure is not None]
    known.sort(key=lambda pair: pair[0], reverse=descending)
    return [entry for _, entry in known] + [entry for entry, figure in found if figure is None]
