"""Items worked on by processes: results in order, and a failure of one is that of one."""

import os
import time

import pytest

from em_impute.errors import FitError
from em_impute.pipeline.backends import attempts


def work(item):
    time.sleep(0.2 * (item == 0))  # so that the others are done before
    if item == 1:
        raise FitError("no", "why not")
    if item == 2:
        os._exit(9)
    return item, os.getpid()


def test_a_process_that_dies_and_an_error_are_results_in_the_order_of_the_items():
    first, second, third, *others = attempts(work, range(6), 2)

    assert first[0] == 0
    assert [type(one) for one in (second, third)] == [FitError, FitError]
    assert (second.message, second.hint) == ("no", "why not")
    assert third.message == "the process that worked on it has died"
    assert [item for item, _ in others] == [3, 4, 5]
    assert os.getpid() not in {process for _, process in others}


def test_alone_the_work_is_done_here():
    done, failed = attempts(work, [4, 1])

    assert done == (4, os.getpid())
    assert isinstance(failed, FitError)
    assert failed.__traceback__ is None


def leave(_item):
    raise BrokenPipeError


def test_a_reader_who_has_left_ends_all():
    with pytest.raises(BrokenPipeError):
        list(attempts(leave, [0, 1]))
