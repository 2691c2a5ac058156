"""The mean of networks, which is a network.

The members' hidden layers stand side by side, and its last layer adds up what they say:

    a_K = sum_m s_m a_K^(m),    so    W_1 = [W_1^(1); W_1^(2); ...],    W_k = diag(W_k^(1), W_k^(2), ...) for 1 < k < K,
                                      W_K = [s_1 W_K^(1), s_2 W_K^(2), ...],    b_K = sum_m s_m b_K^(m)

A member with a scale s of its inputs has W_1 diag(s) there.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

from deltarule.errors import ShapeError
from deltarule.network import Network
from deltarule.spelling import listed


def averaged(
    nets: Sequence[Network], shares: Sequence[float] | None = None, inputs: int | None = None
) -> Network:
    """Return the network whose a_K is the weighted sum of those of others.

    Parameters
    ----------
    nets
        Of the same number of layers, activations, output and outputs. One that has fewer inputs than others takes the
        first of theirs.
    shares
        s_m, one for each; None takes 1 / M, which makes it the mean.
    inputs
        n_0, at least that of each; None takes the largest of these.

    Raises
    ------
    ShapeError
        The networks differ in what must be the same.

    Examples
    --------
    >>> nets = [Network([3, 4, 2], seed=seed, dtype="float64") for seed in (0, 1)]
    >>> import numpy as np
    >>> mean = averaged(nets)
    >>> mean.sizes
    (3, 8, 2)
    >>> x = [[0.1, 0.2, 0.3]]
    >>> a, b = (net.forward(x).a[-1] for net in nets)
    >>> np.allclose(mean.forward(x).a[-1], (a + b) / 2)
    True
    """
    first = nets[0]
    shares = [1.0 / len(nets)] * len(nets) if shares is None else shares
    kinds = {(net.g, net.output, net.sizes[-1], net.dtype) for net in nets}
    if len(kinds) > 1:
        raise ShapeError(
            f"only networks of the same layers have a mean that is a network; these are {listed(map(repr, nets))}."
        )
    K = first.K
    hidden = [sum(net.sizes[k] for net in nets) for k in range(1, K)]
    sizes = [max(net.sizes[0] for net in nets) if inputs is None else inputs, *hidden, first.sizes[-1]]
    mean = first.resized(sizes)
    for k in range(1, K + 1):
        ends = [0, *accumulate(net.sizes[k] for net in nets)]
        starts = [0, *accumulate(net.sizes[k - 1] for net in nets)]
        for net, share, (top, bottom), left in zip(nets, shares, pairwise(ends), starts, strict=False):
            rows = slice(top, bottom) if k < K else slice(None)
            at = left if k > 1 else 0
            factor = share if k == K else 1.0
            W = net.W[k] if k > 1 or net.s is None else net.W[k] * net.s
            mean.W[k][rows, at : at + net.sizes[k - 1]] += factor * W
            mean.b[k][rows] += factor * net.b[k]
    return mean
