"""Why a parameter moves, and the proof that its derivative is right."""

from deltarule.chain.certificate import Certificate, Comparison, check

__all__ = ["Certificate", "Comparison", "check"]
