"""One run over all candidates: time, cold start, memory, size and accuracy."""

from __future__ import annotations

import dataclasses
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from train.progress import progress

from .accuracy import measured
from .candidates import Candidate
from .clips import Clip
from .install_size import closure, install_size
from .processes import ENVIRONMENT, Worker, arguments, cold_start
from .resources import MissingPeerError, Resources

NOT_HELD_OUT = "not measured: its weights were fitted to the validation clips; pass --held-out"
_HELD_OUT = "held out: "
NO_GENRES = "not measured: no validation clips; pass --data"


@dataclasses.dataclass
class Outcomes:
    """Times and scores of a candidate, clip by clip."""

    seconds: list[float] = dataclasses.field(default_factory=list)
    cpu_seconds: list[float] = dataclasses.field(default_factory=list)
    scores: list[dict[str, float]] = dataclasses.field(default_factory=list)
    starts: list[dict[str, float]] = dataclasses.field(default_factory=list)
    model_bytes: int = 0


class Run:
    """Candidates that can run here are measured; the others are rows with a reason.

    Parameters
    ----------
    candidates : sequence of Candidate
    held_out : dict
        Paths of exported models of ours that were not trained on the validation clips, by name.
    resources : Resources
    """

    def __init__(
        self, candidates: Sequence[Candidate], held_out: dict[str, Path], resources: Resources
    ) -> None:
        self.candidates, self._resources = list(candidates), resources
        self._held_out = held_out
        self.missing: dict[str, str] = {}
        self.outcomes: dict[str, Outcomes] = {}
        self.held_out_outcomes: dict[str, Outcomes] = {}
        """Of the held-out models, by name"""

    def classify(self, clips: Sequence[Clip], folder: Path, passes: int = 1) -> None:
        """Let every candidate classify each clip in turn, each in a process that stays.

        The first in turn changes from clip to clip. The first clip is classified once more before
        the others, which is not counted.
        """
        workers = self._start()
        try:
            turns = [clip for _ in range(passes) for clip in clips]
            listed = progress(turns, total=len(turns), label="classify")
            for number, clip in enumerate(listed):
                file, rate = decoded(clip, folder)
                if number == 0:
                    self._classify_in_turn(workers, list(workers), file, rate, noted=False)
                names = list(workers)
                first = number % max(1, len(names))
                self._classify_in_turn(workers, names[first:] + names[:first], file, rate)
        finally:
            for worker, _ in workers.values():
                worker.close()

    def start_cold(self, clip: Clip, folder: Path, rounds: int) -> None:
        """Let every candidate classify one clip in new processes, in turn."""
        file, rate = decoded(clip, folder)
        for number in progress(range(rounds + 1), total=rounds + 1, label="cold start"):
            for candidate in self.candidates:
                if candidate.name in self.outcomes:
                    try:
                        reply = cold_start(arguments(candidate, self._resources), file, rate)
                    except RuntimeError as error:
                        self._without(candidate.name, f"cold start: {error}")
                        continue
                    if number:  # the first warms the page cache
                        self.outcomes[candidate.name].starts.append(reply)

    def rows(self, clips: Sequence[Clip]) -> dict[str, dict[str, Any]]:
        """JSON-ready figures of every candidate."""
        return {one.name: self._row(one, clips) for one in self.candidates}

    def _start(self) -> dict[str, tuple[Worker, Outcomes]]:
        workers = {}
        for candidate in self.candidates:
            try:
                worker = Worker(candidate, self._resources)
            except MissingPeerError as error:
                self.missing[candidate.name] = without_paths(str(error))
                continue
            outcomes = self.outcomes[candidate.name] = Outcomes(model_bytes=worker.model_bytes)
            workers[candidate.name] = (worker, outcomes)
        for name, path in self._held_out.items():
            own = dataclasses.replace(_named(self.candidates, name), arguments=(str(path),))
            outcomes = self.held_out_outcomes[name] = Outcomes()
            workers[f"{_HELD_OUT}{name}"] = (Worker(own, self._resources), outcomes)
        return workers

    def _classify_in_turn(
        self,
        workers: dict[str, tuple[Worker, Outcomes]],
        order: list[str],
        file: Path,
        rate: int,
        *,
        noted: bool = True,
    ) -> None:
        """Let each classify a clip; one that fails is left out."""
        for name in order:
            worker, outcomes = workers[name]
            try:
                reply = worker.classify(file, rate)
            except MissingPeerError as error:
                self._without(name, str(error))
                worker.close()
                del workers[name]
                continue
            if noted:
                outcomes.seconds.append(reply["seconds"])
                outcomes.cpu_seconds.append(reply["cpu_seconds"])
                outcomes.scores.append(reply["scores"])

    def _without(self, name: str, reason: str) -> None:
        """Leave a candidate out, or a held-out model, which its name says."""
        self.missing[name] = without_paths(reason)
        self.outcomes.pop(name, None)
        self.held_out_outcomes.pop(name.removeprefix(_HELD_OUT), None)

    def _row(self, candidate: Candidate, clips: Sequence[Clip]) -> dict[str, Any]:
        row: dict[str, Any] = {
            "what": candidate.what,
            "ours": candidate.ours,
            "licence": candidate.licence,
        }
        if candidate.name in self.missing:
            return {**row, "missing": self.missing[candidate.name], "install": candidate.install}
        outcomes = self.outcomes[candidate.name]
        times = np.array(outcomes.seconds)
        row["ms_per_clip"] = round(1000 * float(np.median(times)), 3)
        row["cpu_ms_per_clip"] = round(1000 * statistics.median(outcomes.cpu_seconds), 3)
        row["cores"] = round(sum(outcomes.cpu_seconds) / sum(outcomes.seconds), 2)
        row["times_ours"] = {
            one.name: round(float(np.median(times / self.outcomes[one.name].seconds)), 3)
            for one in self.candidates
            if one.ours and one.name in self.outcomes
        }
        if outcomes.starts:
            row["cold_start_s"] = _median(outcomes.starts, "wall_s", 3)
            row["peak_rss_mib"] = _median(outcomes.starts, "peak_rss_mib", 1)
        row["model_bytes"] = outcomes.model_bytes
        row["install"] = self._install(candidate)
        row["accuracy"] = self._accuracy(candidate, clips)
        return row

    def _install(self, candidate: Candidate) -> dict[str, Any]:
        wheel = self._resources.file(candidate.wheel) if candidate.wheel else None
        try:
            sizes = install_size(candidate.needs, wheel)
        except metadata.PackageNotFoundError as error:
            return {"unknown": f"{error.name} is not installed as a distribution"}
        return {**sizes, "needs": list(candidate.needs), "command": candidate.install}

    def _accuracy(self, candidate: Candidate, clips: Sequence[Clip]) -> dict[str, Any]:
        truth = [clip.genre for clip in clips if clip.genre is not None]
        if not truth:
            return {"reason": NO_GENRES}
        held_out = {name: outcomes.scores for name, outcomes in self.held_out_outcomes.items()}
        shipped = {
            one.name: self.outcomes[one.name].scores
            for one in self.candidates
            if one.ours and not one.fitted_to_validation and one.name in self.outcomes
        }
        ours = {**shipped, **held_out}
        if not candidate.ours:
            found = measured(self.outcomes[candidate.name].scores, candidate.labels, truth, ours)
        elif candidate.name in ours:
            found = measured(ours[candidate.name], candidate.labels, truth, {})
            weights = "held out" if candidate.name in held_out else "as shipped"
            found = found and {**found, "weights": weights}
        else:
            return {"reason": NOT_HELD_OUT}
        return found or {"reason": "not measured: no clip of a genre that it knows"}


