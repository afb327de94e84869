"""The pipeline's stale stages at once where the graph allows it, each by its own `dvc repro -s`.

DVC holds its repository lock while it reads and writes dvc.lock, and gives it up while a stage's
command runs; so the commands run side by side, and no entry is lost. What is stale is DVC's own
verdict, asked when everything that a stage depends on is finished.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Literal, NamedTuple

from gwangye.errors import GwangyeError, ParameterError, did_you_mean
from gwangye.experiments.processes import Processes, StoppedError
from gwangye.experiments.repository import PIPELINE, check_project
from gwangye.experiments.running import run_all
from gwangye.experiments.workers import Share

State = Literal["ran", "from cache", "up to date", "failed", "stopped", "not started"]


class StageResult(NamedTuple):
    """What became of a stage, and how many seconds its worker took."""

    stage: str
    state: State
    seconds: float = 0.0


class Reproduction(NamedTuple):
    """What became of all stages, in the order of dvc.yaml, and whether a signal cut it short."""

    results: list[StageResult]
    interrupted: bool

    def stages(self, state: State) -> list[str]:
        """Return the stages that ended in a state."""
        return [result.stage for result in self.results if result.state == state]


def reproduce(
    targets: Sequence[str], shares: Sequence[Share], write: Callable[[str], None]
) -> Reproduction:
    """Bring stages and what they depend on up to date, as `dvc repro --keep-going` does.

    Of the stages that could start, the one that dvc.yaml has first starts first. A stage that
    depends on a failed one is not started; all others finish. SIGINT, SIGTERM and SIGHUP stop the
    workers and everything they have started. To be called from the main thread.

    Args:
        targets: Stages, groups of stages or DVC files; without any, all of the dvc.yaml here.
        shares: One per worker, see :func:`gwangye.experiments.workers.worker_shares`.
        write: Is given the output of the stages line by line, each with its stage's name.

    Returns:
        What became of each stage.

    Raises:
        ParameterError: A target does not exist.
        GwangyeError: There is no DVC repository, or its pipeline cannot be read.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            plan = _make_plan(repo, targets)
            scheduler = _Scheduler(repo, plan, shares, write)
            run_all(scheduler, len(shares), scheduler.interrupted)
            with _locked(repo):
                _order_entries(plan)
    except DvcException as error:
        raise GwangyeError(
            f"{str(error).rstrip('.')}. Mend it; then `dvc status` works."
        ) from error
    ended = scheduler.results
    results = [ended.get(stage, StageResult(stage, "not started")) for stage in plan.stages]
    return Reproduction(results, scheduler.interrupted.is_set())


@dataclass(frozen=True)
class _Plan:
    """The stages to consider.

    Attributes:
        stages: By name, in the order of dvc.yaml.
        serial: The same in the order in which `dvc repro` takes them.
        waits: The stages that have to be over before a stage may start.
        needs: Those among them without which it cannot run.
        entries: The stages in each dvc.lock, in order, as they were found.
    """

    stages: dict[str, Any]
    serial: list[Any]
    waits: dict[str, set[str]]
    needs: dict[str, set[str]]
    entries: dict[Path, list[str]]


def _make_plan(repo: Any, targets: Sequence[str]) -> _Plan:
    from dvc.repo.reproduce import get_active_graph, plan_repro
    from dvc.stage import PipelineStage

    with _locked(repo):
        graph = repo.index.graph
        active = get_active_graph(graph)
        wanted = _collect(repo, targets)
        serial = plan_repro(active, wanted) if wanted else []
        place = {stage: k for k, stage in enumerate(serial)}
        stages = {stage.addressing: stage for stage in repo.index.stages if stage in place}
        # A frozen stage needs nothing, but may not be looked at while another writes its deps:
        # so the whole graph's edges are kept, in the direction in which `dvc repro` goes.
        waits: dict[str, set[str]] = {name: set() for name in stages}
        for edge in graph.edges:
            if all(stage in place for stage in edge):
                first, second = sorted(edge, key=place.__getitem__)
                waits[second.addressing].add(first.addressing)
        needs = {n: {s.addressing for s in active.successors(stages[n])} for n in stages}
        pipelines = {Path(stage.path) for stage in serial if isinstance(stage, PipelineStage)}
        files = [path.with_suffix(".lock") for path in pipelines]
        return _Plan(stages, serial, waits, needs, {file: _entries(file) for file in files})


