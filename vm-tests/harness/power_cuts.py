"""`make power-cuts RUNS=50`: the agent killed, or its node's power cut, at chosen points.

One cluster for all runs. A run cuts one operation off at one of its crash points,
has it taken up again and judges what came of it, while an onlooker watches markers
and member lists. Ends non-zero on any violation, and where nothing was cut.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from . import crash_once, host, journals, product, waiting
from .crash_once import Cut
from .cut_cluster import CutCluster
from .cut_stories import Story, stories
from .demo import leave
from .lab import Lab, LabError
from .log import Log

DEFAULT_RUNS = 50
#: From the start of an operation to the cut: it may wait for an election before.
TO_THE_POINT = 90
USAGE = "usage: power_cuts [RUNS | STORY:POINT:kill | STORY:POINT:power ...]"
#: The same runs each time, so that a failed one can be had again.
SEED = 1


@dataclass(frozen=True)
class Case:
    """One run."""

    story: str
    cut: Cut

    def __str__(self) -> str:
        return f"{self.story}:{self.cut.point}:{'power' if self.cut.power else 'kill'}"


@dataclass(frozen=True)
class Outcome:
    """What came of one run."""

    case: Case
    #: Number and name of the place; None where the run ended before it.
    point: str | None
    seconds: float
    looks: int
    violations: list[str]


def case_from(text: str) -> Case:
    """A case as it is printed."""
    story, point, way = text.split(":")
    if way not in ("kill", "power"):
        raise ValueError(f"{way} is neither kill nor power")
    return Case(story, Cut(int(point) if point.isdigit() else point, way == "power"))


def spread(points: dict[str, int], runs: int) -> list[Case]:
    """So many cases, every story and both ways in proportion; none twice before all are had."""
    rest = random.Random(SEED)
    groups: list[list[Case]] = []
    for story, count in points.items():
        for power in (False, True):
            group = [Case(story, Cut(point, power)) for point in range(1, count + 1)]
            rest.shuffle(group)
            groups.append(group)
    # Each case at its share of the way through its group: any beginning is spread evenly.
    placed = [
        ((position + rest.random()) / len(group), case)
        for group in groups
        for position, case in enumerate(group)
    ]
    deck = [case for _, case in sorted(placed, key=lambda one: one[0])]
    return [deck[number % len(deck)] for number in range(runs)]


def run(cluster: CutCluster, story: Story, case: Case) -> Outcome:
    """Cut once and judge; whatever does not hold is in the outcome."""
    began = time.monotonic()
    violations: list[str] = []
    point: str | None = None
    onlooker = cluster.onlooker(story.ordered)
    try:
        story.prepare()
        with onlooker:
            point = cut_off(story, case.cut, onlooker.look)
            story.take_up()
            story.judge()
    except (AssertionError, LabError) as error:
        violations.append(str(error))
    violations += onlooker.found
    if not onlooker.looks:
        violations.append("the onlooker saw no list at all")
    return Outcome(case, point, time.monotonic() - began, onlooker.looks, violations)


def cut_off(story: Story, cut: Cut, look: Callable[[], None]) -> str | None:
    """Run into the cut; a node without power is switched on again. Returns the place."""
    since = time.time()
    story.begin(cut)

    def there() -> tuple[str | None] | None:
        """The place, or that there is none: first the end, lest the place is overlooked."""
        over = story.over()
        point = crash_once.reached(story.machine, since)
        return (point,) if point or over else None

    (point,) = waiting.until(there, TO_THE_POINT, f"{story.name} reaches point {cut.point}")
    look()
    if cut.power and point:
        story.machine.crash()
        look()
        story.machine.start()
    return point


def session(cases: Iterable[Case] | int, tell: Callable[[Outcome], None]) -> list[str]:
    """A lab for all cases; returns what systemd complained of in its journals."""
    log = Log()
    with Lab() as lab:
        cluster = CutCluster(lab, log)
        told = stories(cluster)
        points = {name: story.points for name, story in told.items()}
        chosen = spread(points, cases) if isinstance(cases, int) else list(cases)
        try:
            cluster.power_on()
            for number, case in enumerate(chosen, 1):
                log.info(f"run {number}: {case}")
                outcome = run(cluster, told[case.story], case)
                tell(outcome)
                if outcome.violations:
                    print(f"      kept in {cluster.evidence(f'power-cuts-{number}')}", flush=True)
                    cluster.recover()
        except (AssertionError, LabError) as error:
            # Between two runs: nothing was cut, and nothing can be.
            return [f"no cluster to go on with: {error}; kept in {cluster.evidence('power-cuts')}"]
        return journals.judge(journals.accounts(cluster.nodes))


class Report:
    """A line for each run as it ends, and the counts."""

    def __init__(self, runs: int) -> None:
        self._runs = runs
        self.outcomes: list[Outcome] = []

    def tell(self, outcome: Outcome) -> None:
        """One line; a violation has more."""
        self.outcomes.append(outcome)
        way = "power cut" if outcome.case.cut.power else "kill -9"
        place = outcome.point or f"{outcome.case.cut.point}: ended before it"
        verdict = "ok" if not outcome.violations else f"VIOLATED ({outcome.case})"
        print(
            f"{len(self.outcomes):4}/{self._runs}  {outcome.case.story:20} {way:10}"
            f" {place:42} {outcome.seconds:5.1f} s  {outcome.looks:4} looks  {verdict}",
            flush=True,
        )
        for violation in outcome.violations:
            print("      " + violation.replace("\n", "\n      "), flush=True)

    def close(self, complaints: list[str]) -> bool:
        """The counts; says whether all is well."""
        by_story: dict[str, list[Outcome]] = {}
        for outcome in self.outcomes:
            by_story.setdefault(outcome.case.story, []).append(outcome)
        print()
        for story, had in by_story.items():
            cut = [one for one in had if one.point]
            places = len({one.point for one in cut})
            power = sum(one.case.cut.power for one in cut)
            wrong = sum(bool(one.violations) for one in had)
            print(
                f"  {story:20} {len(cut) - power:3} killed, {power:3} power cuts,"
                f" {places:2} places, {len(had) - len(cut):2} ended before, {wrong:2} violated"
            )
        for complaint in complaints:
            print(f"  {complaint}")
        cut = sum(one.point is not None for one in self.outcomes)
        wrong = sum(bool(one.violations) for one in self.outcomes)
        looks = sum(one.looks for one in self.outcomes)
        print(f"{len(self.outcomes)} runs, {cut} cut, {wrong} violated, {looks} looks")
        each_was_cut = all(any(one.point for one in had) for had in by_story.values())
        return cut > 0 and each_was_cut and not wrong and not complaints


def main(arguments: list[str]) -> int:
    """Run the cases that are named, or so many of all."""
    try:
        cases = [case_from(text) for text in arguments if not text.isdigit()]
        runs = len(cases) or int(arguments[0] if arguments else DEFAULT_RUNS)
    except ValueError:
        print(USAGE, file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    if reason := host.obstacle():
        print(f"no nodes here, so nothing to cut: {reason}", file=sys.stderr)
        return 1
    print("building the agent, the agent with crash points, the stand-in services", flush=True)
    for build in (product.agent, product.failpoints, product.standin):
        build(quiet=False)
    report = Report(runs)
    complaints = ["the session did not end"]
    try:
        complaints = session(cases or runs, report.tell)
    finally:
        well = report.close(complaints)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
