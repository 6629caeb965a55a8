"""Models as files: they come back as they were, old ones for ever, and what is broken is refused in words."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from em_impute.errors import ModelError
from em_impute.saved_model.store import MODEL_VERSION, dump, load, model_schema
from em_impute.serialize.json_text import render

KEPT = Path(__file__).parent / "models"


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


def leaves(value, path=()):
    """Yield the path of every value in a document."""
    yield path
    if isinstance(value, dict | list):
        for key, one in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(one, (*path, key))


SPOILT = st.sampled_from(
    [None, True, "", "x", -1, 0, 1, 2**70, 1e300, -1e-300, 0.5, [], {}, [[]], [1.0], [[1.0]], {"a": 1}, "drop", "twice"]
)


@given(data=st.data())
def test_whatever_is_changed_in_a_model_it_is_refused(of_penguins, of_categories, data):
    text = dump(data.draw(st.sampled_from([of_penguins, of_categories])))
    document = json.loads(text)
    path = data.draw(st.sampled_from([path for path in leaves(document) if path and path != ("seal",)]))
    inside, value = at(document, path[:-1]), data.draw(SPOILT)
    if value == "drop":
        inside.pop(path[-1])
    elif value == "twice" and isinstance(inside, list):
        inside.append(inside[path[-1]])
    else:
        inside[path[-1]] = value
    changed = render(document)
    assume(changed != text)

    with pytest.raises(ModelError, match=r"^m\.json is not a model of em-impute: it"):
        load(changed, "m.json")


def test_a_seal_is_no_secret_but_no_other_will_do(of_penguins):
    text = dump(of_penguins)
    seal = json.loads(text)["seal"]

    assert sha256(text.replace(seal, 64 * "0").encode()).hexdigest() == seal
    for other in ("", "x", seal[:-1], 64 * "1"):
        with pytest.raises(ModelError, match="it has been changed since it was saved"):
            load(text.replace(seal, other), "m.json")
