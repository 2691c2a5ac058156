"""The model file: what is saved comes back bit for bit, and nothing else is ever opened."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import signal
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st

from deltarule import Network, TableClassifier, TableRegressor, files, load, save
from deltarule.errors import InputError, ModelFileError, OptionError, OutputError
from deltarule.files import summary

TABLE = {
    "size": [1.0, 1.2, None, 5.1, 4.8, 5.0, None, 1.1],
    "colour": ["red", "red", None, "blue", "blue", "red", "blue", "red"],
    "big": [False, False, True, True, True, True, None, False],
    "day": np.array(["2024-01-01", "2024-02-03", "NaT", "2024-03-01"] * 2, "M8[D]"),
}
LABELS = {"text": ["a", "b"] * 4, "int": [3, 7] * 4, "bool": [True, False] * 4, "float": [0.5, 1.5] * 4}


ZEROS = b"0" * 64


def sealed(unsealed: bytes, *, digest: bytes | None = None) -> bytes:
    """Return a file with its digest, or another one, in the place of 64 zeros after "sha256"."""
    before, key, after = unsealed.partition(b'"sha256":"')
    assert after.startswith(ZEROS)
    true = hashlib.sha256(unsealed).hexdigest().encode()
    return before + key + (digest or true) + after[64:]


def by_hand(metadata: dict[str, str], numbers: list[float]) -> bytes:
    """Return a model file without its digest, written from the format's description alone."""
    tensor = {"dtype": "F64", "shape": [len(numbers)], "data_offsets": [0, 8 * len(numbers)]}
    header = json.dumps({"__metadata__": metadata, "theta": tensor}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + struct.pack(f"<{len(numbers)}d", *numbers)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("model") / "m.deltarule"
    save(TableClassifier(epochs=3).fit(TABLE, LABELS["text"]), path)
    return path.read_bytes()


@pytest.mark.parametrize("scale", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_comes_back_bit_for_bit(tmp_path: Path, dtype: str, scale: bool):
    net = Network([3, 4, 5, 2], ["relu", "gelu"], "sigmoid", seed=3, dtype=dtype, scale=scale)
    net.theta[-1] = 0.3
    save(net, tmp_path / "net")
    assert summary(tmp_path / "net")["format"] == (3 if scale else 1)  # the oldest that has it
    again = load(tmp_path / "net")
    assert isinstance(again, Network)
    assert repr(again) == repr(net)
    assert again.theta.tobytes() == net.theta.tobytes()


@pytest.mark.parametrize(
    "output", ["absolute_error", "quantile", "quantile(0.9)", f"quantile({1 / 3!r})", "huber(1.35)"]
)
def test_an_output_comes_back_with_its_number(tmp_path: Path, output: str):
    net = Network([3, 2], output=output)
    save(net, tmp_path / "net")
    again = load(tmp_path / "net")
    assert isinstance(again, Network)
    assert again.output == net.output
    assert summary(tmp_path / "net")["bytes"] > 0
    assert again.loss([1.0, 2.0, 3.0], [[1.0, -2.0]]) == net.loss([1.0, 2.0, 3.0], [[1.0, -2.0]])


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_a_classifier_comes_back_with_its_classes(tmp_path: Path, labels: list[Any]):
    model = TableClassifier(epochs=3).fit(TABLE, labels)
    save(model, tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.predict(TABLE).tolist() == model.predict(TABLE).tolist()
    assert again.predict(TABLE).dtype == model.predict(TABLE).dtype
    assert again.predict_proba(TABLE).tobytes() == model.predict_proba(TABLE).tobytes()
    assert json.dumps(again.model_.record()) == json.dumps(model.model_.record())


def test_a_regressor_comes_back_with_its_units(tmp_path: Path):
    model = TableRegressor(epochs=3).fit(TABLE, [1e30 * n for n in range(8)])
    save(model.model_, tmp_path / "m")
    assert load(tmp_path / "m").predict(TABLE).tobytes() == model.predict(TABLE).tobytes()


def test_it_is_a_safetensors_file_that_says_what_it_is(tmp_path: Path, content: bytes):
    assert set(safetensors.numpy.load(content)) == {"theta", "state.m", "state.v"}
    path = tmp_path / "m"
    path.write_bytes(content)
    about = summary(path)
    assert (about["format"], about["kind"], about["bytes"]) == (3, "TableClassifier", len(content))
    assert sealed(content.replace(about["sha256"].encode(), ZEROS)) == content


@given(st.data())
def test_every_altered_byte_is_found(
    content: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    at = data.draw(st.integers(0, len(content) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    path = tmp_path_factory.getbasetemp() / "altered"
    path.write_bytes(content[:at] + bytes([other]) + content[at + 1 :])
    with pytest.raises(ModelFileError):
        load(path)


@given(st.data())
def test_every_truncation_and_addition_is_found(
    content: bytes, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
):
    path = tmp_path_factory.getbasetemp() / "cut"
    length = data.draw(st.integers(0, len(content) - 1))
    path.write_bytes(content[:length] if data.draw(st.booleans()) else content + bytes(length + 1))
    with pytest.raises(ModelFileError):
        load(path)


@pytest.mark.parametrize(
    "foreign",
    [
        b"",
        b"x",
        b"species,island\nAdelie,Torgersen\n",
        pickle.dumps({"theta": [1.0]}),
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        (2**63).to_bytes(8, "little") + b"{}",
        (4).to_bytes(8, "little") + b"[[[[",
        safetensors.numpy.save({"theta": np.zeros(3)}),
        safetensors.numpy.save({"theta": np.zeros(3)}, {"deltarule": "{}"}),
        sealed(safetensors.numpy.save({"theta": np.zeros(3)}, {"sha256": ZEROS.decode()})),
        (30_000_000).to_bytes(8, "little") + b"[" * 30_000_000,
    ],
    ids=range(11),
)
def test_foreign_files_are_refused_in_one_sentence(tmp_path: Path, foreign: bytes):
    path = tmp_path / "foreign"
    path.write_bytes(foreign)
    with pytest.raises(ModelFileError, match="is not a deltarule model file") as raised:
        load(path)
    assert "\n" not in str(raised.value)


def forged(content: bytes, change: Any) -> bytes:
    """Return a model file with its JSON changed and a digest that is right again."""
    tensors = safetensors.numpy.load(content)
    length = int.from_bytes(content[:8], "little")
    head = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["deltarule"])
    result = change(head)
    changed = result if isinstance(result, list) else head
    metadata = {"deltarule": json.dumps(changed), "sha256": ZEROS.decode()}
    return sealed(safetensors.numpy.save(tensors, metadata))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda head: head.update(format=99), "has the format 99 and this version reads up to 3"),
        (lambda head: head.update(format="1"), "has the format '1'"),
        (lambda head: head.pop("network"), "does not describe a model"),
        (lambda head: head["network"].update(sizes=[2, 3, 2]), "does not describe a model"),
        (lambda head: head["network"].update(sizes=[10**5, 10**5]), "does not describe a model"),
        (lambda head: head["network"].update(activation="evil"), "does not describe a model"),
        (lambda head: head["network"].update(output="quantile(2)"), "does not describe a model"),
        (lambda head: head["network"].update(output=["quantile", 0.9]), "does not describe a model"),
        (lambda head: head["encoder"]["columns"].pop(), "does not describe a model"),
        (lambda head: head["encoder"]["columns"][0].update(encoder="os.system"), "does not describe a model"),
        (lambda head: head["encoder"]["columns"][0].update(surprise=1), "does not describe a model"),
        (lambda head: head.update(encoder=7), "does not describe a model"),
        (lambda head: head["targets"][0].pop("names"), "does not describe a model"),
        (lambda head: head["targets"].clear(), "the targets do not fit the network"),
        (lambda head: [1, 2], "does not describe a model"),
    ],
)
def test_a_forged_description_is_refused_too(tmp_path: Path, content: bytes, change: Any, message: str):
    path = tmp_path / "forged"
    path.write_bytes(forged(content, change))
    with pytest.raises(ModelFileError, match=message) as raised:
        load(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_file_written_from_the_description_is_read(tmp_path: Path, is_first: bool):
    spec = {"sizes": [1, 2], "activation": [], "output": "linear", "dtype": "float64"}
    text = json.dumps({"format": 1, "kind": "network", "network": spec})
    metadata = {"deltarule": text, "sha256": ZEROS.decode()}
    ordered = metadata if is_first else dict(reversed(metadata.items()))
    (tmp_path / "m").write_bytes(sealed(by_hand(ordered, [1.0, -2.0, 0.5, 3.0])))
    net = load(tmp_path / "m")
    assert isinstance(net, Network)
    assert net.theta.tolist() == [1.0, -2.0, 0.5, 3.0]


def test_no_header_is_parsed_before_its_digest_is_shown_to_be_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A header of 30 MB that is no JSON at all gets the sentence of a wrong digest."""

    def refuse(*arguments: object) -> None:
        raise AssertionError("the header was parsed")

    header = b'[{"sha256":"' + ZEROS + b'"' + b"[{" * 15_000_000
    (tmp_path / "large").write_bytes(struct.pack("<Q", len(header)) + header)
    monkeypatch.setattr(files.json, "loads", refuse)
    with pytest.raises(ModelFileError, match="was altered or truncated"):
        load(tmp_path / "large")


def test_a_header_longer_than_a_header_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is neither written nor read; the limit is made small here."""
    save(Network([3, 2]), tmp_path / "m")
    monkeypatch.setattr(files, "MOST_HEADER", 100)
    with pytest.raises(ModelFileError, match="is not a deltarule model file"):
        load(tmp_path / "m")
    with pytest.raises(OptionError, match="bytes to describe, more than the 100 that"):
        save(Network([3, 2]), tmp_path / "m")


@pytest.mark.parametrize("name", ["0" * 64, f'"sha256":"{"0" * 64}"', "sha256"])
def test_a_column_named_like_the_place_of_the_digest(tmp_path: Path, name: str):
    model = TableClassifier(epochs=1).fit({name: [1.0, 2.0, 3.0, 4.5]}, ["a", "b", "a", "b"])
    save(model, tmp_path / "m")
    again = load(tmp_path / "m")
    assert again.model_.encoder.columns == [name]
    assert again.predict({name: [1.0]}).tolist() == model.predict({name: [1.0]}).tolist()


def test_the_same_model_makes_the_same_file(tmp_path: Path):
    model = TableClassifier(epochs=1).fit(TABLE, [0, 1] * 4)
    for n in range(8):
        save(model, tmp_path / f"{n}")
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_the_forger_himself_forges_well(tmp_path: Path, content: bytes):
    path = tmp_path / "forged"
    path.write_bytes(forged(content, lambda head: None))
    assert load(path).predict(TABLE).shape == (8,)


def test_where_a_file_cannot_be_read_or_written(tmp_path: Path):
    net = Network([3, 2])
    with pytest.raises(InputError, match="there is no model file"):
        load(tmp_path / "none")
    with pytest.raises(InputError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(OutputError, match="there is no folder"):
        save(net, tmp_path / "none" / "m")
    with pytest.raises(OutputError, match="is a folder"):
        save(net, tmp_path)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="is not a folder"):
        save(net, tmp_path / "file" / "m")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "m"
    net = Network([3, 2])
    save(net, path)
    before = path.read_bytes()
    net.theta[0] = np.nan
    with pytest.raises(OptionError, match="not finite"):
        save(net, path)
    with pytest.raises(OptionError, match="cannot save a list"):
        save([1], path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["m"]


WRITER = """
import sys
from deltarule import Network, save
net = Network([300, 300, 2], seed=int(sys.argv[2]))
print("ready", flush=True)
while True:
    save(net, sys.argv[1])
"""


@pytest.mark.parametrize("delay", range(5))
def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path, delay: int):
    path = tmp_path / "m"
    save(Network([300, 300, 2], seed=1), path)
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path), "2"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    for _ in range(delay * 20):  # some while, in units of looking at the folder
        list(tmp_path.iterdir())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    theta = load(path).theta
    assert any((theta == Network([300, 300, 2], seed=seed).theta).all() for seed in (1, 2))
