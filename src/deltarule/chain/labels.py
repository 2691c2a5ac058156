"""What a parameter is called in words: by units, and by the columns of a table where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deltarule.network import Network
from deltarule.parameters import Parameter


@dataclass(frozen=True)
class Labels:
    """Names of a network's inputs and outputs, where they have any.

    >>> labels = Labels(Network([2, 3, 2]), ["age", "sex=male"], ["died", "survived"])
    >>> labels.parameter(Parameter(1, 3, 2)), labels.parameter(Parameter(2, 1, 3))
    ('to unit 3 of layer 1, from sex=male', 'to output died, from unit 3 of layer 1')
    """

    net: Network
    inputs: Sequence[str] | None = None
    outputs: Sequence[str] | None = None

    def parameter(self, at: Parameter) -> str:
        """Return where a parameter leads, and where from."""
        if at.k == 0:
            return f"the scale of {self.unit(0, at.i)}"
        if at.j is None:
            return f"the bias of {self.unit(at.k, at.i)}"
        return f"to {self.unit(at.k, at.i)}, from {self.unit(at.k - 1, at.j)}"

    def unit(self, k: int, i: int) -> str:
        """Return the name of unit i of layer k, both from 1; layer 0 are the inputs."""
        if k == 0:
            return self.inputs[i - 1] if self.inputs else f"input {i}"
        if k == self.net.K:
            return f"output {self.outputs[i - 1] if self.outputs else i}"
        return f"unit {i} of layer {k}"
