"""Would the quick tests notice a small fault? Changes the code in many small ways, one at a time.

``python -m benchmarks.mutants [--sample 25] [--seed 0] [MODULE ...]``

mutmut makes the faults (mutants) in a copy of the repository, ``mutants/``. What it may change, and
which tests it runs, is in pyproject.toml, ``[tool.mutmut]``. A MODULE is ``edge_runtime.decoder``,
or a package with all that is in it. Some mutants are no faults, since they change nothing that
anybody can see: perfect tests score less than 100 %. ``mutmut show NAME`` prints a survivor's
change.
"""

from __future__ import annotations

import argparse
import random
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from edge_runtime.cli.arguments import Whole

_ROOT = Path(__file__).parents[1]
_NONE = "no.such.mutant"
_UNCHECKED = "not checked"
_NOTICED = ("killed", "timeout", "segfault", "suspicious")


def mutmut(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run mutmut in the checkout, in a session of its own: a mutant may kill its process group."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=_ROOT, check=False, start_new_session=True
    )


def statuses() -> dict[str, str]:
    """What became of each mutant, by its name."""
    lines = mutmut("results", "--all", "true").stdout.splitlines()
    return dict(line.strip().split(": ") for line in lines if ": " in line)


def module_of(mutant: str) -> str:
    """``edge_runtime.decoder`` of ``edge_runtime.decoder.x_f__mutmut_1``."""
    return mutant.rpartition(".")[0]


def chosen(mutants: list[str], modules: list[str], sample: int, seed: int) -> list[str]:
    """So many mutants of each module, or all of it where it has no more."""
    by_module = defaultdict(list)
    for mutant in sorted(mutants):
        module = module_of(mutant)
        if not modules or any(f"{module}.".startswith(f"{name}.") for name in modules):
            by_module[module].append(mutant)
    generator = random.Random(seed)
    return [
        mutant
        for own in by_module.values()
        for mutant in generator.sample(own, min(sample, len(own)))
    ]


def table(found: dict[str, str]) -> list[str]:
    """A line for each module and one for all, then the survivors."""
    noticed: dict[str, list[bool]] = defaultdict(list)
    for mutant, status in found.items():
        noticed[module_of(mutant)].append(status in _NOTICED)
    noticed["all"] = [one for own in noticed.values() for one in own]
    lines = [
        f"{sum(own):>5} of {len(own):>5} {sum(own) / len(own):>6.1%}  {name}"
        for name, own in noticed.items()
    ]
    survivors = [f"{status}: {name}" for name, status in found.items() if status not in _NOTICED]
    return [*lines, *survivors]


def main() -> None:
    """Make the mutants, run a sample of them, print the score of each module."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mutants", description=__doc__.splitlines()[0]
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="(all of [tool.mutmut])")
    parser.add_argument("--sample", type=Whole(1, 100_000), default=25, help="of a module (25)")
    parser.add_argument("--seed", type=int, default=0, help="which ones are drawn (0)")
    args = parser.parse_args()
    shutil.rmtree(_ROOT / "mutants", ignore_errors=True)
    made = mutmut("run", _NONE)  # makes all of them, and runs none
    names = chosen(list(statuses()), args.modules, args.sample, args.seed)
    if not names:
        raise SystemExit(f"no mutants of {args.modules or 'any module'}: {made.stderr[-500:]}")
    print(f"{len(names)} mutants ...", file=sys.stderr)
    left, before = names, 0
    while left and len(left) != before:  # again, where a mutant stopped mutmut itself
        before = len(left)
        done = mutmut("run", *left)
        found = statuses()
        left = [name for name in names if found[name] == _UNCHECKED]
    if len(left) == len(names):
        raise SystemExit(f"mutmut ran none of them: {(done.stdout + done.stderr)[-2000:]}")
    print("\n".join(table({name: found[name] for name in names})))


if __name__ == "__main__":
    main()
