"""Every factor of the chain rule as a matrix, so that multiplying them out gives dL/dw.

    dL/dw[k,i,j] = dL/dy_hat . dy_hat/da_K . da_K/dh_{K-1} . dh_{K-1}/da_{K-1} ... dh_k/da_k . da_k/dw[k,i,j]
    dL/ds[j]     = dL/dy_hat . dy_hat/da_K . da_K/dh_{K-1} . dh_{K-1}/da_{K-1} ... da_1/dh_0 . dh_0/ds[j]

Rows are what is differentiated, columns what it is differentiated by, so that the product is read, and
multiplied, from left to right. A factor that depends on the example is a stack with one matrix an example.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deltarule.maths.arrays import Array
from deltarule.maths.outputs import Softmax
from deltarule.maths.passes import Net, Trace

ACROSS_OUTPUT = "gradient across the output layer"
FROM_OUTPUT = "gradient from the output layer to the last hidden layer"
ACROSS_HIDDEN = "gradient from one hidden layer to the one before"
TO_INPUTS = "gradient from the first layer to the scaled inputs"
TO_PARAMETER = "gradient to the parameter of interest"


@dataclass(frozen=True)
class Factor:
    """One factor of the chain.

    symbol
        As in the notes, for example "da_3/dh_2".
    part
        Which of the lecture's four parts of the chain it belongs to, or the one to the scaled inputs.
    formula
        What it is made from, for example "W_3".
    values
        (N, rows, columns), or (rows, columns) where it is the same for every example; of a diagonal matrix
        the diagonal alone, (N, n).
    """

    symbol: str
    part: str
    formula: str
    values: Array
    is_diagonal: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.values.shape[-2:]
        return (columns, columns) if self.is_diagonal else (rows, columns)

    @property
    def matrix(self) -> Array:
        """(N, rows, columns), or (rows, columns) where it is the same for every example."""
        if not self.is_diagonal:
            return self.values
        xp = self.values.__array_namespace__()
        return self.values[:, :, None] * xp.eye(self.shape[0], dtype=self.values.dtype)[None, :, :]

    def after(self, partial: Array) -> Array:
        """Return the product of the factors up to this one, (N, 1, columns), given that before it."""
        return partial * self.values[:, None, :] if self.is_diagonal else partial @ self.values


def dL_dy_hat(net: Net, trace: Trace, p: Array) -> Factor:
    """Return dL/dy_hat, one row an example."""
    row = net.output.dL_dy_hat(trace.a[net.K], p)[:, None, :]
    return Factor("dL/dy_hat", ACROSS_OUTPUT, output_formulas(net, p)[0], row)


def dy_hat_da(net: Net, trace: Trace, p: Array) -> Factor:
    """Return dy_hat/da_K; for softmax diag(y_hat) - y_hat y_hat^T."""
    matrix = net.output.dy_hat_da(trace.a[net.K])
    return Factor(f"dy_hat/da_{net.K}", ACROSS_OUTPUT, output_formulas(net, p)[1], matrix)


def dL_da(net: Net, trace: Trace, p: Array) -> Factor:
    """Return dL/da_K = dL/dy_hat . dy_hat/da_K as one factor, simplified by hand; for softmax -(e(l) - y_hat)."""
    row = net.output.delta(trace.a[net.K], p)[:, None, :]
    return Factor(f"dL/da_{net.K}", ACROSS_OUTPUT, output_formulas(net, p)[2], row)


def output_formulas(net: Net, p: Array) -> tuple[str, str, str]:
    """Return how dL/dy_hat, dy_hat/da and their product read for targets p."""
    xp = p.__array_namespace__()
    if isinstance(net.output, Softmax) and bool(xp.all((p == 0.0) | (p == 1.0))):
        return net.output.formulas_of_class
    return net.output.formulas


def da_dh(net: Net, k: int) -> Factor:
    """Return da_k/dh_{k-1} = W_k, (n_k, n_{k-1})."""
    part = TO_INPUTS if k == 1 else FROM_OUTPUT if k == net.K else ACROSS_HIDDEN
    return Factor(f"da_{k}/dh_{k - 1}", part, f"W_{k}", net.W[k])


def dh_da(net: Net, trace: Trace, k: int) -> Factor:
    """Return dh_k/da_k = diag(g'_k(a_k))."""
    part = FROM_OUTPUT if k == net.K - 1 else ACROSS_HIDDEN
    formula = f"diag(g'_{k}(a_{k})), g' = {net.g[k].derivative}"
    return Factor(f"dh_{k}/da_{k}", part, formula, net.g[k].df(trace.a[k]), is_diagonal=True)


def da_dw(trace: Trace, k: int, i: int, j: int) -> Factor:
    """Return da_k/dw[k,i,j] = h_{k-1,j} e(i), (N, n_k, 1), with i and j counted from 1."""
    a, h = trace.a[k], trace.h[k - 1]
    xp = a.__array_namespace__()
    e_i = xp.eye(a.shape[1], dtype=a.dtype)[:, i - 1]
    h_j = h[:, j - 1]
    formula = f"h_{{{k - 1},{j}}} e({i})"
    return Factor(f"da_{k}/dw[{k},{i},{j}]", TO_PARAMETER, formula, h_j[:, None, None] * e_i[None, :, None])


def da_db(trace: Trace, k: int, i: int) -> Factor:
    """Return da_k/db[k,i] = e(i), (N, n_k, 1), with i counted from 1."""
    a = trace.a[k]
    xp = a.__array_namespace__()
    e_i = xp.eye(a.shape[1], dtype=a.dtype)[:, i - 1]
    column = xp.ones_like(a[:, :1])[:, :, None] * e_i[None, :, None]
    return Factor(f"da_{k}/db[{k},{i}]", TO_PARAMETER, f"e({i})", column)


def dh_ds(trace: Trace, j: int) -> Factor:
    """Return dh_0/ds[j] = x_j e(j), (N, n_0, 1), with j counted from 1: column j of diag(x)."""
    x = trace.x
    e_j = x.__array_namespace__().eye(x.shape[1], dtype=x.dtype)[:, j - 1]
    column = x[:, j - 1][:, None, None] * e_j[None, :, None]
    return Factor(f"dh_0/ds[{j}]", TO_PARAMETER, f"x_{j} e({j})", column)


def factors(
    net: Net, trace: Trace, p: Array, k: int, i: int, j: int | None, *, is_fused: bool = False
) -> list[Factor]:
    """Return every factor of dL_n/dw[k,i,j] (of dL_n/db[k,i] where j is None), in the order of the notes.

    Of dL_n/ds[i] where k is 0. Where is_fused, dL/da_K stands for the first two.
    """
    chain = [dL_da(net, trace, p)] if is_fused else [dL_dy_hat(net, trace, p), dy_hat_da(net, trace, p)]
    for m in range(net.K, k, -1):
        chain += [da_dh(net, m), *([dh_da(net, trace, m - 1)] if m > 1 else [])]
    if k == 0:
        return [*chain, dh_ds(trace, i)]
    chain.append(da_db(trace, k, i) if j is None else da_dw(trace, k, i, j))
    return chain


def partial_products(chain: Sequence[Factor]) -> list[Array]:
    """Return the product of the factors up to each of them, multiplied from the left, (N, 1, columns)."""
    partial = [chain[0].values]
    for factor in chain[1:]:
        partial.append(factor.after(partial[-1]))
    return partial


def product(chain: Sequence[Factor]) -> Array:
    """Return the product of the factors: the derivative of every L_n, (N,)."""
    return partial_products(chain)[-1][:, 0, 0]
