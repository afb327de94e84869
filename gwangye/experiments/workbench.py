"""Running experiments beside the workspace, each as a DVC experiment with a name.

Each worker has a Git worktree of its own in ``.dvc/tmp``: HEAD with changed parameters. There
`dvc repro` runs what is not in the cache, and a commit keeps the result. Worktrees share
Git's references and DVC's cache, so that the workspace knows the experiment at once
(`dvc exp show`, `apply`, `branch`), and is itself never touched.
"""

from __future__ import annotations

import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from gwangye.errors import GwangyeError, ParameterError
from gwangye.experiments.parameters import change_parameters
from gwangye.experiments.processes import Processes, StoppedError, end_leftovers
from gwangye.experiments.repository import PARAMS
from gwangye.experiments.workers import Share, usable_cores, visible_gpus, worker_shares
from gwangye.experiments.worktree import TRAIN_SECONDS, Repository, Worktree, named_paths
from gwangye.params import read_values

FOLDER = Path(".dvc/tmp/gwangye")  # worktrees, logs, studies: Git and DVC ignore it
CHECKPOINTS = Path(".cache/checkpoints")  # what the train stage goes on from
SECONDS = Path(".cache/seconds")  # how long the stages that ran took
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_TAIL = 20  # lines that a failure is told with
_POLL = 1.0  # seconds


class FailedError(GwangyeError):
    """A stage of the experiment failed."""


@dataclass(frozen=True)
class Experiment:
    """A parameter set with a name.

    Args:
        name: The DVC experiment's name: ``[a-z0-9-]+``.
        changes: Values by dotted parameter of params.yaml, see
            :func:`gwangye.experiments.parameters.change_parameters`.
        message: What it is, in a line.
    """

    name: str
    changes: Mapping[str, Any]
    message: str


@dataclass(frozen=True)
class Outcome:
    """What became of an experiment.

    Args:
        experiment: The experiment.
        revision: Hash of the DVC experiment; None where ``should_stop`` has stopped it.
        seconds: How long it took.
        new: False where it was there already and nothing ran.
    """

    experiment: Experiment
    revision: str | None
    seconds: float
    new: bool


class _Slot(NamedTuple):
    """A worker's place."""

    worktree: Worktree
    share: Share


