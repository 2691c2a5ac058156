"""The steps of a Pipeline before its last, in skops' format: every type is named, and none runs that is not trusted."""

# pyright: basic, reportMissingImports=false
# scikit-learn's classes and skops carry no types, and skops is not everywhere.

from __future__ import annotations

import copy
import importlib
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deltarule.errors import OptionError, lacking

TRUSTED = [
    "numpy.dtype",
    "scipy._lib.array_api_compat.numpy._aliases.asarray",  # with the next, of SplineTransformer
    "scipy.interpolate._bsplines.BSpline",
    "sklearn.compose._column_transformer.make_column_selector",
    *(
        f"sklearn.feature_selection._univariate_selection.{name}"
        for name in ("chi2", "f_classif", "f_oneway", "f_regression", "r_regression")
    ),
    *(f"sklearn.feature_selection._mutual_info.mutual_info_{name}" for name in ("classif", "regression")),
]
"""What is trusted besides what skops trusts by itself: scikit-learn's public estimators, ufuncs, dtypes, containers."""


def is_pipeline(model: object) -> bool:
    """Return whether a model is scikit-learn's Pipeline."""
    return f"{type(model).__module__}.{type(model).__qualname__}" == "sklearn.pipeline.Pipeline"


def dumped(pipeline: Any) -> NDArray[np.uint8]:
    """Return a pipeline as bytes, "passthrough" in the place of its last step.

    Raises
    ------
    OptionError
        skops is missing, or a step holds something else than what scikit-learn, NumPy and SciPy bring.
    """
    package = skops("saving")
    for name, step in pipeline.steps[:-1]:
        _refuse_untrusted(package, name, step)
    others = copy.copy(pipeline)
    others.steps = [*pipeline.steps[:-1], (pipeline.steps[-1][0], "passthrough")]
    return np.frombuffer(_dumps(package, "the pipeline", others), np.uint8)


def restored(content: NDArray[np.uint8], last: Any) -> Any:
    """Return the pipeline that `dumped` made bytes of, with its last step.

    Raises
    ------
    OptionError
        skops is missing.
    ValueError
        The bytes are no pipeline, or hold a type that is not trusted.
    """
    package = skops("loading")
    try:
        pipeline = package.loads(content.tobytes(), trusted=TRUSTED)
    except Exception as error:  # of any kind, since skops reads what it is given
        raise ValueError(" ".join(f"its steps cannot be read: {error}".split()).rstrip(".")) from None
    if not is_pipeline(pipeline):
        raise ValueError("its steps are no Pipeline")
    pipeline.steps[-1] = (pipeline.steps[-1][0], last)
    return pipeline


def skops(doing: str) -> ModuleType:
    """Return skops' reader and writer, or raise an OptionError that says how to get it."""
    try:
        return importlib.import_module("skops.io")
    except ImportError:
        raise lacking(f"{doing} a Pipeline", "skops", "pipelines") from None


def _refuse_untrusted(package: ModuleType, name: str, step: Any) -> None:
    content = _dumps(package, f"the step {name!r}", step)
    unknown = sorted(set(package.get_untrusted_types(data=content)) - set(TRUSTED))
    if unknown:
        raise OptionError(
            f"cannot save the step {name!r} of the Pipeline: it holds {', '.join(unknown)}, and a model file holds "
            "nothing but what scikit-learn, NumPy and SciPy bring; save the last step alone, or take a transformer "
            "of theirs."
        )


def _dumps(package: ModuleType, what: str, value: Any) -> bytes:
    try:
        return package.dumps(value)
    except Exception as error:  # of any kind, since skops asks objects how they are pickled
        raise OptionError(f"cannot save {what}: {' '.join(str(error).split()).rstrip('.')}.") from None
