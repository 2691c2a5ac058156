"""Why a parameter moves, and the proof that its derivative is right."""

from deltarule.chain.certificate import Certificate, Comparison, check
from deltarule.chain.explanation import Chain, explain
from deltarule.chain.pullers import Group, Pullers, pullers
from deltarule.chain.suspects import Suspects, suspects

__all__ = [
    "Certificate",
    "Chain",
    "Comparison",
    "Group",
    "Pullers",
    "Suspects",
    "check",
    "explain",
    "pullers",
    "suspects",
]
