"""`make power-cuts RUNS=50`: the agent killed, or its node's power cut, at chosen points.

With `SERVICES=etcd` it is a machine that joins etcd, and always the power.
One cluster for all runs. A run cuts one operation off at one of its crash points,
has it taken up again and judges what came of it, while an onlooker watches markers
and member lists. Ends non-zero on any violation, and where nothing was cut.
"""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from . import crash_once, cut_etcd, cut_stories, host, journals, product, waiting
from .blueprint import ETCD
from .crash_once import Cut
from .cut_cluster import CutCluster
from .cut_etcd import EtcdCutCluster
from .cut_stories import Story
from .demo import leave
from .lab import Lab, LabError
from .log import Log

DEFAULT_RUNS = 50
#: From the start of an operation to the cut: it may wait for an election before.
TO_THE_POINT = 90
USAGE = f"usage: power_cuts [{ETCD}] [RUNS | STORY:POINT:kill | STORY:POINT:power ...]"
#: The same runs each time, so that a failed one can be had again.
SEED = 1


@dataclass(frozen=True)
class Case:
    """One run."""

    story: str
    cut: Cut

    def __str__(self) -> str:
        return f"{self.story}:{self.cut.point}:{'power' if self.cut.power else 'kill'}"

    @property
    def is_of_etcd(self) -> bool:
        """Whether it happens on nodes with etcd."""
        return self.story.endswith(f"-{ETCD}")


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
    case = Case(story, Cut(int(point) if point.isdigit() else point, way == "power"))
    if case.cut.after is not None and not case.cut.power:
        raise ValueError("it is the power that is cut at a moment")
    return case


def spread(
    places: Mapping[str, Sequence[int | str]], runs: int, ways: tuple[bool, ...] = (False, True)
) -> list[Case]:
    """So many cases, every story and way in proportion; none twice before all are had."""
    rest = random.Random(SEED)
    groups: list[list[Case]] = []
    for story, points in places.items():
        for power in ways:
            group = [Case(story, Cut(point, power)) for point in points]
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
    began = time.monotonic()

    def there() -> tuple[str | None] | None:
        """The place, or that there is none: first the end, lest the place is overlooked."""
        over = story.over()
        if cut.after is not None:
            # One that has just ended is cut off as well.
            is_now = time.monotonic() - began >= cut.after
            return (f"{cut.after} s after the start{', ended' * over}",) if is_now else None
        point = crash_once.reached(story.machine, since)
        return (point,) if point or over else None

    (point,) = waiting.until(there, TO_THE_POINT, f"{story.name} reaches point {cut.point}")
    look()
    if cut.power and point:
        story.machine.crash()
        look()
        story.machine.start()
    return point


def told_of(lab: Lab, log: Log, of_etcd: bool) -> tuple[CutCluster, dict[str, Story]]:
    """The nodes, and what is cut off on them."""
    if of_etcd:
        etcds = EtcdCutCluster(lab, log)
        return etcds, cut_etcd.stories(etcds)
    cluster = CutCluster(lab, log)
    return cluster, cut_stories.stories(cluster)


def session(
    cases: Iterable[Case] | int, tell: Callable[[Outcome], None], of_etcd: bool = False
) -> list[str]:
    """A lab for all cases; returns what systemd complained of in its journals."""
    log = Log()
    with Lab() as lab:
        cluster, told = told_of(lab, log, of_etcd)
        places = {name: story.places for name, story in told.items()}
        # A killed agent is nothing to etcd; that goes down with its machine.
        ways = (True,) if of_etcd else (False, True)
        chosen = spread(places, cases, ways) if isinstance(cases, int) else list(cases)
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
    said_etcd = arguments[:1] == [ETCD]
    rest = arguments[said_etcd:]
    try:
        cases = [case_from(text) for text in rest if not text.isdigit()]
        runs = len(cases) or int(rest[0] if rest else DEFAULT_RUNS)
        [of_etcd] = {case.is_of_etcd for case in cases} or {said_etcd}
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
        complaints = session(cases or runs, report.tell, of_etcd)
    finally:
        well = report.close(complaints)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
