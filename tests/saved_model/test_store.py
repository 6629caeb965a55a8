"""Models as files: they come back as they were, old ones for ever, and what is broken is refused in words."""

import copy
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from builders import silent
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from em_impute.errors import EmImputeError, ModelError
from em_impute.options import Request
from em_impute.pipeline.apply import apply_all, opened_for
from em_impute.saved_model.store import MODEL_VERSION, dump, load, model_schema
from em_impute.serialize.json_text import render

KEPT = Path(__file__).parent / "models"
SAMPLES = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(params=["of_penguins", "of_categories", "of_groups"])
def model(request):
    return request.getfixturevalue(request.param)


def test_a_model_comes_back_to_the_bit(model):
    text = dump(model)

    assert text == dump(load(text, "a model"))


def test_a_model_fits_its_schema(model):
    Draft202012Validator.check_schema(model_schema())
    Draft202012Validator(model_schema()).validate(json.loads(dump(model)))


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.json")), ids=lambda path: path.stem)
def test_a_model_that_was_once_released_fills_as_it_did(path, call, tmp_path):
    name = path.stem.partition(".")[0]
    shutil.copy(path, tmp_path / "model.json")
    shutil.copy(KEPT / f"{name}.csv", tmp_path / "new.csv")

    assert (0, "", "") == call(
        "fill", "new.csv", "--model", "model.json", "--probability", "-qq", "--no-report", "-o", "out.csv"
    )
    assert (KEPT / f"{name}.filled.csv").read_bytes() == (tmp_path / "out.csv").read_bytes()


def test_there_is_a_model_kept_of_every_version_and_kind():
    versions = {json.loads(path.read_text())["model_version"] for path in KEPT.glob("*.json")}

    assert {MODEL_VERSION} == versions
    assert max(versions) == MODEL_VERSION


def at(document, path):
    for key in path:
        document = document[key]
    return document


EXPERT = ("columns", 0, "model", "everyone")
BROKEN = {
    "shares that do not add up": ((*EXPERT, "speaker", "mixture", "parameters", "weight"), [0.5, 0.2, 0.2], "add up"),
    "a covariance of no Gaussian": (
        (*EXPERT, "speaker", "mixture", "parameters", "covariance", 0), [[1.0], [2.0, 1.0], [0.0, 0.0, 1.0]], "no Gaussian"
    ),
    "a label without a component": ((*EXPERT, "speaker", "mixture", "component_label"), [0, 1, 1], "every label"),
    "a scale of 0": ((*EXPERT, "coding", "features", 0, "scale"), 0.0, "not above 0"),
    "other predictors in the training": (("columns", 0, "training", "summary", "numbers"), {}, "not describe the predictors"),
}  # fmt: skip


@pytest.mark.parametrize(("path", "value", "said"), BROKEN.values(), ids=BROKEN)
def test_what_contradicts_itself_is_refused(of_penguins, path, value, said):
    document = json.loads(dump(of_penguins))
    at(document, path[:-1])[path[-1]] = value

    with pytest.raises(ModelError, match=rf"^m\.json is not a model of em-impute: columns\[0\]\..*{said}"):
        load(render(document), "m.json")


def leaves(value, path=()):
    """Yield the path of every value in a document."""
    yield path
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(one, (*path, key))


SPOILT = st.sampled_from(
    [None, True, "", "x", -1, 0, 1, 2**70, 1e300, -1e-300, 0.5, [], {}, [[]], [1.0], [[1.0]], {"a": 1}, "drop", "twice"]
)


@settings(max_examples=2 * settings.default.max_examples)
@given(data=st.data())
def test_whatever_is_changed_in_a_model_it_is_refused_or_fills_with_probabilities(of_penguins, of_categories, data):
    whole = data.draw(st.sampled_from([of_penguins, of_categories]))
    document = copy.deepcopy(json.loads(dump(whole)))
    places = [path for path in leaves(document) if path]
    for path in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=2)):
        try:
            inside = at(document, path[:-1])
            value = data.draw(SPOILT)
            if value == "drop":
                inside.pop(path[-1])
            elif value == "twice" and isinstance(inside, list):
                inside.append(inside[path[-1]])
            else:
                inside[path[-1]] = value
        except (AttributeError, KeyError, IndexError, TypeError):  # what stood there has been changed already
            continue
    try:
        model = load(render(document), "m.json")
        with opened_for(model, Request(SAMPLES / "penguins.csv", ()), silent) as (opened, placed, asked):
            applied = apply_all(opened, placed, asked, "m.json", silent)
    except EmImputeError:
        return
    for one in applied:
        probability = one.completion.fills.probability
        assert np.isfinite(probability).all()
        assert math.isfinite(one.completion.fills.entropy)
