"""The compiled engine: the derivation as machine code, made by Numba for the processor it runs on."""

from deltarule.engines.compiled.cache import folder
from deltarule.engines.compiled.catalogue import RARE
from deltarule.engines.compiled.codes import strangers
from deltarule.engines.compiled.engine import CompiledEngine, predict
from deltarule.engines.compiled.machine_code import code_for, is_kept
from deltarule.engines.compiled.processor import BYTES, IS_CHOSEN, LANES_4, LANES_8

__all__ = [
    "BYTES",
    "IS_CHOSEN",
    "LANES_4",
    "LANES_8",
    "RARE",
    "CompiledEngine",
    "code_for",
    "folder",
    "is_kept",
    "predict",
    "strangers",
]
