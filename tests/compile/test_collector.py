"""The collector of cycles looks seldom while a program is made, and as before afterwards."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator

import pytest

from edgewise.compile.collector import OBJECTS, seldom


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*before)


def first() -> int:
    return gc.get_threshold()[0]


def test_it_is_as_before_afterwards():
    with seldom():
        assert first() == OBJECTS
        with seldom():
            assert first() == OBJECTS
        assert first() == OBJECTS
    assert first() == 700


def test_an_error_brings_it_back_too():
    @seldom()
    def fails():
        raise ValueError(first())

    with pytest.raises(ValueError, match=str(OBJECTS)):
        fails()
    assert first() == 700


def test_a_collector_that_was_stopped_stays_so():
    gc.set_threshold(0, 10, 10)
    with seldom():
        assert first() == 0
    assert first() == 0


def test_what_is_set_meanwhile_stays():
    with seldom():
        gc.set_threshold(900, 10, 10)
    assert first() == 900


def test_the_last_thread_to_leave_brings_it_back():
    inside, go = threading.Event(), threading.Event()

    def other():
        with seldom():
            inside.set()
            go.wait()

    thread = threading.Thread(target=other)
    with seldom():
        thread.start()
        inside.wait()
    assert first() == OBJECTS
    go.set()
    thread.join()
    assert first() == 700
