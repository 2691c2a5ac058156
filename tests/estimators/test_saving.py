"""Estimators and pipelines in files: what was saved comes back as it was and goes on as it would have."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, SplineTransformer, StandardScaler
from tests.test_files import ZEROS, sealed

from deltarule import MLPClassifier, MLPRegressor, TableClassifier, TableRegressor, load, save, schema
from deltarule.cli import main
from deltarule.errors import ModelFileError, OptionError
from deltarule.files import head_of, pack, tensors_of
from deltarule.maths.optimisers import AdamW
from deltarule.maths.schedules import Cosine, WarmUp
from deltarule.saving.plain import CannotSaveError, Decoder, Encoder


def numbers() -> Any:
    return np.random.default_rng(0).normal(size=(80, 4))


def labels() -> Any:
    return np.where(numbers()[:, :3].sum(axis=1) > 0, "yes", "no")


def frame() -> pd.DataFrame:
    X = pd.DataFrame(numbers(), columns=list("abcd"))
    return X.assign(e=["u", "v", None, "w"] * 20, d=pd.date_range("2024-01-01", periods=80))


QUICK = {"max_iter": 4, "random_state": 0, "tol": 0.0}
MLPS = {
    "adam": MLPClassifier(**QUICK, class_weight={"no": 1.0, "yes": 2.5}, dropout=[0.2]),
    "sgd": MLPClassifier(**QUICK, solver="sgd", learning_rate="adaptive", trainable=["W[1]", "b[2]"]),
    "held": MLPClassifier(
        **QUICK, early_stopping=True, activation=["tanh", "gelu"], hidden_layer_sizes=[5, 4]
    ),
    "schedule": MLPClassifier(
        **QUICK, learning_rate=WarmUp(Cosine(), 1.0), label_smoothing=0.1, warm_start=True
    ),
    "lbfgs": MLPClassifier(**QUICK, solver="lbfgs", hidden_layer_sizes=np.array([3, 2]), warm_start=True),
    "shared": MLPClassifier(**{**QUICK, "random_state": np.random.RandomState(5)}, max_fun=7),
    "quantile": MLPRegressor(**QUICK, loss="quantile", quantile=0.9, clip_norm=1.0),
    "huber": MLPRegressor(**QUICK, loss="huber", huber_delta=0.3, early_stopping=True),
}


def same(one: Any, other: Any) -> bool:
    """Whether two values are of one type and equal, down to the bits of their arrays."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        return (
            all(map(same, one.flat, other.flat)) if one.dtype == object else one.tobytes() == other.tobytes()
        )
    if isinstance(one, np.generic):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(other)) or (one, math.copysign(1, one)) == (
            other,
            math.copysign(1, other),
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return same(list(one), list(other)) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (np.random.RandomState, np.random.Generator)):
        return same(one.__getstate__(), other.__getstate__())
    return (
        same(vars(one), vars(other))
        if type(one).__module__.startswith(("sklearn", "deltarule"))
        else one == other
    )


def back(value: Any) -> Any:
    """Return a value after it was text and arrays."""
    encoder = Encoder()
    text = json.dumps(encoder.encode(value, "x"), allow_nan=False)
    tensors = safetensors.numpy.load(safetensors.numpy.save(encoder.tensors))
    return Decoder(tensors).decode(json.loads(text))


