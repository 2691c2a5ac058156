"""The neighbour of a name that was mistyped, or that other tools give to the same thing; and counts in words."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

GROUPS = (
    ("learning_rate_init", "learning_rate", "lr", "eta", "eta0", "step_size", "rate", "lr_init"),
    ("schedule", "learning_rate", "lr_schedule", "lr_scheduler", "scheduler", "decay_schedule"),
    ("optimiser", "optimizer", "solver", "opt", "optim", "algorithm", "updater"),
    ("hidden", "hidden_layer_sizes", "layers", "hidden_layers", "hidden_sizes", "hidden_units", "hidden_size", "units",
     "architecture", "n_hidden", "layer_sizes", "neurons", "nodes", "width"),
    ("sizes", "hidden_layer_sizes", "layers", "layer_sizes", "shape", "hidden", "units", "n_units"),
    ("epochs", "max_iter", "n_epochs", "max_epochs", "num_epochs", "nb_epoch", "iterations", "iter", "n_iter", "steps",
     "num_boost_round", "n_estimators", "rounds", "ep"),
    ("batch_size", "batch", "minibatch", "mini_batch", "minibatch_size", "bs", "batchsize"),
    ("seed", "random_state", "random_seed", "rng", "rand", "manual_seed", "random"),
    ("test", "test_size", "test_fraction", "holdout", "hold_out", "test_split", "test_share"),
    ("validation", "validation_fraction", "validation_split", "val", "valid", "val_size", "val_split",
     "validation_size", "eval_set", "validation_data"),
    ("n_iter_no_change", "early_stopping", "patience", "early_stop", "stop_early", "early_stopping_rounds",
     "stopping_rounds"),
    ("threads", "n_threads", "n_jobs", "jobs", "cores", "cpus", "workers", "num_workers", "nthread", "num_threads",
     "processes", "parallel"),
    ("l2", "alpha", "weight_decay", "reg", "regularization", "regularisation", "l2_reg", "lambda", "ridge",
     "reg_lambda", "kernel_regularizer"),
    ("weight_decay", "decay", "wd", "adamw_decay"),
    ("l1", "lasso", "reg_alpha", "l1_reg"),
    ("clip_norm", "clip", "max_norm", "gradient_clipping", "grad_clip", "clipnorm", "max_grad_norm"),
    ("clip_value", "clipvalue"),
    ("dropout", "drop_rate", "dropout_rate", "p_drop", "keep_prob"),
    ("activation", "activation_function", "activations", "nonlinearity", "act", "act_fn", "transfer"),
    ("out", "output", "model", "save", "output_file", "outfile", "model_path", "destination", "dest", "to", "file",
     "path", "save_to", "save_model", "write"),
    ("output", "output_activation", "out_activation_", "final_activation", "loss"),
    ("target", "y", "label", "labels", "response", "outcome", "dependent", "target_column", "label_column",
     "class_column", "goal", "predict", "output_column", "dv", "class"),
    ("force", "overwrite", "replace", "yes", "clobber"),
    ("quiet", "silent", "verbose", "verbosity", "no_progress"),
    ("progress", "verbose", "verbosity", "silent", "quiet", "disp", "show_progress"),
    ("listeners", "callbacks", "callback", "hooks", "listener"),
    ("weights", "sample_weight", "sample_weights", "weight", "example_weights"),
    ("sample_weight", "weights", "weight", "sample_weights", "example_weights"),
    ("class_weight", "class_weights", "scale_pos_weight", "pos_weight"),
    ("only", "trainable", "params_to_train", "freeze", "unfreeze"),
    ("trainable", "only", "freeze", "unfreeze"),
    ("label_smoothing", "smoothing", "smooth", "label_smooth"),
    ("task", "problem", "objective", "problem_type", "mode", "type", "kind"),
    ("group", "groups", "groupby", "group_by", "by_group", "stratify", "group_column", "subject"),
    ("time", "date", "time_column", "timestamp", "datetime", "date_column", "when"),
    ("by", "group", "groupby", "group_by"),
    ("ignore", "exclude", "drop", "skip_columns", "ignore_columns", "drop_columns", "omit", "without", "remove",
     "leave_out"),
    ("keep", "include", "columns", "features", "use", "usecols", "predictors", "select", "x",
     "feature_columns"),
    ("missing", "na_values", "na", "null", "null_values", "nan", "na_value", "missing_values"),
    ("not_missing", "keep_default_na"),
    ("set", "dtype", "dtypes", "types", "kind", "column_types", "as_type"),
    ("category", "categorical", "factor", "cat", "nominal", "enum", "string", "str", "object"),
    ("text", "categorical", "category", "cat", "categories", "categorical_features", "cat_features"),
    ("delimiter", "sep", "separator", "field_separator", "delim", "fs"),
    ("quote", "quotechar", "quote_char", "quoting"),
    ("header", "has_header", "no_names"),
    ("skip", "skiprows", "skip_rows", "skip_lines"),
    ("ragged", "on_bad_lines", "bad_lines"),
    ("sheet", "sheet_name", "table", "worksheet", "tab"),
    ("encoding", "charset", "codec", "codepage"),
    ("equal_rows", "duplicates", "dedup", "drop_duplicates", "copies"),
    ("drop_missing_target", "dropna", "drop_na", "drop_missing", "missing_target"),
    ("probabilities", "proba", "predict_proba", "probs", "probability", "prob"),
    ("id", "ids", "index", "key", "passthrough", "carry", "keep", "id_column", "index_col"),
    ("top", "n", "limit", "head", "k", "most", "count", "number"),
    ("parameter", "param", "weight", "w", "params", "coefficient", "parameters"),
    ("parameters", "max_parameters", "params", "n_parameters", "parameter"),
    ("rows", "max_examples", "sample", "samples", "n_rows", "nrows", "row", "examples", "max_rows"),
    ("row", "rows", "example", "index", "line", "n", "i"),
    ("repeats", "n_repeats", "repetitions", "times", "permutations", "shuffles"),
    ("measure", "metric", "scoring", "score", "scorer", "metrics", "measures", "eval_metric", "loss"),
    ("format", "as", "output_format", "fmt", "to"),
    ("strict", "raise_errors", "pedantic"),
    ("warm", "compile", "warmup", "warm_up", "precompile"),
    ("json", "machine", "machine_readable"),
    ("help", "usage", "man", "info"),
    ("target_transform", "transform", "transform_target", "log_target", "transformed_target", "link"),
    # values
    ("squared_error", "mse", "rmse", "l2", "mean_squared_error", "least_squares", "quadratic", "ols", "ls"),
    ("absolute_error", "mae", "l1", "mean_absolute_error", "lad", "median"),
    ("quantile", "pinball", "quantile_loss"),
    ("huber", "smooth_l1", "robust", "huber_loss"),
    ("poisson", "count", "counts", "poisson_nll", "tweedie", "log_link"),
    ("relu", "rectifier", "rectified_linear", "rectlin", "rectified"),
    ("sigmoid", "logistic", "expit", "logit"),
    ("silu", "swish", "swish1"),
    ("tanh", "hyperbolic_tangent", "tansig"),
    ("identity", "linear", "none", "no"),
    ("leaky_relu", "leakyrelu", "lrelu"),
    ("softplus", "soft_plus", "smoothrelu"),
    ("gradient_descent", "sgd", "gd", "vanilla", "plain", "steepest_descent",
     "stochastic_gradient_descent", "backprop"),
    ("nesterov", "nag"),
    ("lbfgs", "l_bfgs", "bfgs", "l_bfgs_b"),
    ("rmsprop", "rms_prop", "rms"),
    ("adagrad", "ada_grad"),
    ("adamw", "adam_w"),
    ("one_cycle", "onecycle", "one_cycle_lr", "superconvergence", "1cycle"),
    ("constant", "fixed", "none", "flat"),
    ("inverse_time", "invscaling", "inverse", "1/t"),
    ("cosine", "cosine_annealing", "cos"),
    ("exponential", "exp", "exponential_decay"),
    ("step", "multistep", "step_lr", "staircase"),
    ("classification", "class", "classify", "classifier", "multiclass", "binary", "categorical", "clf"),
    ("regression", "regress", "regressor", "numeric", "continuous", "reg", "quantity", "value"),
    ("number", "numeric", "float", "int", "integer", "real", "double", "num", "continuous", "numerical"),
    ("boolean", "bool", "binary", "flag", "yesno", "logical"),
    ("date", "datetime", "timestamp", "time", "day"),
    ("ordered", "ordinal", "rank", "ordered_factor", "likert"),
    ("text", "string", "str", "words"),
    ("row id", "id", "key", "index", "identifier", "rowid", "primary_key"),
    ("ignore", "drop", "skip", "exclude", "none", "omit", "unused"),
    ("latex", "tex", "pdf"),
    ("html", "page", "web", "htm"),
    ("text", "txt", "ascii", "plain"),
    ("linear", "identity", "mse", "squared", "squared_error", "mean_squared_error", "regression"),
    ("softmax", "cross_entropy", "multinomial", "categorical_crossentropy", "classification"),
    ("absolute_error", "mae", "l1", "absolute", "mean_absolute_error", "laplace"),
    ("poisson", "count", "counts"),
    ("gaussian", "normal"),
    ("quantile", "pinball", "percentile"),
    ("huber", "smooth_l1"),
    ("roc_auc", "auc", "auroc", "roc", "roc_auc_score", "c_statistic", "gini"),
    ("log_loss", "logloss", "neg_log_loss", "cross_entropy", "crossentropy", "nll", "deviance", "binary_logloss"),
    ("average_precision", "ap", "pr_auc", "auprc", "precision_recall", "aucpr"),
    ("r2", "r_squared", "rsquared", "r2_score", "explained_variance"),
    ("rmse", "mse", "root_mean_squared_error", "mean_squared_error", "neg_root_mean_squared_error"),
    ("mae", "mean_absolute_error", "absolute_error", "neg_mean_absolute_error", "l1"),
    ("f1", "f_score", "f_measure", "f1_score", "f1_macro"),
    ("balanced_accuracy", "bacc", "macro_recall", "balanced"),
    ("pinball", "quantile_loss", "quantile", "pinball_loss"),
    # verbs
    ("fit", "train", "learn", "build", "create", "new", "run"),
    ("predict", "apply", "score", "infer", "inference", "forecast"),
    ("evaluate", "eval", "test", "score", "measure", "metrics", "validate", "assess"),
    ("schema", "describe", "columns", "head", "show", "profile", "types"),
    ("inspect", "info", "show", "summary", "cat", "view", "print"),
    ("check", "verify", "prove", "gradcheck", "grad_check", "gradient"),
    ("explain", "why", "derivative", "chain", "backprop"),
    ("suspects", "outliers", "errors", "mislabeled", "mislabelled", "anomalies", "noise"),
    ("importance", "importances", "feature_importance", "permutation_importance", "relevance", "rank_columns"),
    ("doctor", "diagnose", "status", "env", "environment", "system"),
)  # fmt: skip
"""Names of the same thing here and elsewhere; the first that is known where a name is asked for is meant by it."""

ALIKE, MUCH_ALIKE = 0.6, 0.8
"""The least likeness, from 0 to 1, of a name that is suggested, and of what else is said for it."""


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is meant by `name`, or most like it, or None where nothing is near.

    >>> closest("tahn", ["sigmoid", "tanh"]), closest("--lr", ["--learning-rate", "--l1"])
    ('tanh', '--learning-rate')
    """
    names: dict[str, str] = {}
    for each in known:
        names.setdefault(_plain(each), each)
    wanted = _plain(name)
    for each in (wanted, wanted.removesuffix("s"), f"{wanted}s", wanted.removeprefix("no_")):
        if each in names:
            return names[each]
    others: dict[str, str] = {}  # what else is said for the names that are known
    for group in GROUPS:
        if meant := next((names[_plain(each)] for each in group if _plain(each) in names), None):
            for each in group:
                others.setdefault(_plain(each), meant)
    if wanted in others:
        return others[wanted]
    if any(wanted in group for group in GROUPS):
        return None  # a thing of its own, which is not here
    for alike, least in ((names, ALIKE), (others, MUCH_ALIKE)):
        best = max(alike, key=lambda each: likeness(wanted, each), default="")
        if likeness(wanted, best) >= least:
            return alike[best]
    return None


