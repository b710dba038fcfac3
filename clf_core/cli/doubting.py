"""The command that says when a run answers, and changes it."""

import argparse
import time

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.typed import Parser, Tasks, in_words
from clf_core.cli.words import counted
from clf_core.errors import StateError
from clf_core.results.doubt import AlarmReport, DoubtReport, PairCost, Selected

_PART = "unknown"
_SECONDS_BETWEEN_LOOKS = 0.3


def add_doubt(tasks: Tasks, shared: Parser) -> None:
    """Let it be typed."""
    parser = tasks.add_parser("doubt", parents=[shared], help="when a run answers, and when it says 'not sure'")
    parser.add_argument("run", metavar="RUN")
    share = parser.add_mutually_exclusive_group()
    share.add_argument(
        "--answer", type=float, metavar="SHARE", help="share of the validation pictures to answer, such as 0.9"
    )
    share.add_argument("--recommended", action="store_true", help="answer the recommended share again")
    parser.add_argument(
        "--cost",
        dest="costs",
        nargs=3,
        action="append",
        metavar=("TRUE", "SAID", "COST"),
        help="a picture of TRUE taken for SAID counts as COST mistakes; may be repeated; earlier costs are dropped",
    )
    parser.add_argument("--equal-costs", action="store_true", help="all mistakes cost alike again")
    parser.add_argument(
        "--unknown", action="store_true", help="work out what tells a picture of something else, and wait for it"
    )
    parser.set_defaults(command=doubt)


def doubt(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """doubt RUN [--answer SHARE | --recommended] [--cost TRUE SAID COST] [--equal-costs] [--unknown]"""
    if options.unknown:
        work_out_unknown(options.run, workbench, console)
    if options.answer is not None or options.recommended:
        workbench.doubt.answer(options.run, options.answer)
    if options.costs or options.equal_costs:
        workbench.doubt.set_costs(options.run, _costs(options.costs or []))
    report = workbench.doubt.report(options.run)
    _say(report, console)
    console.result(report.model_dump(mode="json", exclude={"points"}))


def _costs(given: list[list[str]]) -> list[PairCost]:
    with in_words("A cost cannot be used"):
        return [PairCost.model_validate({"true": true, "said": said, "cost": cost}) for true, said, cost in given]


def work_out_unknown(run: str, workbench: Workbench, console: Console) -> None:
    """Work out what tells a picture of something else, and wait until it is there.

    Raises:
        StateError: it failed.
    """
    seen = workbench.insights.start(run, again=True)
    with console.bar() as bar:
        while seen.state(_PART) not in ("done", "failed"):
            part = next(part for part in seen.parts if part.state in ("running", "waiting"))
            bar.show(part.title, part.done, part.total)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            seen = workbench.insights.start(run)
    failed = next(part for part in seen.parts if part.name == _PART)
    if failed.state == "failed":
        raise StateError("What tells a picture of something else could not be worked out", why=failed.note)


def _say(report: DoubtReport, console: Console) -> None:
    if report.test is not None:
        console.say(f"Test pictures: {_selected(report.test)}")
    console.say(f"Validation pictures, on which it was chosen: {_selected(report.chosen.val)}")
    if report.answers_from is not None:
        console.say(f"It answers from a probability of {report.answers_from:.1%} on.")
    if report.chosen.val.answered != report.recommended.val.answered:
        console.say(f"Recommended is to answer {report.recommended.val.coverage:.0%} of the validation pictures.")
    for limit in report.pair_limits:
        console.say(
            f"Between '{limit.said}' and '{limit.other}' it says '{limit.said}' only from {limit.share:.0%} on."
        )
    if report.costs is not None:
        costs = report.costs
        console.say(
            f"In 1,000 such pictures expect {costs.mistakes_after:.0f} mistakes (95 % interval "
            f"{costs.mistakes_low:.0f} to {costs.mistakes_high:.0f}), and {costs.asked:.0f} left to a person."
        )
        for kind in costs.kinds:
            console.say(f"  '{kind.true}' taken for '{kind.said}': {kind.after:.0f}, at a cost of {kind.cost:g} each")
    console.say(_alarms(report.alarms))


def _selected(seen: Selected) -> str:
    told = f"{seen.answered:,} of {seen.total:,} answered ({seen.coverage:.0%})"
    if seen.accuracy is None or seen.right_low is None or seen.right_high is None:
        return f"{told}."
    interval = f"95 % interval {seen.right_low:.1%} to {seen.right_high:.1%}"
    return f"{told}, {seen.right:,} of these rightly ({seen.accuracy:.1%}, {interval})."


def _alarms(alarms: AlarmReport | None) -> str:
    if alarms is None:
        return "Pictures of something else are not refused yet; 'doubt RUN --unknown' works out what tells them."
    if alarms.distance is None:
        return (
            f"{counted(alarms.val, 'validation picture')} cannot tell pictures of something else; they are not refused."
        )
    told = f"Pictures of something else are refused; known ones were at {alarms.val_alarms:,} of {alarms.val:,}"
    told += " validation pictures"
    return f"{told} and {alarms.test_alarms:,} of {alarms.test:,} test pictures." if alarms.test else f"{told}."
