"""Why a parameter moves, and the proof that its derivative is right."""

from deltarule.chain.certificate import Certificate, Comparison, check
from deltarule.chain.curve import Curve, curve
from deltarule.chain.explanation import Chain, explain
from deltarule.chain.guesses import Guess, guesses, mistakes_of
from deltarule.chain.nudge import Nudge, nudge
from deltarule.chain.pullers import Group, Pullers, pullers
from deltarule.chain.suspects import Suspects, suspects

__all__ = [
    "Certificate",
    "Chain",
    "Comparison",
    "Curve",
    "Group",
    "Guess",
    "Nudge",
    "Pullers",
    "Suspects",
    "check",
    "curve",
    "explain",
    "guesses",
    "mistakes_of",
    "nudge",
    "pullers",
    "suspects",
]
