"""The compiled engine: the derivation as machine code, made by Numba for the processor it runs on."""

from deltarule.engines.compiled.engine import CompiledEngine, predict, warm
from deltarule.engines.compiled.keeping import folder, is_kept
from deltarule.engines.compiled.vectors import LANES_4, LANES_8

__all__ = ["LANES_4", "LANES_8", "CompiledEngine", "folder", "is_kept", "predict", "warm"]
