"""Files on the machines of a Ray cluster: the same rows, whatever becomes of a worker."""

import os
import signal
import socket
import sys
import threading

import pytest

from edge_runtime.errors import EdgeGenreError, MissingExtraError, ParameterError
from edge_runtime.library import ray_engine
from edge_runtime.library.inputs import Item
from edge_runtime.library.pool import label_items
from edge_runtime.library.ray_engine import RayAddressError, RayCluster, label_on_ray
from edge_runtime.library.row import name_of

from .fakes import ODD_NAMES, FakeLabels, Unloadable

pytest.importorskip("ray", reason="the extra ray is not installed")

NAMES = [*(f"{number:03}.wav" for number in range(200)), *ODD_NAMES]
DEADLY = ["000.wav", "031.wav", "032.wav", "199.wav"]
KILLS_ITS_ACTOR = "100.wav"


class KillsActorOnce(FakeLabels):
    """Ends Ray's own process, which is the parent of the one that labels, at one file."""

    def __call__(self, item):
        """The row of a name."""
        mark = self.marks / "actor"
        if item.name == KILLS_ITS_ACTOR and not mark.exists():
            mark.touch()
            os.kill(os.getppid(), signal.SIGKILL)
        return super().__call__(item)


@pytest.fixture(autouse=True)
def no_other_cluster(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Rows of a run in which files kill the process that reads them, and one kills Ray's."""
    marks = tmp_path_factory.mktemp("marks")
    labeller = KillsActorOnce(DEADLY, once=["150.wav"], marks=marks)
    rows = list(label_on_ray(labeller, map(Item, NAMES), RayCluster(actors=2)))
    assert sorted(mark.name for mark in marks.iterdir()) == ["150.wav", "actor"]
    return rows


@pytest.mark.slow
def test_every_file_has_one_row_though_a_worker_of_ray_is_killed(labelled):
    assert sorted(map(name_of, labelled)) == sorted(NAMES)


@pytest.mark.slow
def test_rows_are_those_of_this_machine_crashes_included(labelled):
    here = label_items(FakeLabels(DEADLY), map(Item, NAMES), 2)
    assert sorted(labelled, key=name_of) == sorted(here, key=name_of)
    assert sorted(name_of(row) for row in labelled if row["error"]) == DEADLY


@pytest.mark.slow
def test_a_model_that_cannot_be_loaded_ends_the_run_as_it_does_here():
    with pytest.raises(EdgeGenreError, match=r"a\.tflite: no such model file") as caught:
        list(label_on_ray(Unloadable(), map(Item, NAMES), RayCluster(actors=1)))
    assert caught.value.exit_code == 3


@pytest.mark.slow
def test_another_version_on_a_machine_of_the_cluster_is_refused(monkeypatch):
    monkeypatch.setattr(ray_engine, "__version__", "0.0.1")
    with pytest.raises(EdgeGenreError, match=r"is installed on .*, and 0\.0\.1 where the command"):
        list(label_on_ray(FakeLabels(), map(Item, NAMES), RayCluster(actors=1)))


@pytest.mark.slow
def test_a_run_that_is_stopped_takes_no_more_files_and_leaves_the_handler_of_sigterm(monkeypatch):
    monkeypatch.setattr(ray_engine, "_FILES_AT_ONCE", 8)
    taken, rows = [], []

    def endless():
        while True:
            taken.append(None)
            yield Item(f"{len(taken)}.wav")

    before = signal.getsignal(signal.SIGTERM)
    for row in label_on_ray(FakeLabels(), endless(), RayCluster(actors=1), lambda: len(rows) >= 12):
        rows.append(row)
        assert signal.getsignal(signal.SIGTERM) == before
    assert 12 <= len(rows) <= len(taken) <= 24
    assert len({name_of(row) for row in rows}) == len(rows)


@pytest.fixture
def server():
    """A port where something answers that is no Ray."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


def test_an_address_where_nobody_answers_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(RayAddressError, match=f"--address {address}: no Ray .*refused") as caught:
        RayCluster(address).check()
    assert caught.value.exit_code == 4


def test_an_address_where_something_else_answers_is_one_line(server):
    with pytest.raises(RayAddressError, match=f"--address {server}: .*what answers is no Ray"):
        RayCluster(server).check()


def test_the_address_of_the_environment_is_named_as_such(monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", "http://head:8265")
    with pytest.raises(ParameterError, match=r"RAY_ADDRESS is 'http://head:8265', which is no"):
        RayCluster().check()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("head", "give HOST:PORT"),
        ("head:99999", "give HOST:PORT"),
        ("two words:6379", "give HOST:PORT"),
        ("ray://head:10001", "ray job submit"),
    ],
)
def test_what_is_no_address_is_refused(address, reason):
    with pytest.raises(ParameterError, match=reason):
        RayCluster(address).check()


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r'--engine ray needs .*"edge-genre\[ray\]"'):
        RayCluster().check()
