"""The pipeline's stale stages at once where the graph allows it, each by its own `dvc repro -s`.

DVC holds its repository lock while it reads and writes dvc.lock, and gives it up while a stage's
command runs; so the commands run side by side, and no entry is lost. What is stale is DVC's own
verdict, asked when everything that a stage depends on is finished.
"""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

from gwangye.errors import GwangyeError, ParameterError, did_you_mean
from gwangye.experiments.processes import Process, signals_handled_by, stop
from gwangye.experiments.repository import PIPELINE, check_project
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
            reproduction = _Scheduler(repo, plan, shares, write).run()
            with _locked(repo):
                _order_entries(plan)
    except DvcException as error:
        raise GwangyeError(
            f"{str(error).rstrip('.')}. Mend it; then `dvc status` works."
        ) from error
    return reproduction


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


class _InterruptedError(Exception):
    """A signal asks to stop."""


@contextmanager
def _locked(repo: Any, check: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the repository's lock; ``check`` is called every 3 seconds while another has it."""
    from dvc.lock import LockError
    from dvc.repo import lock_repo

    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(lock_repo(repo))
                break
            except LockError:
                check()
        yield


class _Scheduler:
    """Starts stages as workers become free, in one thread; readers and signals only post events."""

    def __init__(
        self, repo: Any, plan: _Plan, shares: Sequence[Share], write: Callable[[str], None]
    ) -> None:
        self.repo, self.plan, self.shares, self.write = repo, plan, shares, write
        self.width = max(map(len, plan.stages), default=0)
        self.results: dict[str, StageResult] = {}
        self.running: dict[str, Process] = {}
        self.slots: dict[str, int] = {}
        self.from_cache: set[str] = set()
        self.interrupted = False
        # a stage and a line of its output; no line where it has ended, no stage for a signal
        self.events: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()

    def run(self) -> Reproduction:
        with signals_handled_by(self._on_signal):
            try:
                self._schedule()
            except _InterruptedError:
                self._stop()
                while not self.events.empty():
                    self._handle(*self.events.get())
            finally:
                self._stop()
        ended = self.results
        results = [ended.get(name, StageResult(name, "not started")) for name in self.plan.stages]
        return Reproduction(results, self.interrupted)

    def _on_signal(self, *_: object) -> None:
        # An exception could strike between a worker's start and its entry in the list.
        self.interrupted = True
        self.events.put(("", None))

    def _check_signal(self) -> None:
        if self.interrupted:
            raise _InterruptedError

    def _schedule(self) -> None:
        while True:
            while len(self.running) < len(self.shares) and (stage := self._next_stage()):
                self._check_signal()
                self._settle(stage)
            if not self.running:
                return
            self._handle(*self.events.get())
            self._check_signal()

    def _next_stage(self) -> str | None:
        over = self.results.keys()
        for stage, waits in self.plan.waits.items():
            if stage not in over and stage not in self.running and waits <= over:
                return stage
        return None

    def _settle(self, stage: str) -> None:
        needed = (self.results[name].state for name in self.plan.needs[stage])
        if any(state in ("failed", "not started") for state in needed):
            self.results[stage] = StageResult(stage, "not started")
        elif not self._is_stale(stage):
            self.results[stage] = StageResult(stage, "up to date")
        else:
            slot = min(set(range(len(self.shares))) - {self.slots[name] for name in self.running})
            command = [sys.executable, "-m", "dvc", "--wait-for-lock", "repro", "--single-item"]
            self.slots[stage] = slot
            self.running[stage] = Process(
                [*command, stage],
                self.shares[slot],
                lambda line: self.events.put((stage, line)),
            )

    def _is_stale(self, stage: str) -> bool:
        from dvc.exceptions import DvcException

        with _locked(self.repo, self._check_signal):
            try:
                return bool(self.plan.stages[stage].changed())
            except DvcException:
                return True  # the worker meets the same fault, and tells it

    def _handle(self, stage: str, line: str | None) -> None:
        if line is not None:
            if line.startswith(f"Stage '{stage}' is cached"):
                self.from_cache.add(stage)
            self.write(f"{stage:<{self.width}} | {line}".rstrip())
        elif stage:
            process = self.running.pop(stage)
            self.results[stage] = StageResult(stage, self._state(stage, process), process.seconds)

    def _state(self, stage: str, process: Process) -> State:
        if process.failed:
            return "stopped" if self.interrupted else "failed"
        return "from cache" if stage in self.from_cache else "ran"

    def _stop(self) -> None:
        """Stop what is still running, if anything; further signals change nothing by then."""
        stop(list(self.running.values()), self._no_writing)

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
