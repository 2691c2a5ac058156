"""The compiled engine: the derivation as machine code, made by Numba for the processor it runs on."""

from deltarule.engines.compiled.engine import CompiledEngine, predict

__all__ = ["CompiledEngine", "predict"]
