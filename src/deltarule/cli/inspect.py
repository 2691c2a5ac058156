"""deltarule inspect: what a model file holds."""

from __future__ import annotations

from typing import Any

from deltarule.chain.explained import aside
from deltarule.cli.output import Flag, number, print_json, table
from deltarule.cli.scores import explain_constant, explain_errors, scores_table
from deltarule.cli.summary import searched
from deltarule.files import summary
from deltarule.network import Network
from deltarule.saving import load
from deltarule.spelling import plural
from deltarule.tables import ClassTarget, TableModel


def inspect(model: str, /, *, json: Flag = False) -> int:
    """Show what a model file holds: parameters and steps of an estimator, network, columns, target, training, scores.

    For example: deltarule inspect penguins.deltarule

    Parameters
    ----------
    model
        A model file.
    json
        Print everything but the weights as JSON.
    """
    opened, about = load(model), summary(model)
    steps = _steps(opened)
    last = steps[-1][1] if steps else opened
    held = getattr(last, "model_", last)
    members: tuple[Network, ...] = (
        held.members if isinstance(held, TableModel) else (getattr(held, "net_", held),)
    )
    given = _given(last) if hasattr(last, "get_params") else None
    if json:
        record = held.record() if isinstance(held, TableModel) else {"network": members[0].spec()}
        of_estimator = {} if given is None else {"estimator": type(last).__name__, "given": given}
        of_steps = {"steps": [[name, str(step)] for name, step in steps]} if steps else {}
        size = sum(member.layout.size for member in members)
        print_json({**about, "parameters": size, **of_steps, **of_estimator, **record})
        return 0
    print(f"{model}: {about['bytes']:,} bytes, format {about['format']}, SHA-256 {about['sha256'][:16]}...")
    if steps:
        print("\nPipeline")
        print(table([name, " ".join(str(step).split())] for name, step in steps))
    if given is not None:
        print(f"\n{type(last).__name__}{'' if given else ', every parameter as by default'}")
        if given:
            print(table([name, " ".join(repr(value).split())] for name, value in given.items()))
    print("\nNetwork" if len(members) == 1 else f"\nFirst of {len(members)} networks, whose mean predicts")
    print(_layers(members[0]))
    if isinstance(held, TableModel):
        print(_table_part(held))
    return 0


def _steps(opened: Any) -> list[tuple[str, Any]]:
    """Return the steps of a Pipeline with their names, those of one within it too; none of other models."""
    steps: list[tuple[str, Any]] = []
    while hasattr(opened, "steps"):
        *first, last = opened.steps
        steps += first
        opened = last[1]
        if not hasattr(opened, "steps"):
            steps.append(last)
    return steps


def _given(estimator: Any) -> dict[str, Any]:
    """Return the parameters of an estimator that are not as by default; what the columns are is shown with them."""
    usual: dict[str, Any] = type(estimator)().get_params(deep=False)
    own: dict[str, Any] = estimator.get_params(deep=False)
    return {
        name: value for name, value in own.items() if name != "schema" and repr(value) != repr(usual[name])
    }


def _layers(net: Network) -> str:
    rows = [["layer", "units", "activation", "W", "b", "largest |w|"]]
    for k in range(1, net.K + 1):
        name = net.g[k].name if k < net.K else f"{net.output} output"
        shape = f"{net.sizes[k]} x {net.sizes[k - 1]}"
        rows.append([str(k), str(net.sizes[k]), name, shape, str(net.sizes[k]), f"{abs(net.W[k]).max():.3g}"])
    if net.s is not None:
        rows.insert(1, ["0", str(net.sizes[0]), "inputs times s", "", "", f"{abs(net.s).max():.3g}"])
    size = plural(net.layout.size, "parameter")
    return f"{table(rows, right=(1,))}\n  {size}, {net.dtype}; loss: {net.output.loss_name}"


def _table_part(model: TableModel) -> str:
    lines: list[str] = []
    for target in model.targets:
        lines += ["", f"Target   {target.name} ({model.task})"]
        if isinstance(target, ClassTarget):
            pairs = zip(target.names, target.frequencies, strict=True)
            lines.append(table([str(name), f"{share:.1%} of training"] for name, share in pairs))
    used = (
        f"{plural(len(model.encoder.columns), 'column')} as {plural(len(model.encoder.features), 'feature')}"
    )
    lines += ["", f"Columns  {used}"]
    lines.append(table(model.encoder.describe()))
    lines += ["", "Training", table(_training(model))]
    lines += searched(model)
    if model.scores:
        notes = [*explain_errors(model.scores), explain_constant(model)]
        lines += ["", "Scores", scores_table(model.scores), *(f"  {note}" for note in notes)]
    return "\n".join(lines)


def _training(model: TableModel) -> list[list[str]]:
    settings: dict[str, Any] = model.settings
    optimiser = ", ".join(
        f"{name} {value}" for name, value in settings["optimiser"].items() if name != "name"
    )
    losses = model.history["loss"]
    rows = [
        ["optimiser", f"{settings['optimiser']['name']}: {optimiser}"],
        ["schedule", settings["schedule"]],
        ["batches", f"{settings['batch_size']} of {plural(settings['n_examples'], 'row')}"],
        *([["besides", besides]] if (besides := _besides(settings)) else []),
        ["seed", str(settings["seed"])],
        ["stopped", settings["stopped"]],
    ]
    if losses:
        rows.append(["loss", f"{number(losses[0])} in the first epoch, {number(losses[-1])} in the last"])
    return rows


def _besides(settings: dict[str, Any]) -> str:
    """Return what training was held back by, and what of the network it was of."""
    named = {name: settings.get(name) for name in ("l1", "l2", "clip_norm", "clip_value")}
    told = [f"{name} {value:g}" for name, value in named.items() if value]
    told += aside(settings.get("dropout", 0.0), settings.get("label_smoothing", 0.0))
    only = settings.get("only")
    return ", ".join(
        [*told, *([f"only {only if isinstance(only, str) else ', '.join(only)}"] if only else [])]
    )
