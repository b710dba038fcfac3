"""The commands about pretrained networks: list, search, families, show and measure."""

import argparse

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.words import counted
from clf_core.results import BackboneInfo, BackboneQuery

_MILLION = 1_000_000


def listing(_options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """models list"""
    networks = workbench.backbones.list()
    for info in networks:
        console.say(_line(info))
    console.result({"networks": [info.model_dump(mode="json") for info in networks]})


def search(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """models search [WORD …] [--family KEY] [--most-parameters MILLIONS] [--on-machine] [--order FIGURE]"""
    most = options.most_parameters
    page = workbench.backbones.search(
        BackboneQuery(
            text=" ".join(options.words),
            family=options.family,
            most_parameters=None if most is None else round(most * _MILLION),
            on_machine=options.on_machine,
            commercial=options.commercial,
            order=options.order,
            descending=options.descending,
            limit=max(0, options.limit),
        )
    )
    for info in page.backbones:
        console.say(_line(info))
    shown = len(page.backbones)
    console.say(f"{counted(page.total, 'network')}" + (f", {shown} shown" if shown < page.total else ""))
    console.result(page.model_dump(mode="json"))


def families(_options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """models families"""
    found = workbench.backbones.families()
    for family in found:
        console.say(f"{family.key}: {family.title}, {counted(family.count, 'network')}")
    console.result({"families": [family.model_dump(mode="json") for family in found]})


def show(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """models show NAME"""
    info = workbench.backbones.card(options.model)
    console.say(info.title if info.title == info.name else f"{info.title} ({info.name})")
    console.say(info.good_for)
    for line in _figures(info):
        console.say(f"  {line}")
    console.result(info.model_dump(mode="json"))


def measure(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """models measure NAME"""
    rate = workbench.backbones.measure(options.model)
    console.say(f"{options.model}: {rate:,.0f} pictures a second on this machine, decoding apart.")
    console.result({"name": options.model, "pictures_per_second": rate})


def _line(info: BackboneInfo) -> str:
    figures = [f"{info.parameters / _MILLION:.1f} million weights", f"{info.input_size} px"]
    if info.accuracy is not None:
        figures.append(f"{info.accuracy:.1%} on ImageNet")
    if info.speed is not None:
        figures.append(f"{info.speed:,.0f} pictures/s here")
    figures.append("on this machine" if info.on_machine else f"{info.download_megabytes} MB to download")
    return f"{info.name}: {', '.join(figures)}"


def _figures(info: BackboneInfo) -> list[str]:
    accuracy = "not published here"
    if info.accuracy is not None:
        accuracy = f"{info.accuracy:.1%} at {info.accuracy_size} px ({info.accuracy_source})"
    speed = "not measured yet; 'models measure' does"
    if info.speed is not None:
        seen = "measured" if info.speed_source == "measured" else "at least, as seen in a training"
        speed = f"{info.speed:,.0f} pictures/s ({seen})"
    use = {True: "commercial use allowed", False: "no commercial use", None: "read it before commercial use"}
    here = "on this machine" if info.on_machine else f"about {info.download_megabytes} MB to download"
    return [
        f"family: {info.family_title}",
        f"size: {info.parameters / _MILLION:.1f} million weights",
        f"input: {info.input_size} px" + (", built anew for another size" if info.fixed_size else ", others as well"),
        f"top-1 on ImageNet-1k: {accuracy}",
        f"speed here: {speed}",
        f"licence: {info.licence or 'not stated'} ({use[info.commercial]})",
        f"weights: {here}, from {info.source}",
    ]
