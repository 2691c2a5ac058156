"""Parameters and attributes of estimators as JSON with tagged types and arrays by name, and back; no code is run.

None, True, False, whole numbers, finite numbers, texts and lists stand as they are. Everything else is an object with
one key, the tag, such as {"tuple": [1, 2]} or {"array": {"tensor": "coefs_.0", ...}}. What is mutable is numbered as it
is met, and met again it is {"same": number}, so that two names of one list are two names of one list after loading.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from importlib import import_module
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from deltarule.maths.optimisers import OPTIMISERS
from deltarule.maths.schedules import SCHEDULES, Part, WarmUp
from deltarule.network import Network
from deltarule.options import NETWORK
from deltarule.parameters import Layout
from deltarule.tables import Overview, Schema
from deltarule.tables.overview import Seen
from deltarule.tables.schema import ColumnSchema
from deltarule.training.loop import Run

Tensors = dict[str, NDArray[Any]]

FROZEN: dict[str, type[Any]] = {
    each.__name__: each
    for each in (*OPTIMISERS.values(), *SCHEDULES.values(), WarmUp, Part, Run, Schema, Overview, Seen)
}
"""Dataclasses made anew from their fields, which they check."""
OBJECTS = {
    "History": "deltarule.training.history",
    "LabelBinarizer": "sklearn.preprocessing",
    "AdamOptimizer": "sklearn.neural_network._stochastic_optimizers",
    "SGDOptimizer": "sklearn.neural_network._stochastic_optimizers",
}
"""Classes whose attributes are set, and the modules that they are in; there are no others."""
BIT_GENERATORS = ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64")
DTYPE = re.compile(r"[<>|=]?[biufcmMSUO]\d*(\[\d*[a-zA-Z]+\])?")
EXACT = 2**63
"""From here on whole numbers are written in hexadecimal: of longer ones JSON's readers make floats."""


class CannotSaveError(TypeError):
    """A value is of a type that a file cannot hold; the message is the type's name."""


class Encoder:
    """Turns values into JSON; arrays are gathered in `tensors`."""

    def __init__(self) -> None:
        self.tensors: Tensors = {}
        self._number: dict[int, int] = {}
        self._kept: list[object] = []  # an id is another's once its object is gone

    def keep(self, value: object) -> None:
        """Number a value that the reader has by other means, and keeps at the same time."""
        self._number[id(value)] = len(self._kept)
        self._kept.append(value)

    def encode(self, value: Any, place: str) -> Any:
        """Return a value as JSON; place names its arrays.

        Raises
        ------
        CannotSaveError
            It holds something that a file cannot.
        """
        kind = cast("type[Any]", type(value))
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            return value if abs(value) < EXACT else {"int": hex(value)}
        if kind is float:
            return value if math.isfinite(value) else {"float": repr(value)}
        if issubclass(kind, np.generic):
            return {"scalar": self._scalar(value)}
        if issubclass(kind, np.dtype):
            return {"dtype": _plain_dtype(value).str}
        if kind is tuple:
            return {"tuple": self._each(value, place)}
        if FROZEN.get(kind.__name__) is kind:
            parts = {field.name: getattr(value, field.name) for field in fields(value)}
            return {"record": {"class": kind.__name__, "fields": self._by_name(parts, place)}}
        if kind is ColumnSchema:
            return {"column": value.record()}
        if id(value) in self._number:
            return {"same": self._number[id(value)]}
        self.keep(value)
        return self._mutable(value, kind, place)

    def _mutable(self, value: Any, kind: type[Any], place: str) -> Any:
        if kind is list:
            return self._each(value, place)
        if kind is dict:
            if all(type(key) is str for key in value):
                return {"dict": self._by_name(value, place)}
            return {"items": [self._each(pair, f"{place}.{n}") for n, pair in enumerate(value.items())]}
        if kind is np.ndarray:
            return self._array(value, place)
        if kind is np.random.RandomState:
            return {"RandomState": self._by_name(value.get_state(legacy=False), place)}
        if kind is np.random.Generator:
            return {"Generator": self._by_name(value.bit_generator.state, place)}
        if kind is Network:
            self.tensors[place] = value.theta
            return {"network": {"spec": value.spec(), "tensor": place}}
        if kind.__name__ in OBJECTS and _class(kind.__name__) is kind:
            attributes = cast("dict[str, Any]", vars(value))
            return {"object": {"class": kind.__name__, "attributes": self._by_name(attributes, place)}}
        raise CannotSaveError(kind.__qualname__)

    def _each(self, values: Sequence[Any], place: str) -> list[Any]:
        return [self.encode(each, f"{place}.{n}") for n, each in enumerate(values)]

    def _by_name(self, values: dict[str, Any], place: str) -> dict[str, Any]:
        return {name: self.encode(each, f"{place}.{name}") for name, each in values.items()}

    def _scalar(self, value: np.generic) -> dict[str, str]:
        array = np.asarray(value)  # of an empty text it has one place
        return {"dtype": _plain_dtype(array.dtype).str, "bytes": array.tobytes().hex()}

    def _array(self, values: NDArray[Any], place: str) -> dict[str, Any]:
        """Return an array: of numbers as a tensor, of other fixed sizes as one of bytes, of objects as a list."""
        dtype = _plain_dtype(values.dtype)
        about: dict[str, Any] = {"dtype": dtype.str, "shape": list(values.shape)}
        if dtype.kind == "O":
            return {"objects": {**about, "values": self._each(values.ravel().tolist(), place)}}
        is_turned = values.flags.f_contiguous and not values.flags.c_contiguous
        flat = np.ascontiguousarray(values.T if is_turned else values)
        if not _is_tensor(dtype):
            flat = np.frombuffer(flat.tobytes(), np.uint8)
        self.tensors[place] = flat
        return {"array": {**about, "tensor": place, **({"is_turned": True} if is_turned else {})}}


