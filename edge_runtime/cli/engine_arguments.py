"""Where long work is done: ``--engine`` and ``--address``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..errors import ParameterError

if TYPE_CHECKING:
    from ..library.ray_engine import RayCluster


def add_engine_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare ``--engine`` and ``--address``."""
    parser.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="local: the cores of this machine (default); ray: those of a Ray cluster",
    )
    parser.add_argument(
        "--address",
        metavar="ADDR",
        help="with --engine ray, HOST:PORT of the cluster that this machine belongs to, or auto "
        "(default: $RAY_ADDRESS; without it, Ray is started on this machine)",
    )


def ray_cluster(args: argparse.Namespace, actors: int | None) -> RayCluster | None:
    """The cluster, which answers; None for this machine.

    Parameters
    ----------
    args : Namespace
    actors : int or None
        How many share the work.

    Raises
    ------
    ParameterError
        If there is an address and no ``--engine ray``, or the address is none.
    MissingExtraError
        If Ray is not installed.
    RayAddressError
        If nobody answers.
    """
    if args.engine != "ray":
        if args.address is not None:
            raise ParameterError("--address is that of a Ray cluster; add --engine ray")
        return None
    from ..library.ray_engine import RayCluster

    cluster = RayCluster(args.address, actors)
    cluster.check()
    return cluster
