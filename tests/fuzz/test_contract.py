"""Every run, whatever the file and the options, keeps the contract."""

import pytest
from fuzz import tally
from fuzz.contract import check
from fuzz.options import fills, others
from fuzz.saved import saved_reports
from fuzz.settings import N_EXAMPLES, SETTINGS
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.fuzz


@settings(max_examples=max(1, N_EXAMPLES * 2 // 3), **SETTINGS)
@given(example=fills())
def test_a_run_of_fill_keeps_the_contract(example, world):
    _check(world.run(*example))


@settings(max_examples=max(1, N_EXAMPLES // 6), **SETTINGS)
@given(example=others())
def test_a_run_of_another_command_keeps_the_contract(example, world):
    _check(world.run(*example))


@settings(max_examples=max(1, N_EXAMPLES // 8), **SETTINGS)
@given(data=st.data())
def test_a_saved_report_is_rendered_or_refused_whatever_is_in_it(data, world):
    _check(world.render(*data.draw(saved_reports(world.saved))))


def _check(run):
    try:
        check(run)
    except Exception:
        tally.count_failure(run.asked.command)
        raise