def objects(entries: list[Any]) -> Any:
    made = np.empty(len(entries), object)
    for n, each in enumerate(entries):
        made[n] = each
    return made


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    arrays.from_dtype(np.dtype("f4")),
    arrays.from_dtype(np.dtype("u1")),
    arrays.from_dtype(np.dtype("M8[ms]")),
    arrays.from_dtype(np.dtype("U3")),
)
kinds = st.one_of(
    arrays.scalar_dtypes(), arrays.unicode_string_dtypes(max_len=4), arrays.byte_string_dtypes(max_len=4)
)
tables = arrays.arrays(kinds, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
keys = st.one_of(
    st.text(max_size=3), st.integers(), st.booleans(), st.tuples(st.integers(), st.text(max_size=2))
)
values = st.recursive(
    scalars | tables | st.sampled_from([np.dtype("f4"), AdamW(lr=0.25), Cosine(), WarmUp(Cosine(), 2.0)]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(keys, inner, max_size=3),
        st.lists(inner, max_size=4).map(objects),
    ),
    max_leaves=12,
)


@given(values)
def test_every_plain_value_comes_back(value: Any):
    assert same(back(value), value)


@pytest.mark.parametrize("name", ["MT19937", "PCG64", "Philox", "SFC64"])
def test_random_numbers_go_on(name: str):
    generator = np.random.Generator(getattr(np.random, name)(3))
    old = np.random.RandomState(getattr(np.random, name)(3))
    generator.normal(size=3), old.normal(size=3)
    again, old_again = back(generator), back(old)
    assert again.normal(size=5).tobytes() == generator.normal(size=5).tobytes()
    assert old_again.normal(size=5).tobytes() == old.normal(size=5).tobytes()


def test_two_names_of_one_list_stay_two_names_of_one():
    one: list[Any] = [1.0, np.arange(3)]
    one.append(one)
    first, second, (turned, array) = back((one, one, (np.asfortranarray(np.ones((2, 3))), one[1])))
    assert first is second is first[2]
    assert array is first[1]
    assert turned.flags.f_contiguous


@pytest.mark.parametrize(
    "value",
    [print, object(), {1, 2}, Path(), np.zeros(2, "i4,f8"), type, 1j, StandardScaler(), b"x"],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_plain_is_refused(value: Any):
    with pytest.raises(CannotSaveError):
        Encoder().encode([value], "x")


def quietly(model: Any, X: Any, y: Any) -> None:
    """Fit for so few epochs that scikit-learn warns of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(X, y)


@pytest.mark.parametrize("name", MLPS)
def test_an_mlp_comes_back_and_goes_on(tmp_path: Path, name: str):
    X, is_class = pd.DataFrame(numbers(), columns=list("abcd")), isinstance(MLPS[name], MLPClassifier)
    y = labels() if is_class else numbers()[:, 1]
    model = clone(MLPS[name])
    if name == "shared":
        model.set_params(random_state=np.random.RandomState(5))
    quietly(model, X, y)
    save(model, tmp_path / "m")
    again = load(tmp_path / "m")
    assert type(again) is type(model)
    assert set(vars(again)) == set(vars(model))
    for attribute, value in vars(model).items():
        assert same(getattr(again, attribute), value), attribute
    assert again.predict(X).tobytes() == model.predict(X).tobytes()
    assert again.score(X, y) == model.score(X, y)
    assert (again.coefs_ is getattr(again, "_best_coefs", None)) == (
        model.coefs_ is getattr(model, "_best_coefs", None)
    )
    assert same(clone(again).get_params(), clone(model).get_params())
    for each in (model, again):
        if each.early_stopping or each.solver == "lbfgs" or each.warm_start:
            quietly(each.set_params(warm_start=True), X, y)
        else:
            each.partial_fit(X, y).partial_fit(X, y)
    assert all(map(same, again.coefs_, model.coefs_))
    assert same(again.loss_curve_, model.loss_curve_)


@pytest.mark.parametrize(
    "y",
    [
        [3, 7] * 40,
        [True, False] * 40,
        [1.0, 2.0] * 40,
        ["a", "b"] * 40,
        np.eye(3, dtype=int)[np.arange(80) % 3] | 1,
    ],
    ids=["int", "bool", "float", "text", "labels"],
)
def test_classes_keep_type_and_value(tmp_path: Path, y: Any):
    X = numbers()
    model = MLPClassifier(max_iter=500, tol=0.01, random_state=0).fit(X, y)
    save(model, tmp_path / "m")
    again = load(tmp_path / "m")
    assert same(again.classes_, model.classes_)
    assert same(again.predict(X), model.predict(X))
    assert again.score(X, y) == model.score(X, y)


@pytest.mark.parametrize("is_class", [True, False])
def test_a_table_estimator_comes_back(tmp_path: Path, is_class: bool):
    X = frame()
    y = labels() if is_class else numbers().sum(axis=1)
    table = X.assign(y=y)
    found = schema(X) if is_class else None
    kind = TableClassifier if is_class else TableRegressor
    model = kind(epochs=3, hidden=[5], optimiser=AdamW(lr=0.01), schema=found, validation=0.2).fit(table, "y")
    save(model, tmp_path / "m")
    again = load(tmp_path / "m")
    assert type(again) is kind
    assert set(vars(again)) == set(vars(model))
    for attribute in ("notices_", "run_", "n_features_in_", "feature_names_in_"):
        assert same(getattr(again, attribute), getattr(model, attribute)), attribute
    assert again.predict(X).tobytes() == model.predict(X).tobytes()
    assert again.score(X, y) == model.score(X, y)
    assert again.run_.net is again.model_.network
    assert again.run_.state is again.model_.state
    assert again.model_.record() == model.model_.record()
    assert repr(again.get_params()) == repr(model.get_params())
    refitted = [clone(each).fit(table, "y").predict(X).tobytes() for each in (again, model)]
    assert refitted[0] == refitted[1]
    save(again, tmp_path / "twice")
    assert (tmp_path / "twice").read_bytes() == (tmp_path / "m").read_bytes()


def by_kind() -> ColumnTransformer:
    numbers_of = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    levels = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return ColumnTransformer([("n", numbers_of, ["a", "b"]), ("l", levels, ["e"])], remainder="drop")


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize(
    "steps",
    [
        [StandardScaler()],
        [by_kind()],
        [by_kind(), SelectKBest(k=2)],
        ["passthrough", SplineTransformer(n_knots=3)],
        [FunctionTransformer(np.arctan), make_pipeline(StandardScaler())],
    ],
    ids=["scaler", "columns", "chosen", "splines", "nested"],
)
def test_a_pipeline_comes_back(tmp_path: Path, steps: list[Any], dtype: str):
    X = frame() if isinstance(steps[0], ColumnTransformer) else numbers().astype(dtype)
    last = make_pipeline(
        StandardScaler(), MLPClassifier(hidden_layer_sizes=5, max_iter=500, tol=0.01, random_state=0)
    )
    model = make_pipeline(*map(clone_of, steps), last).fit(X, labels())
    save(model, tmp_path / "m")
    again = load(tmp_path / "m")
    assert type(again) is Pipeline
    assert [name for name, _ in again.steps] == [name for name, _ in model.steps]
    assert again.predict_proba(X).tobytes() == model.predict_proba(X).tobytes()
    assert again.score(X, labels()) == model.score(X, labels())
    assert repr(clone(again)) == repr(clone(model))


def clone_of(step: Any) -> Any:
    return step if isinstance(step, str) else clone(step)


def half(X: Any) -> Any:
    return X / 2


def test_what_cannot_be_saved_is_named(tmp_path: Path):
    X, y, path = numbers(), labels(), tmp_path / "m"
    fitted = MLPClassifier(hidden_layer_sizes=5, max_iter=500, tol=0.01, random_state=0).fit(X, y)

    def message(model: Any) -> str:
        with pytest.raises(OptionError) as raised:
            save(model, path)
        assert "\n" not in str(raised.value)
        assert not path.exists()
        return str(raised.value)

    assert message(MLPClassifier()).startswith(
        "this MLPClassifier is not fitted and cannot be saved; call fit"
    )
    assert message(Lasso()).startswith(
        "cannot save a Lasso; give a Network, a TableModel, a fitted TableClassifier"
    )
    assert "ends in a Lasso" in message(make_pipeline(StandardScaler(), Lasso()))
    for function, name in ((half, "half"), (lambda X: X, "<lambda>")):
        pipeline = make_pipeline(FunctionTransformer(function), fitted).fit(X, y)
        assert message(pipeline).startswith(
            "cannot save the step 'functiontransformer' of the Pipeline: it holds "
        )
        assert name in message(pipeline)
    fitted.set_params(learning_rate=half)
    assert message(fitted).startswith(
        "cannot save this MLPClassifier: its learning_rate holds a function, and"
    )


def test_listeners_are_left_out_and_told(tmp_path: Path):
    heard: list[Any] = []
    model = TableClassifier(epochs=2, listeners=[heard.append]).fit(frame(), labels())
    with pytest.warns(
        UserWarning, match=r"the listeners of this TableClassifier .* set_params\(listeners=\.\.\.\)"
    ):
        save(model, tmp_path / "m")
    assert load(tmp_path / "m").listeners == ()
    assert model.listeners == [heard.append]


@pytest.fixture(scope="module")
def contents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("saved")
    mlp = MLPClassifier(hidden_layer_sizes=5, max_iter=500, tol=0.01, random_state=0)
    models = {
        "mlp": mlp.fit(numbers(), labels()),
        "table": TableClassifier(epochs=2, hidden=3, members=1).fit(frame(), labels()),
        "pipeline": make_pipeline(StandardScaler(), clone(mlp)).fit(numbers(), labels()),
    }
    for name, model in models.items():
        save(model, folder / name)
    return {name: (folder / name).read_bytes() for name in models}


def tag(name: str, content: Any) -> Any:
    return lambda head, tensors: head["attributes"].update(loss_={name: content})


FORGED = {
    "class": tag("object", {"class": "Popen", "attributes": {}}),
    "class of a module": tag("object", {"class": "os.system", "attributes": {}}),
    "record": tag("record", {"class": "Path", "fields": {}}),
    "tag": tag("eval", "1 + 1"),
    "two tags": lambda head, tensors: head["attributes"].update(loss_={"int": "0x1", "float": "nan"}),
    "dtype": tag("dtype", "O,O"),
    "addresses": lambda head, tensors: (
        tensors.update(addresses=np.full(8, 0x41, np.uint8)),
        head["attributes"].update(loss_={"array": {"dtype": "|O", "shape": [1], "tensor": "addresses"}}),
    ),
    "an address": tag("scalar", {"dtype": "|O", "bytes": "41" * 8}),
    "generator": tag("RandomState", {"bit_generator": "seed"}),
    "number": tag("same", 10_000),
    "negative number": tag("same", -1),
    "shape": tag("objects", {"dtype": "|O", "shape": [10**9], "values": []}),
    "attribute": lambda head, tensors: head["attributes"].update(__class__=1),
    "own attribute": lambda head, tensors: head["attributes"]["_label_binarizer"]["object"][
        "attributes"
    ].update({"a b": 1}),
    "parameter": lambda head, tensors: head["parameters"].update(surprise=1),
    "kind": lambda head, tensors: head.update(kind="Lasso"),
    "no kind": lambda head, tensors: head.pop("kind"),
    "kind of another": lambda head, tensors: head.update(kind="TableClassifier"),
    "lost tensor": lambda head, tensors: tensors.pop("coefs_.0"),
    "shape of a tensor": lambda head, tensors: tensors.update({"coefs_.0": np.zeros((4, 6))}),
    "dtype of a tensor": lambda head, tensors: tensors.update({"coefs_.0": np.zeros((4, 5), "f4")}),
    "activation": lambda head, tensors: head["parameters"].update(activation="evil"),
    "weights": lambda head, tensors: head["attributes"]["coefs_"].pop(),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_estimator_is_refused(tmp_path: Path, contents: dict[str, bytes], forgery: str):
    assert_refused(tmp_path / "m", contents["mlp"], FORGED[forgery])


FORGED_TABLES = {
    "state": lambda head, tensors: tensors.pop("state.m"),
    "shape of the state": lambda head, tensors: (
        tensors.update({"state.m": np.zeros(2, "f4")}),
        head["state"]["dict"]["m"]["array"].update(shape=[2]),
    ),
    "training": lambda head, tensors: head["training"]["dict"].pop("scores"),
    "theta": lambda head, tensors: tensors.pop("theta"),
}


@pytest.mark.parametrize("forgery", FORGED_TABLES)
def test_a_forged_table_estimator_is_refused(tmp_path: Path, contents: dict[str, bytes], forgery: str):
    assert_refused(tmp_path / "m", contents["table"], FORGED_TABLES[forgery])


FORGED_PIPELINES = {
    "bytes": lambda head, tensors: tensors.update(steps=np.zeros(100, np.uint8)),
    "no steps": lambda head, tensors: tensors.pop("steps"),
    "last step": lambda head, tensors: head["last"].update(kind="Pipeline"),
    "tensor of the last": lambda head, tensors: tensors.pop("last/coefs_.0"),
}


@pytest.mark.parametrize("forgery", FORGED_PIPELINES)
def test_a_forged_pipeline_is_refused(tmp_path: Path, contents: dict[str, bytes], forgery: str):
    assert_refused(tmp_path / "m", contents["pipeline"], FORGED_PIPELINES[forgery])


def test_steps_with_a_function_of_someone_s_own_are_refused(tmp_path: Path, contents: dict[str, bytes]):
    from skops.io import dumps

    steps = dumps(make_pipeline(FunctionTransformer(half), "passthrough"))

    def forge(head: Any, tensors: Any) -> None:
        tensors["steps"] = np.frombuffer(steps, np.uint8)

    assert "test_saving.half" in assert_refused(tmp_path / "m", contents["pipeline"], forge)


@pytest.mark.parametrize("node", ["[", '{"tuple":[', '{"dict":{"x":', '{"items":[[1,'])
def test_a_text_that_is_nested_deeply_is_refused(tmp_path: Path, contents: dict[str, bytes], node: str):
    head = head_of(contents["mlp"], tmp_path)
    end = "".join({"[": "]", "{": "}"}[each] for each in reversed(node) if each in "[{")
    head["attributes"]["loss_"] = "HERE"
    for depth in (5_000, 200_000):
        text = json.dumps(head).replace('"HERE"', node * depth + "1" + end * depth)
        metadata = {"deltarule": text, "sha256": ZEROS.decode()}
        content = sealed(safetensors.numpy.save(tensors_of(contents["mlp"]), metadata))
        (tmp_path / "m").write_bytes(content)
        with pytest.raises(ModelFileError, match="does not describe a model"):
            load(tmp_path / "m")


def assert_refused(path: Path, content: bytes, forge: Any) -> str:
    """A file that was changed and has a digest that is right again gets one sentence."""
    head, tensors = head_of(content, path), tensors_of(content)
    forge(head, tensors)
    path.write_bytes(pack(head.pop("format"), head.pop("kind", None), head, tensors))
    with pytest.raises(ModelFileError, match=r"does not describe a model: .*\.$") as raised:
        load(path)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@given(st.data())
def test_every_altered_byte_is_found(contents: dict[str, bytes], tmp_path_factory: Any, data: st.DataObject):
    content = contents[data.draw(st.sampled_from(sorted(contents)))]
    at = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    path = tmp_path_factory.getbasetemp() / "altered"
    path.write_bytes(content[:at] + bytes([other]) + content[at + 1 :])
    with pytest.raises(ModelFileError):
        load(path)


def test_inspect_shows_what_they_hold(
    tmp_path: Path, contents: dict[str, bytes], capsys: pytest.CaptureFixture[str]
):
    shown = {}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert main(["inspect", str(tmp_path / name)]) == 0
        shown[name] = capsys.readouterr().out
        assert main(["inspect", str(tmp_path / name), "--json"]) == 0
        record = json.loads(capsys.readouterr().out)
        assert record["format"] == (3 if name == "table" else 2)
        assert record["parameters"] > 0
    assert "\nMLPClassifier\n  hidden_layer_sizes  5\n  max_iter            500\n" in shown["mlp"]
    assert (
        "\nPipeline\n  standardscaler  StandardScaler()\n  mlpclassifier   MLPClassifier("
        in shown["pipeline"]
    )
    assert "\nTableClassifier\n  epochs   2\n  hidden   3\n  members  1\n\nNetwork\n" in shown["table"]
    for name, held in (("mlp", "kind MLPClassifier"), ("pipeline", "kind Pipeline")):
        for verb in (["predict"], ["evaluate"], ["check"], ["suspects"], ["explain"]):
            assert main([*verb, str(tmp_path / name), "data.csv"]) == 76
            said = capsys.readouterr().err
            assert f"holds a model of the {held}, which reads no tables" in said
            assert said.count("\n") == 1