class Decoder:
    """Turns the JSON that an `Encoder` made into values.

    Every error that a forged text can bring about is one that `deltarule.files.valid` makes a sentence of.
    """

    def __init__(self, tensors: Tensors) -> None:
        self.tensors = tensors
        self._met: list[Any] = []

    def decode(self, node: Any) -> Any:
        """Return the value of a node."""
        if isinstance(node, list):
            made: list[Any] = self.keep([])
            made += map(self.decode, cast("list[Any]", node))
            return made
        if not isinstance(node, dict):
            return node
        [(tag, content)] = cast("dict[str, Any]", node).items()
        read = READERS.get(tag)
        if read is None:
            raise ValueError(f"there is no type {tag!r}")
        return read(self, content)

    def by_name(self, nodes: dict[str, Any]) -> dict[str, Any]:
        """Return the values of nodes by name."""
        return {name: self.decode(node) for name, node in nodes.items()}

    def tensor(self, name: str) -> NDArray[Any]:
        """Return an array of the file."""
        if name not in self.tensors:
            raise ValueError(f"there is no tensor {name!r}")
        return self.tensors[name]

    def keep(self, value: Any) -> Any:
        """Number a value as its `Encoder` did, and return it."""
        self._met.append(value)
        return value

    def _same(self, number: int) -> Any:
        if not 0 <= number < len(self._met):
            raise ValueError(f"there is no value {number}")
        return self._met[number]

    def _dict(self, nodes: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = self.keep({})
        made.update(self.by_name(nodes))
        return made

    def _items(self, pairs: list[list[Any]]) -> dict[Any, Any]:
        made: dict[Any, Any] = self.keep({})
        for key, value in pairs:
            name = self.decode(key)
            made[name] = self.decode(value)
        return made

    def _scalar(self, about: dict[str, str]) -> np.generic:
        [value] = np.frombuffer(bytes.fromhex(about["bytes"]), _dtype(about["dtype"]))
        return value

    def _array(self, about: dict[str, Any]) -> NDArray[Any]:
        dtype, shape = _dtype(about["dtype"]), tuple(about["shape"])
        if dtype.hasobject:  # whose bytes would be taken for addresses
            raise ValueError("an array of objects is no bytes")
        flat, is_turned = self.tensor(about["tensor"]), bool(about.get("is_turned"))
        stored = shape[::-1] if is_turned else shape
        if not _is_tensor(dtype):
            if flat.dtype != np.uint8:
                raise ValueError(f"the tensor {about['tensor']!r} has another dtype")
            flat = np.ndarray(stored, dtype, flat.tobytes()).copy()
        if flat.dtype != dtype or flat.shape != stored:
            raise ValueError(f"the tensor {about['tensor']!r} has another dtype or shape")
        return self.keep(flat.T if is_turned else flat)

    def _objects(self, about: dict[str, Any]) -> NDArray[Any]:
        nodes, shape = about["values"], tuple(about["shape"])
        if math.prod(shape) != len(nodes):
            raise ValueError("an array has another shape")
        made = self.keep(np.empty(shape, object))
        for n, node in enumerate(nodes):
            made.flat[n] = self.decode(node)
        return made

    def _random_state(self, nodes: dict[str, Any]) -> np.random.RandomState:
        made = self.keep(np.random.RandomState(_bit_generator(nodes["bit_generator"])))
        made.set_state(self.by_name(nodes))
        return made

    def _generator(self, nodes: dict[str, Any]) -> np.random.Generator:
        made = self.keep(np.random.Generator(_bit_generator(nodes["bit_generator"])))
        made.bit_generator.state = self.by_name(nodes)
        return made

    def _record(self, about: dict[str, Any]) -> Any:
        name = about["class"]
        if name not in FROZEN:
            raise ValueError(f"there is no class {name!r}")
        return FROZEN[name](**self.by_name(about["fields"]))

    def _object(self, about: dict[str, Any]) -> Any:
        made = self.keep(object.__new__(_class(about["class"])))
        set_attributes(made, self.by_name(about["attributes"]))
        return made

    def _network(self, about: dict[str, Any]) -> Network:
        return self.keep(network_of(about["spec"], self.tensor(about["tensor"])))


READERS: dict[str, Callable[[Decoder, Any], Any]] = {
    "int": lambda _, text: int(text, 16),
    "float": lambda _, text: float(text),
    "tuple": lambda self, nodes: tuple(map(self.decode, nodes)),
    "dict": Decoder._dict,  # pyright: ignore[reportPrivateUsage]
    "items": Decoder._items,  # pyright: ignore[reportPrivateUsage]
    "same": Decoder._same,  # pyright: ignore[reportPrivateUsage]
    "scalar": Decoder._scalar,  # pyright: ignore[reportPrivateUsage]
    "dtype": lambda _, text: _dtype(text),
    "array": Decoder._array,  # pyright: ignore[reportPrivateUsage]
    "objects": Decoder._objects,  # pyright: ignore[reportPrivateUsage]
    "RandomState": Decoder._random_state,  # pyright: ignore[reportPrivateUsage]
    "Generator": Decoder._generator,  # pyright: ignore[reportPrivateUsage]
    "record": Decoder._record,  # pyright: ignore[reportPrivateUsage]
    "object": Decoder._object,  # pyright: ignore[reportPrivateUsage]
    "column": lambda _, record: ColumnSchema.from_record(record),
    "network": Decoder._network,  # pyright: ignore[reportPrivateUsage]
}
"""What is done with each tag; there are no others."""


def network_of(spec: dict[str, Any], theta: NDArray[Any]) -> Network:
    """Return the network that a specification and its parameters make, or raise a ValueError where they do not fit."""
    has_scale = NETWORK["scale"].check(spec.get("scale", False))
    if Layout(spec["sizes"], has_scale=has_scale).size != theta.size:  # before a network of any size is made
        raise ValueError("theta does not fit the sizes")
    network = Network(spec["sizes"], spec["activation"], spec["output"], dtype=spec["dtype"], scale=has_scale)
    if theta.dtype != network.dtype or not np.isfinite(theta).all():
        raise ValueError("theta has another dtype, or a number in it is not finite")
    network.theta = theta
    return network


def set_attributes(made: object, attributes: dict[str, Any]) -> None:
    """Set attributes that have names, and none of Python's own."""
    for name in attributes:
        if not name.isidentifier() or name.startswith("__"):
            raise ValueError(f"there is no attribute {name!r}")
    vars(made).update(attributes)


def _class(name: str) -> type[Any]:
    if name not in OBJECTS:
        raise ValueError(f"there is no class {name!r}")
    return getattr(import_module(OBJECTS[name]), name)


def _bit_generator(name: str) -> np.random.BitGenerator:
    if name not in BIT_GENERATORS:
        raise ValueError(f"there is no random generator {name!r}")
    return getattr(np.random, name)(0)


def _plain_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if not DTYPE.fullmatch(dtype.str):
        raise CannotSaveError(f"{dtype} array")
    return dtype


def _dtype(text: str) -> np.dtype[Any]:
    if not DTYPE.fullmatch(text):
        raise ValueError(f"there is no dtype {text!r}")
    return np.dtype(text)


def _is_tensor(dtype: np.dtype[Any]) -> bool:
    """Return whether safetensors keeps numbers as they are."""
    return dtype.kind in "biuf" and dtype.itemsize <= 8 and dtype.isnative
