"""What new users type, and the whole of what they are told."""

from __future__ import annotations

import pytest

from deltarule.cli import app
from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.optimisers import OPTIMISERS
from deltarule.maths.schedules import SCHEDULES
from deltarule.spelling import closest
from deltarule.tables.schema import KINDS

MISTYPED_OPTIONS = {
    "fit": """
        --epoch epochs, --eopchs epochs, --epchs epochs, --Epochs epochs, --epocs epochs, --n-epochs epochs,
        --max-iter epochs, --iterations epochs, --lr learning-rate, --learning_rate learning-rate,
        --learningrate learning-rate, --leaning-rate learning-rate, --learn-rate learning-rate,
        --eta learning-rate, --learning-rate-init learning-rate, --rate learning-rate, --targt target,
        --taget target, --traget target, --targets target, --TARGET target, --y target, --label target,
        --response target, --outcome target, --layers hidden, --hidden-layer-sizes hidden, --hiden hidden,
        --hidden-layers hidden, --units hidden, --hiddens hidden, --neurons hidden, --random-state seed,
        --sed seed, --random-seed seed, --seeds seed, --test-size test, --tst test, --holdout test,
        --test-split test, --validation-fraction validation, --val validation, --validaton validation,
        --valid validation, --validation-split validation, --output out, --model out, --ouput out, --save out,
        --output-file out, --overwrite force, --forse force, --sep delimiter, --delimeter delimiter,
        --separator delimiter, --delim delimiter, --verbose quiet, --silent quiet, --quite quiet,
        --queit quiet, --solver optimiser, --optimser optimiser, --optimizers optimiser, --optimise optimiser,
        --activations activation, --activaton activation, --activation-function activation,
        --acivation activation, --batch batch-size, --batchsize batch-size, --batch_size batch-size,
        --minibatch batch-size, --bacth-size batch-size, --early-stop early-stopping,
        --patience early-stopping, --early_stopping early-stopping, --earlystopping early-stopping,
        --n-jobs threads, --jobs threads, --thread threads, --treads threads, --n-threads threads,
        --groups group, --grup group, --group-by group, --exclude ignore, --ingore ignore, --ignor ignore,
        --include keep, --features keep, --columns keep, --na-values missing, --mising missing, --na missing,
        --quotechar quote, --encodng encoding, --charset encoding, --skiprows skip, --sheet-name sheet,
        --sheets sheet, --dtype set, --types set, --duplicates equal-rows, --equal-row equal-rows,
        --dropna drop-missing-target, --objective task, --problem task, --tsk task, --categorical text,
        --cat text, --jsn json, --no-header no-header, --has-header header, --shema schema, --schemas schema,
        --times time, --timestamp time, --stric strict, --hepl help""",
    "predict": """
        --proba probabilities, --probability probabilities, --probs probabilities, --output out,
        --probablities probabilities""",
    "explain": """
        --param parameter, --weight parameter, --parametr parameter, --line row, --rows row, --puller pullers,
        --optimizr optimiser, --fmt format, --formt format, --asci ascii""",
    "check": """
        --params parameters, --samples rows, --row rows, --gradients gradient, --grad gradient, --sed seed""",
    "suspects": """
        --n top, --limit top, --tops top, --tpo top""",
}  # fmt: skip
MISTYPED_CHOICES = {
    tuple(ACTIVATIONS): """
        ReLU relu, reul relu, RELU relu, rectifier relu, logistic sigmoid, sigmod sigmoid, swish silu,
        Tanh tanh, tahn tanh, leaky-relu leaky_relu, leakyrelu leaky_relu, LeakyReLU leaky_relu,
        soft_plus softplus, linear identity, GELU gelu, sigmoidal sigmoid, none identity""",
    tuple(OPTIMISERS): """
        sgd gradient_descent, SGD gradient_descent, Adam adam, adm adam, adamW adamw, AdamW adamw, rms rmsprop,
        RMSProp rmsprop, l-bfgs lbfgs, L-BFGS lbfgs, bfgs lbfgs, nag nesterov, momentm momentum,
        nestrov nesterov, gd gradient_descent, gradient-descent gradient_descent, adagrd adagrad""",
    tuple(SCHEDULES): """
        onecycle one_cycle, one-cycle one_cycle, cos cosine, cosin cosine, exp exponential,
        invscaling inverse_time, fixed constant""",
    ("classification", "regression"): """
        classify classification, class classification, clasification classification, regress regression,
        Regression regression, regresion regression, numeric regression, binary classification""",
    tuple(KINDS): """
        numeric number, float number, int number, numbr number, bool boolean, datetime date, dates date,
        categorical category, factor category, ordinal ordered, string category, drop ignore, Number number""",
    ("text", "latex", "html", "json"): """
        tex latex, txt text, JSON json, htm html""",
    ("fit", "predict", "evaluate", "schema", "inspect", "check", "explain", "suspects", "doctor"): """
        train fit, ft fit, predit predict, prediction predict, eval evaluate, evaluat evaluate,
        describe schema, scheme schema, info inspect, outliers suspects, suspect suspects, verify check,
        explian explain, Fit fit, test evaluate""",
    ("species", "island", "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "sex"): """
        specis species, Species species, speceis species, spices species, bill-length-mm bill_length_mm,
        bill_length bill_length_mm, body_mass body_mass_g, bodymass_g body_mass_g, iland island,
        islands island, flipper_lenght_mm flipper_length_mm""",
    ("survived", "pclass", "sex", "age", "sibsp", "parch", "fare", "embarked", "class", "who", "adult_male"): """
        Survived survived, surived survived, suvrived survived, Age age, embarkd embarked,
        adult-male adult_male, adultmale adult_male, fair fare""",
}  # fmt: skip
UNLIKE = ["zebra", "quux", "moon", "42", "-", "--"]


def options_of(verb: str) -> list[str]:
    arguments = app[verb].assemble_argument_collection()
    return [*(name for one in arguments for name in one.names if name.startswith("--")), "--help"]


def pairs(table: str) -> list[list[str]]:
    return [each.split() for each in table.split(",")]


def test_mistyped_names_get_the_neighbour_that_was_meant():
    cases = [
        (typed, f"--{meant}", options_of(verb))
        for verb, table in MISTYPED_OPTIONS.items()
        for typed, meant in pairs(table)
    ]
    cases += [
        (typed, meant, list(known))
        for known, table in MISTYPED_CHOICES.items()
        for typed, meant in pairs(table)
    ]
    wrong = [
        (typed, meant, found) for typed, meant, known in cases if (found := closest(typed, known)) != meant
    ]
    assert len(cases) >= 200
    assert len(wrong) <= len(cases) // 50, wrong


@pytest.mark.parametrize("known", [options_of("fit"), list(ACTIVATIONS), ["age", "sex", "fare", "class"]])
def test_names_unlike_all_get_no_neighbour(known: list[str]):
    assert [closest(name, known) for name in UNLIKE] == [None] * len(UNLIKE)