def essentia_difference(clip: Clip, folder: Path) -> dict[str, dict[str, float]] | None:
    """How far essentia's are from librosa's MFCCs on a clip; None if one of them is missing."""
    file, _ = decoded(clip, folder)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.peers.seed_network", str(file)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    if done.returncode:
        return None
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def versions(candidates: Sequence[Candidate], rows: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Versions of all distributions that the measured candidates need."""
    found: dict[str, str] = {}
    for candidate in candidates:
        if "missing" not in rows[candidate.name]:
            try:
                found |= {name: one.version for name, one in closure(candidate.needs).items()}
            except metadata.PackageNotFoundError:
                continue
    return dict(sorted(found.items()))


def decoded(clip: Clip, folder: Path) -> tuple[Path, int]:
    """A file with a clip's samples, in the place of the one before it, and their rate."""
    samples, rate = clip.decoded()
    np.save(folder / "clip.npy", samples)
    return folder / "clip.npy", rate


def without_paths(text: str) -> str:
    """A message without the places of this machine."""
    for place in (Path(__file__).parents[2], sys.prefix, tempfile.gettempdir(), Path.home()):
        text = text.replace(str(place), "...")
    return text


def _named(candidates: Sequence[Candidate], name: str) -> Candidate:
    return next(one for one in candidates if one.name == name)


def _median(samples: list[dict[str, float]], key: str, digits: int) -> float:
    return round(statistics.median(sample[key] for sample in samples), digits)


PROTOCOL = {
    "threads": 1,
    "environment": ENVIRONMENT,
    "time": "decoded mono samples in memory at the file's rate to one label for the clip; "
    "resampling to the candidate's rate included; one process each; every candidate classifies "
    "each clip before the next comes; median over the clips; ratios are medians of the clips' own",
    "cores": "CPU seconds of the process in a second of answering: what one thread means",
    "cold_start": "start of a new process to its label for one clip; median",
    "peak_rss": "of that process",
    "install": "files of the distributions that it needs, by their RECORDs, without byte code",
    "accuracy": "the likeliest of the genres that the candidate's labels stand for, on the "
    "validation clips of those genres, so that unknown is no label; ours on the same clips with "
    "the same choice; 95 % bootstrap interval; McNemar's exact test",
}