class Workbench:
    """Worktrees in which experiments run, one per worker.

    Methods may be called from as many threads as there are workers. As a context manager it ends
    what runs when it is left. One process at a time runs experiments of a repository.

    Args:
        root: The project: where dvc.yaml is.
        workers: Experiments that run at once; each has a GPU, or a share of the cores.

    Raises:
        DataError: There is no project, no Git repository, or no commit.
        ParameterError: ``workers`` is below 1.
    """

    def __init__(self, root: Path, *, workers: int = 1) -> None:
        self.repository = Repository(root)
        self._params = self.repository.read(PARAMS)
        self._home = self.repository.root / FOLDER
        shares = worker_shares(workers, gpus=visible_gpus(), cores=usable_cores())
        self._free = [
            _Slot(Worktree(self.repository, self._home / "worktrees" / str(k)), share)
            for k, share in enumerate(shares)
        ]
        self._lock = FileLock(self._home / "lock", blocking=False, thread_local=False)
        self._processes = Processes()
        self._guard = threading.RLock()  # of the free slots, of opening, of Git's worktrees
        self._opened = False

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Check the workspace and become the one that runs experiments; :meth:`run` does it too.

        Raises:
            DataError: The workspace's parameters, pipeline, code or data differ from HEAD.
            GwangyeError: Another process runs experiments of this repository.
        """
        with self._guard:
            if self._opened:
                return
            self.repository.check_ready()
            self._home.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout as error:
                raise GwangyeError(
                    "Another `gwangye` command runs experiments of this repository. Wait for it, "
                    "or end it; what it has finished is kept."
                ) from error
            self._opened = True
            end_leftovers(self._home / "worktrees")

    def saved(self, experiment: Experiment) -> str | None:
        """Return the hash of HEAD's DVC experiment of this name with exactly these parameters.

        Raises:
            ParameterError: The name or a parameter is not allowed.
        """
        wanted = self._parameters(experiment)
        revision = self.repository.experiment(experiment.name)
        if revision is None:
            return None
        there = self.repository.params(revision)
        return revision if there == read_values(wanted, str(PARAMS)) else None

    def run(
        self, experiment: Experiment, *, should_stop: Callable[[Path], bool] | None = None
    ) -> Outcome:
        """Run an experiment in a free worktree and save it, unless it is there already.

        Args:
            experiment: What to run; one of the same name and with other parameters is replaced.
            should_stop: Asked every second with the project's folder in the worktree, whose files
                (learning curves, say) it may read; if true, the experiment is ended and not saved.

        Raises:
            ParameterError: The name or a parameter is not allowed.
            DataError: The workspace's parameters, pipeline or code differ from HEAD.
            StoppedError: The workbench was closed meanwhile.
            FailedError: A stage failed.
            GwangyeError: Another process runs experiments here.
        """
        begun = time.monotonic()
        if revision := self.saved(experiment):
            return Outcome(experiment, revision, 0.0, new=False)
        self.open()
        with self._guard:
            # where it was interrupted, if that is free
            slot = min(self._free, key=lambda slot: slot.worktree.last != experiment.name)
            self._free.remove(slot)
        try:
            revision = self._run(experiment, slot, should_stop)
        finally:
            self._free.append(slot)
        return Outcome(experiment, revision, time.monotonic() - begun, new=True)

    def log(self, experiment: Experiment) -> Path:
        """Return the file that has the experiment's output."""
        return self._home / "logs" / f"{experiment.name}.log"

    def close(self) -> None:
        """End everything that runs; :meth:`run` raises :class:`StoppedError` then."""
        self._processes.close()
        if self._opened:
            self._lock.release()

    def _parameters(self, experiment: Experiment) -> str:
        if not _NAME.fullmatch(experiment.name):
            raise ParameterError(
                f"experiment '{experiment.name}': a name has lower-case letters, digits and single "
                "'-' between them, since it becomes a Git reference."
            )
        try:
            return change_parameters(self._params, experiment.changes)
        except ParameterError as error:
            raise ParameterError(f"experiment '{experiment.name}': {error}") from error

    def _run(
        self,
        experiment: Experiment,
        slot: _Slot,
        should_stop: Callable[[Path], bool] | None,
    ) -> str | None:
        """Run and save; return the revision, or None where ``should_stop`` has stopped it."""
        worktree = slot.worktree
        self._prepare(experiment, worktree)
        before = set((checkpoints := worktree.folder / CHECKPOINTS).glob("*"))
        shutil.rmtree(seconds := worktree.folder / SECONDS, ignore_errors=True)
        if not self._reproduce(experiment, slot, should_stop):
            shutil.rmtree(checkpoints, ignore_errors=True)
            return None
        message = experiment.message
        trained = {file.name: file.read_text("utf-8") for file in sorted(seconds.glob("train@*"))}
        # Training removes its checkpoints when it ends. If it has gone on from some, what it took
        # before is not known: then the time is not told.
        if trained and before <= set(checkpoints.glob("*")):
            took = (f"{name.removeprefix('train@')}={text}" for name, text in trained.items())
            message += f"\n\n{TRAIN_SECONDS}: {' '.join(took)}"
        return worktree.save(experiment.name, message)

    def _prepare(self, experiment: Experiment, worktree: Worktree) -> None:
        """Bring the worktree to HEAD with the experiment's parameters."""
        text = self._parameters(experiment)
        with self._guard:
            worktree.reset()
        worktree.configure()
        worktree.label.write_text(experiment.name, encoding="utf-8")
        worktree.bring_data(named_paths(read_values(text, str(PARAMS)), self.repository.root))
        (worktree.folder / PARAMS).write_text(text, encoding="utf-8")

    def _reproduce(
        self,
        experiment: Experiment,
        slot: _Slot,
        should_stop: Callable[[Path], bool] | None,
    ) -> bool:
        """Run `dvc repro` in the worktree; return False where ``should_stop`` has stopped it."""
        folder, path = slot.worktree.folder, self.log(experiment)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", buffering=1) as log:
            code = self._processes.run(
                [sys.executable, "-m", "dvc", "repro"],
                slot.share,
                lambda line: log.write(f"{line}\n"),
                folder=folder,
                should_stop=should_stop and (lambda: should_stop(folder)),
            )
        if self._processes.closed:  # a short stage may have ended before the signal came
            raise StoppedError("It was stopped.")
        if code:
            lines = path.read_text(encoding="utf-8").splitlines()[-_TAIL:]
            raise FailedError(
                f"experiment '{experiment.name}' failed:\n" + "\n".join(lines) + "\nAll of its "
                f"output: {path}. Finished stages are kept."
            )
        return code is not None
