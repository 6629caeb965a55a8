"""Calls from Python use one thread of OpenBLAS and leave as many as there were; its own functions are asked."""

from contextlib import suppress
from threading import Barrier, Thread

import numpy as np
import pandas as pd
import pytest
import scipy.linalg  # noqa: F401  # brings a library of its own

import em_impute
from em_impute import environment
from em_impute.api import fill as module
from em_impute.environment import one_blas_thread

FRAME = pd.DataFrame({"x": [1.0, 1.2, 3.0, 3.1, 3.2], "g": [*"aabb", None]})


def threads():
    return [get() for get, _ in environment._openblas()]


@pytest.fixture(autouse=True)
def three():
    """Let every library use three threads, and afterwards as many as before."""
    np.linalg.inv(np.eye(2))
    before = [(put, get()) for get, put in environment._openblas()]
    if not before:
        pytest.skip("numpy has another BLAS here")
    for put, _ in before:
        put(3)
    yield
    for put, n_threads in reversed(before):
        put(n_threads)


def test_within_there_is_one_thread_and_afterwards_as_many_as_before_also_after_an_error_and_nested():
    with one_blas_thread(), suppress(ZeroDivisionError), one_blas_thread():
        inner = threads()
        raise ZeroDivisionError
    with one_blas_thread():
        with suppress(ZeroDivisionError), one_blas_thread():
            raise ZeroDivisionError
        outer = threads()

    assert {1} == {*inner, *outer}
    assert {3} == {*threads()}


def test_calls_of_several_threads_restore_what_the_first_of_them_found():
    both, leaving = Barrier(2), Barrier(2)
    seen = []

    def call(is_last):
        with one_blas_thread():
            both.wait()
            if is_last:
                leaving.wait()
                seen.extend(threads())
        if not is_last:
            leaving.wait()

    callers = [Thread(target=call, args=(is_last,)) for is_last in (False, True)]
    for one in callers:
        one.start()
    for one in callers:
        one.join()

    assert {1} == {*seen}
    assert {3} == {*threads()}


def test_public_calls_are_surrounded(monkeypatch):
    seen = []
    monkeypatch.setattr(module, "refuse_unknown", lambda *_: seen.extend(threads()))
    em_impute.fill(FRAME, "g", covariance="tied")

    assert {1} == {*seen}
    assert {3} == {*threads()}
