"""A training on several machines: two processes stand for them."""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge_runtime.errors import ParameterError
from tests.command import refused
from tests.synthetic import write_data_set
from train.fit import workers
from train.fit.workers import Cluster, ClusterError, Workers, cluster_of


def config(addresses: list[str], index: int = 0, **others: list[str]) -> str:
    cluster = {"worker": addresses, **others}
    return json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})


def test_a_cluster_is_read_with_the_chief_first() -> None:
    assert cluster_of(None) is None
    assert cluster_of(config(["a:1"])) is None
    assert cluster_of(config(["a:1", "b:2"], 1)) == Cluster(("a:1", "b:2"), 1)
    assert cluster_of(config(["a:1", "b:2"], 1, chief=["c:3"])) == Cluster(("c:3", "a:1", "b:2"), 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "TF_CONFIG is no JSON"),
        ("[]", "names no cluster or no task"),
        ('{"cluster": {}, "task": {}}', "names no cluster or no task"),
        (config(["a:1", "b"]), "'b' is no address HOST:PORT"),
        (config(["a:1", "b:99999"]), "'b:99999' is no address HOST:PORT"),
        (config(["a:1", "a:1"]), "names one address twice"),
        (config(["a:1", "b:1"], 2), "task 2 is none of the 2 addresses of worker"),
        (config(["a:1", "b:1"], ps=["c:1"]), "no ps; TF_CONFIG is"),
        (config(["a:1"], chief=["c:1", "d:1"]), "names more than one chief"),
    ],
)
def test_a_cluster_that_makes_no_sense_is_refused(text: str, expected: str) -> None:
    with pytest.raises(ParameterError) as error:
        cluster_of(text)
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_each_file_belongs_to_one_worker() -> None:
    files = np.array([7, 7, 9, 9, 9, 12, 30, 30])
    shares = [Cluster(("a:1", "b:1"), index).own(files) for index in (0, 1)]
    assert [share.tolist() for share in shares] == [[0, 1, 5], [2, 3, 4, 6, 7]]
    assert Cluster(("a:1", "b:1"), 0).sizes(files) == [3, 5]


def free_ports(n: int) -> list[int]:
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()
    return ports


def addresses() -> list[str]:
    return [f"127.0.0.1:{port}" for port in free_ports(2)]


@pytest.mark.parametrize(
    ("index", "expected"), [(0, "no call from {1}"), (1, "no answer from {0}")]
)
def test_a_worker_that_is_alone_gives_up(
    monkeypatch: pytest.MonkeyPatch, index: int, expected: str
) -> None:
    monkeypatch.setattr(workers, "WAIT_S", 1)
    names = addresses()
    with pytest.raises(ClusterError) as error:
        Workers(Cluster(tuple(names), index))
    assert expected.format(*names) in str(error.value)
    assert "within 1 s; start edge-genre train on each machine" in str(error.value)


def test_a_host_that_does_not_exist_is_named() -> None:
    with pytest.raises(ClusterError, match=r"no-such-host\.invalid:1 cannot be found"):
        Workers(Cluster(("no-such-host.invalid:1", "127.0.0.1:2"), 1))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_data_set(tmp_path_factory.mktemp("data") / "clips", clips_per_genre=6)


def train(data: Path, out: Path, *more: str) -> list[str]:
    return [
        "train", str(data), "--out", str(out), "--cache", str(data.parent / "cache"),
        "--seed", "5", "--epochs", "6", "--batch-size", "8", *more,
    ]  # fmt: skip


def curves(out: Path) -> dict[str, list[float]]:
    with (out / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def test_what_scikit_learn_fits_is_not_spread(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TF_CONFIG", config(addresses()))
    line = refused(*train(data, tmp_path / "run")[:6], "--model", "svm", code=2)
    assert "TF_CONFIG names 2 workers, but svm cannot be spread over machines" in line


@pytest.mark.slow
def test_two_workers_follow_the_curve_of_one(data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "edge_runtime"]
    alone = subprocess.run(
        [*command, *train(data, tmp_path / "alone")], capture_output=True, text=True, check=False
    )
    assert alone.returncode == 0, alone.stderr
    names = addresses()
    started = [
        subprocess.Popen(
            [*command, *train(data, tmp_path / f"worker-{index}")],
            env={**os.environ, "TF_CONFIG": config(names, index)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for index in (0, 1)
    ]  # fmt: skip
    printed = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0, 0], printed
    assert f"done; the run folder is at {names[0]}" in printed[1]
    assert not (tmp_path / "worker-1").exists()
    one, two = curves(tmp_path / "alone"), curves(tmp_path / "worker-0")
    np.testing.assert_allclose(two["val_loss"], one["val_loss"], atol=0.05)
    assert two["val_loss"][-1] < two["val_loss"][0]
    assert two["loss"][-1] < 0.6 * two["loss"][0]
    parameters = [
        json.loads((tmp_path / name / "run.json").read_text())["training"]["parameters"]
        for name in ("alone", "worker-0")
    ]
    assert parameters[0] == parameters[1]
