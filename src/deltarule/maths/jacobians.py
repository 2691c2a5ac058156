"""Every factor of the chain rule as a matrix, so that multiplying them out gives dL/dw.

    dL/dw[k,i,j] = dL/dy_hat . dy_hat/da_K . da_K/dh_{K-1} . dh_{K-1}/da_{K-1} ... dh_k/da_k . da_k/dw[k,i,j]

Rows are what is differentiated, columns what it is differentiated by, so that the product is read, and
multiplied, from left to right. A factor that depends on the example is a stack with one matrix an example.
"""

from __future__ import annotations

from dataclasses import dataclass

from deltarule.maths.arrays import Array
from deltarule.maths.outputs import Output
from deltarule.maths.passes import Net, Trace

ACROSS_OUTPUT = "gradient across the output layer"
FROM_OUTPUT = "gradient from the output layer to the last hidden layer"
ACROSS_HIDDEN = "gradient from one hidden layer to the one before"
TO_PARAMETER = "gradient to the parameter of interest"


@dataclass(frozen=True)
class Factor:
    """One factor of the chain.

    symbol
        As in the notes, for example "da_3/dh_2".
    part
        Which of the lecture's four parts of the chain it belongs to.
    matrix
        (N, rows, columns), or (rows, columns) where it is the same for every example.
    """

    symbol: str
    part: str
    matrix: Array


def dL_dy_hat(output: Output, a: Array, p: Array) -> Array:
    """Return dL/dy_hat as one row an example, (N, 1, n_K)."""
    return output.dL_dy_hat(a, p)[:, None, :]


def dy_hat_da(output: Output, a: Array) -> Array:
    """Return dy_hat/da_K, (N, n_K, n_K); for softmax diag(y_hat) - y_hat y_hat^T."""
    return output.dy_hat_da(a)


def da_dh(net: Net, k: int) -> Array:
    """Return da_k/dh_{k-1} = W_k, (n_k, n_{k-1})."""
    return net.W[k]


def dh_da(net: Net, trace: Trace, k: int) -> Array:
    """Return dh_k/da_k = diag(g'_k(a_k)), (N, n_k, n_k)."""
    df = net.g[k].df(trace.a[k])
    xp = df.__array_namespace__()
    return df[:, :, None] * xp.eye(df.shape[1], dtype=df.dtype)[None, :, :]


def da_dw(trace: Trace, k: int, i: int, j: int) -> Array:
    """Return da_k/dw[k,i,j] = h_{k-1,j} e(i), (N, n_k, 1), with i and j counted from 1."""
    a, h = trace.a[k], trace.h[k - 1]
    xp = a.__array_namespace__()
    e_i = xp.eye(a.shape[1], dtype=a.dtype)[:, i - 1]
    return h[:, j - 1][:, None, None] * e_i[None, :, None]


def da_db(trace: Trace, k: int, i: int) -> Array:
    """Return da_k/db[k,i] = e(i), (N, n_k, 1), with i counted from 1."""
    a = trace.a[k]
    xp = a.__array_namespace__()
    return xp.ones_like(a[:, :1])[:, :, None] * xp.eye(a.shape[1], dtype=a.dtype)[:, i - 1][None, :, None]


def factors(net: Net, trace: Trace, p: Array, k: int, i: int, j: int | None) -> list[Factor]:
    """Return every factor of dL_n/dw[k,i,j] (of dL_n/db[k,i] where j is None), in the order of the notes."""
    a_K = trace.a[net.K]
    chain = [
        Factor("dL/dy_hat", ACROSS_OUTPUT, dL_dy_hat(net.output, a_K, p)),
        Factor(f"dy_hat/da_{net.K}", ACROSS_OUTPUT, dy_hat_da(net.output, a_K)),
    ]
    for m in range(net.K, k, -1):
        part = FROM_OUTPUT if m == net.K else ACROSS_HIDDEN
        chain += [
            Factor(f"da_{m}/dh_{m - 1}", part, da_dh(net, m)),
            Factor(f"dh_{m - 1}/da_{m - 1}", part, dh_da(net, trace, m - 1)),
        ]
    if j is None:
        chain.append(Factor(f"da_{k}/db[{k},{i}]", TO_PARAMETER, da_db(trace, k, i)))
    else:
        chain.append(Factor(f"da_{k}/dw[{k},{i},{j}]", TO_PARAMETER, da_dw(trace, k, i, j)))
    return chain


def product(chain: list[Factor]) -> Array:
    """Return the product of the factors, multiplied from the left: the derivative of every L_n, (N,)."""
    partial = chain[0].matrix
    for factor in chain[1:]:
        partial = partial @ factor.matrix
    return partial[:, 0, 0]