def _collect(repo: Any, targets: Sequence[str]) -> list[Any]:
    from dvc.repo.reproduce import collect_stages
    from dvc.stage.exceptions import StageFileDoesNotExistError, StageNotFound

    if not targets:
        check_project(Path())
    found = []
    for target in targets or [str(PIPELINE)]:
        try:
            found += collect_stages(repo, [target])
        except (StageNotFound, StageFileDoesNotExistError) as error:
            names = {stage.addressing for stage in repo.index.stages}
            names |= {name.split("@")[0] for name in names}
            raise ParameterError(f"No stage '{target}'. {did_you_mean(target, names)}") from error
    return found


@contextmanager
def _locked(repo: Any, interrupted: Event | None = None) -> Iterator[None]:
    """Hold DVC's lock; while another process has it, look every 3 seconds for an interruption."""
    from dvc.lock import LockError
    from dvc.repo import lock_repo

    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(lock_repo(repo))
                break
            except LockError:
                if interrupted and interrupted.is_set():
                    raise StoppedError("It was stopped before it began.") from None
        yield


class _Scheduler:
    """The stages for :func:`gwangye.experiments.running.run_all`, each with a worker's share."""

    def __init__(
        self, repo: Any, plan: _Plan, shares: Sequence[Share], write: Callable[[str], None]
    ) -> None:
        self.repo, self.plan, self.write = repo, plan, write
        self.shares, self.free = shares, set(range(len(shares)))
        self.width = max(map(len, plan.stages), default=0)
        self.begun: set[str] = set()
        self.results: dict[str, StageResult] = {}
        self.interrupted = Event()
        self.processes = Processes(self._no_writing)

    def ask(self) -> tuple[str, int] | None:
        """Return the next stale stage that can start, with a free share's number."""
        while stage := self._next_stage():
            self.begun.add(stage)
            needed = {self.results[name].state for name in self.plan.needs[stage]}
            if needed & {"failed", "not started"}:
                self.results[stage] = StageResult(stage, "not started")
            elif not self._is_stale(stage):
                self.results[stage] = StageResult(stage, "up to date")
            else:
                slot = min(self.free)
                self.free.remove(slot)
                return stage, slot
        return None

    def run(self, job: tuple[str, int]) -> StageResult:
        """Run a stage."""
        stage, slot = job
        cached, begun = False, time.monotonic()

        def see(line: str) -> None:
            nonlocal cached
            cached |= line.startswith(f"Stage '{stage}' is cached")
            self.write(f"{stage:<{self.width}} | {line}".rstrip())

        command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item", stage]
        state: State
        try:
            failed = self.processes.run(command, self.shares[slot], see)
            state = "failed" if failed else "from cache" if cached else "ran"
        except StoppedError:
            state = "stopped"
        return StageResult(stage, state, time.monotonic() - begun)

    def tell(self, job: tuple[str, int], result: StageResult | GwangyeError) -> None:
        """Keep a stage's result."""
        assert isinstance(result, StageResult)
        self.results[result.stage] = result
        self.free.add(job[1])

    def close(self) -> None:
        """End what runs."""
        self.processes.close()

    def _next_stage(self) -> str | None:
        over = self.results.keys()
        for stage, waits in self.plan.waits.items():
            if stage not in self.begun and waits <= over:
                return stage
        return None

    def _is_stale(self, stage: str) -> bool:
        from dvc.exceptions import DvcException

        with _locked(self.repo, self.interrupted):
            try:
                return bool(self.plan.stages[stage].changed())
            except DvcException:
                return True  # the worker meets the same fault, and tells it

    @contextmanager
    def _no_writing(self) -> Iterator[None]:
        """While we hold DVC's lock, no worker is half-way through writing dvc.lock."""
        from dvc.lock import LockError
        from dvc.repo import lock_repo

        with ExitStack() as stack:
            with suppress(LockError):
                stack.enter_context(lock_repo(self.repo))
            yield


def _entries(file: Path) -> list[str]:
    from dvc.utils.serialize import load_yaml

    return list(load_yaml(str(file)).get("stages") or ()) if file.is_file() else []


def _order_entries(plan: _Plan) -> None:
    """Bring new entries of dvc.lock, there as their stages finished, into `dvc repro`'s order."""
    from dvc.utils.serialize import modify_yaml

    for file, before in plan.entries.items():
        names = [s.name for s in plan.serial if Path(s.path) == file.with_suffix(".yaml")]
        now = _entries(file)
        order = [name for name in dict.fromkeys([*before, *names, *now]) if name in now]
        if order != now:
            with modify_yaml(str(file)) as contents:
                for name in order:
                    contents["stages"][name] = contents["stages"].pop(name)