def likeness(name: str, other: str) -> float:
    """Return how alike two names are, 0 to 1: by common letters, more where they begin alike or `name` is short.

    >>> likeness("epoch", "epochs") > likeness("epoch", "each") > likeness("epoch", "dropout")
    True
    """
    common = SequenceMatcher(None, name, other, autojunk=False).ratio()
    letters = 2 * sum(min(name.count(c), other.count(c)) for c in set(name)) / max(len(name) + len(other), 1)
    shorter = min(len(name), len(other))
    begins = next((n for n in range(shorter) if name[n] != other[n]), shorter)
    share = begins / shorter if shorter else 0.0
    return min(
        1.0, 0.6 * common + 0.2 * letters + 0.2 * share + 0.1 * (share == 1 and 2 < len(name) <= len(other))
    )


def _plain(name: str) -> str:
    """Return a name without case, dashes and the letters that British and American spelling differ in."""
    plain = name.strip().lstrip("-").casefold().replace("-", "_").replace(" ", "_")
    return plain.replace("colour", "color").replace("isation", "ization").replace("optimiser", "optimizer")


def plural(n: int, one: str, several: str | None = None) -> str:
    """Return a count with its noun.

    >>> plural(1, "row"), plural(2500, "row"), plural(0, "class", "classes")
    ('1 row', '2,500 rows', '0 classes')
    """
    return f"{n:,} {one if n == 1 else several or one + 's'}"


def listed(names: Iterable[str], most: int = 20) -> str:
    """Return names with commas between them; where there are many, the first ones and how many there are.

    >>> listed(["age", "sex"]), listed("abcd", most=2)
    ('age, sex', 'a, b, ... (4 in all)')
    """
    every = list(names)
    return (
        ", ".join(every) if len(every) <= most else f"{', '.join(every[:most])}, ... ({len(every):,} in all)"
    )
