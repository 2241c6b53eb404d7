"""Calls into a driver that may hang."""

import threading

import pytest

from edge_runtime.errors import AudioDeviceError
from edge_runtime.sources.driver_calls import Driver

PATIENCE_S = 60.0


@pytest.fixture
def hanging():
    """A call that returns 7 when the test lets it."""
    go = threading.Event()

    def work():
        assert go.wait(PATIENCE_S)
        return 7

    work.go = go
    yield work
    go.set()


def wait_until_it_returns(driver):
    driver._thread.join(PATIENCE_S)
    assert not driver.hangs


def test_a_call_returns_or_raises_what_the_work_does():
    driver = Driver()
    assert driver.call(lambda: 7, timeout_s=PATIENCE_S) == 7
    with pytest.raises(KeyError, match="why"):
        driver.call(lambda: {}["why"], timeout_s=PATIENCE_S)
    assert driver.call(lambda: 8, timeout_s=PATIENCE_S) == 8


def test_a_driver_that_hangs_is_given_up_and_refused_until_it_returns(hanging):
    driver = Driver()
    with pytest.raises(AudioDeviceError, match=r"does not answer for 0\.1 s"):
        driver.call(hanging, timeout_s=0.1)
    with pytest.raises(AudioDeviceError, match="does not answer"):
        driver.call(lambda: 8, timeout_s=PATIENCE_S)
    hanging.go.set()
    wait_until_it_returns(driver)
    assert driver.call(lambda: 8, timeout_s=PATIENCE_S) == 8


def test_what_comes_too_late_is_handed_on_to_be_closed(hanging):
    driver, late = Driver(), []
    with pytest.raises(AudioDeviceError):
        driver.call(hanging, timeout_s=0.1, late=late.append)
    hanging.go.set()
    wait_until_it_returns(driver)
    assert late == [7]


def test_a_call_is_given_up_when_the_stop_flag_is_set(hanging):
    stop = threading.Event()
    stop.set()
    assert Driver().call(hanging, timeout_s=1e9, stop=stop) is None


def test_a_call_may_call_again():
    driver = Driver()

    def work():
        return driver.call(lambda: 9, timeout_s=PATIENCE_S)

    assert driver.call(work, timeout_s=PATIENCE_S) == 9
