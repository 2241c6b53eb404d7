"""The footprint as tables: for a terminal, and for ``docs/reference/performance.md``."""

from __future__ import annotations

from typing import Any


def table(results: dict[str, Any]) -> str:
    """What a terminal shows."""
    wheel = results["wheel"]
    parts = sorted(results["distributions"].items(), key=lambda item: -item[1]["bytes"])
    lines = [f"{'':<20} {'version':<16} {'MB':>7}  of it .pyc"]
    lines += [
        f"{name:<20} {part['version']:<16} {part['bytes'] / 1e6:7.2f} "
        f"{part['bytecode_bytes'] / 1e6:7.2f}"
        for name, part in parts
    ]
    loads, events = ", ".join(results["listen_loads"]), results["listen_answers"]
    return "\n".join(
        [
            *lines,
            f"{'site-packages':<37} {results['total_bytes'] / 1e6:7.2f}",
            f"{'beyond numpy':<37} {results['beyond_numpy_bytes'] / 1e6:7.2f}  "
            f"budget {results['budget_bytes'] / 1e6:.0f}",
            f"{'the wheel, ' + str(wheel['files']) + ' files':<37} {wheel['bytes'] / 1e6:7.2f}",
            f"listen loads {loads}; {events} events for the demo clip",
        ]
    )


def section(results: dict[str, Any]) -> list[str]:
    """Lines of Markdown for the page of what it costs.

    Parameters
    ----------
    results : dict
        What `benchmarks.footprint.measure.measure` found.
    """
    machine, wheel = results["machine"], results["wheel"]
    parts = sorted(results["distributions"].items(), key=lambda item: -item[1]["bytes"])
    loads = ", ".join(f"`{name}`" for name in results["listen_loads"])
    largest = ", ".join(
        f"`{path.rpartition('/')[2]}` {size / 1e6:.1f}"
        for path, size in results["largest_files_beyond_numpy"].items()
    )
    return [
        "## Installed size",
        "",
        "    python -m benchmarks.footprint",
        "",
        f"The wheel ({wheel['bytes'] / 1e6:.1f} MB) with its base dependencies in an empty "
        f"environment: Python {machine['python']}, {machine['architecture']}, "
        f"{results['utc'][:10]}. Files as they lie on disk, bytecode that pip compiled included:",
        "",
        "| | version | MB |",
        "|---|---|---|",
        *(f"| {name} | {part['version']} | {part['bytes'] / 1e6:.1f} |" for name, part in parts),
        f"| **all** | | {results['total_bytes'] / 1e6:.1f} |",
        f"| **beyond numpy** (budget {results['budget_bytes'] / 1e6:.0f}) | | "
        f"{results['beyond_numpy_bytes'] / 1e6:.1f} |",
        "",
        f"The largest files beyond numpy, MB: {largest}.",
        "",
        f"`listen` loads {loads} of it, and gives the same events there as in the checkout.",
        "",
    ]
