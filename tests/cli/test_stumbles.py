"""What new users type, and the whole of what they are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import deltarule
from deltarule import TableClassifier, save
from deltarule.__main__ import main as from_the_shell
from deltarule.cli import app, main
from deltarule.errors import OptionError
from deltarule.estimators.settings import LOSSES
from deltarule.maths.activations import ACTIVATIONS
from deltarule.maths.optimisers import OPTIMISERS
from deltarule.maths.schedules import SCHEDULES
from deltarule.spelling import closest
from deltarule.tables.measures import TITLES
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
        --dropuot dropout, --drop-out dropout, --wd weight-decay, --weightdecay weight-decay, --scheduler schedule,
        --lr-schedule schedule, --max-norm clip-norm, --gradient-clipping clip-norm, --label-smooting label-smoothing,
        --smoothing label-smoothing, --freeze only, --trainable only, --onyl only, --L1 l1, --L2 l2,
        --activations activation, --activaton activation, --activation-function activation,
        --acivation activation, --batch batch-size, --batchsize batch-size, --batch_size batch-size,
        --minibatch batch-size, --bacth-size batch-size, --early-stop early-stopping,
        --patience early-stopping, --early_stopping early-stopping, --earlystopping early-stopping,
        --n-jobs threads, --jobs threads, --thread threads, --treads threads,
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
    "importance": """
        --metric measure, --scoring measure, --mesure measure, --n-repeats repeats, --repeat repeats,
        --max-rows rows, --random-state seed""",
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
    tuple(LOSSES): """
        mse squared_error, MSE squared_error, rmse squared_error, squared-error squared_error, square squared_error,
        least_squares squared_error, mae absolute_error, l1 absolute_error, absolut absolute_error, pinball quantile,
        quantiles quantile, quantil quantile, hubber huber, Huber huber, poison poisson, Poisson poisson""",
    tuple(TITLES): """
        auc roc_auc, logloss log_loss, log-loss log_loss, R2 r2, acc accuracy, mse rmse, f1_score f1""",
    ("text", "latex", "html", "json"): """
        tex latex, txt text, JSON json, htm html""",
    ("fit", "predict", "evaluate", "schema", "inspect", "check", "explain", "suspects", "importance", "doctor"): """
        train fit, ft fit, predit predict, prediction predict, eval evaluate, evaluat evaluate,
        describe schema, scheme schema, info inspect, outliers suspects, suspect suspects, verify check,
        explian explain, Fit fit, test evaluate, importances importance, feature-importance importance""",
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


COLUMNS = "plot, length, width, colour, weight, kind"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a table of leaves and a model of their kind in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    leaves().write_csv("leaves.csv")
    save(TableClassifier(hidden=8, epochs=3).fit(leaves().drop("plot"), "kind"), "m")
    return tmp_path


def leaves(N: int = 100) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 2, N)
    return pl.DataFrame(
        {
            "plot": [f"{n:03d}" for n in range(N)],
            "length": 3.0 * kind + rng.normal(size=N),
            "width": rng.normal(size=N),
            "colour": [["red", "green", "brown"][int(n)] for n in rng.integers(0, 3, N)],
            "weight": 1e5 + 1.0 * kind + rng.normal(size=N),
            "kind": [["oak", "elm"][int(n)] for n in kind],
        }
    )


def told(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    return main(words), *capsys.readouterr()


FIT = "See: deltarule fit --help"
SENTENCES = [
    (
        ("fit", "leaves.csv"),
        f"which column is to be learnt? leaves.csv has {COLUMNS}; name one: deltarule fit leaves.csv --target COLUMN",
    ),
    (
        ("fit", "leaves.csv", "-t", "knd", "-o", "m"),
        f"there is no target column 'knd' in leaves.csv; did you mean 'kind'? Its columns: {COLUMNS}.",
    ),
    (
        ("schema", "leaves.csv", "-t", "knd", "-o", "m"),
        f"there is no target column 'knd' in leaves.csv; did you mean 'kind'? Its columns: {COLUMNS}.",
    ),
    (("fit", "leaves.csv", "-t", "kind", "-o", "m"), "m exists; add --force to replace it, or give another --out."),
    (
        ("fit",),
        "DATA is missing: fit needs a table, such as a CSV file; for example: deltarule fit penguins.csv --target "
        f"species. {FIT}",
    ),
    (
        ("predict", "m"),
        "DATA is missing: predict needs a table, such as a CSV file; for example: deltarule predict "
        "penguins.deltarule new.csv > species.csv. See: deltarule predict --help",
    ),
    (
        ("explain",),
        "MODEL is missing: explain needs a model file that fit has written; for example: deltarule explain "
        'penguins.deltarule penguins.csv --row 183 --parameter "w[1,7,9]". See: deltarule explain --help',
    ),
    (("fit", "leaves.csv", "--target"), f"--target needs a value after it. {FIT}"),
    (("fit", "leaves.csv", "--epoch", "5"), f"unknown option --epoch; did you mean --epochs? {FIT}"),
    (("fit", "--epoch=5", "leaves.csv"), f"unknown option --epoch; did you mean --epochs? {FIT}"),
    (("fit", "leaves.csv", "-x"), f"unknown option -x. {FIT}"),
    (("--vresion",), "unknown option --vresion; did you mean --version? See: deltarule --help"),
    (
        ("predict", "m", "leaves.csv", "--target", "kind"),
        "predict has no --target, which is an option of fit and schema. See: deltarule predict --help",
    ),
    (
        ("fit", "leaves.csv", "-t", "kind", "--task", "Classify"),
        "unknown --task 'Classify'; did you mean 'classification'? Known: classification, regression. "
        f"{FIT}",
    ),
    (
        ("fit", "leaves.csv", "-t", "kind", "--activation", "swish"),
        f"unknown --activation 'swish'; did you mean 'silu'? Known: {', '.join(ACTIVATIONS)}. {FIT}",
    ),
    (
        ("explain", "m", "leaves.csv", "--optimizer", "sgd"),
        f"unknown --optimiser 'sgd'; did you mean 'gradient_descent'? Known: {', '.join(OPTIMISERS)}. "
        "See: deltarule explain --help",
    ),
    (
        ("fit", "leaves.csv", "-t", "kind", "--ignore", "plot", "colour"),
        f"'colour' is one word too many; give the option again: --ignore colour. {FIT}",
    ),
    (
        ("fit", "leaves.csv", "m", "-t", "kind"),
        "'m' is one word too many; several files are one word, a pattern in quotes such as \"part-*.csv\". "
        f"{FIT}",
    ),
    (
        ("leaves.csv",),
        "leaves.csv is no command; one comes before it, for example: deltarule fit leaves.csv. See: deltarule --help",
    ),
    (("fit", "leaves.csv", "--seed", "1", "--seed", "2"), f"--seed is given more than once; give it once. {FIT}"),
    (("fit", "leaves.csv", "--hidden", "8,a"), f"--hidden is '8,a'; it must be whole numbers from 1 on, such as 64 or 64,64. {FIT}"),
    (("fit", "leaves.csv", "--hidden", "8.5"), f"--hidden is '8.5'; it must be whole numbers from 1 on, such as 64 or 64,64. {FIT}"),
    (("fit", "leaves.csv", "--test", "20%"), f"--test is '20%'; it must be a number from 0 to less than 1, such as 0.2. {FIT}"),
    (("fit", "leaves.csv", "--learning-rate", "0,01"), f"--learning-rate is '0,01'; it must be a finite number above 0, such as 0.01. {FIT}"),
    (("fit", "leaves.csv", "--epochs", "1,000"), f"--epochs is '1,000'; it must be a whole number from 1 on, such as 1000. {FIT}"),
    (
        ("predict", "m", "other.csv"),
        "the columns 'length', 'colour' are not in other.csv, but the model learnt from them; add or rename.",
    ),
    (
        ("predict", "m", "leaves.csv", "--id", "plt"),
        f"there is no column for --id 'plt' in leaves.csv; did you mean 'plot'? Its columns: {COLUMNS}.",
    ),
    (
        ("fit", "leaves.csv", "-t", "kind", "--members", "1", "--early-stopping", "5"),
        "early stopping watches the loss of a validation part, and there is none; add validation=0.1 "
        "(--validation 0.1).",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("words", "sentence"), SENTENCES, ids=[" ".join(words) for words, _ in SENTENCES])
def test_a_stumble_gets_a_sentence_with_what_to_type(
    folder: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
):
    leaves().drop("length", "colour").write_csv("other.csv")
    before = (folder / "m").read_bytes()
    code, out, err = told(capsys, *words)
    assert (code != 0, out, err) == (True, "", f"deltarule: {sentence}\n")
    assert (folder / "m").read_bytes() == before


@pytest.mark.parametrize(
    ("verb", "option"),
    [
        ("fit", "--epochs"), ("fit", "--batch-size"), ("fit", "--seed"), ("fit", "--threads"), ("fit", "--skip"),
        ("fit", "--early-stopping"), ("check", "--rows"), ("check", "--parameters"), ("check", "--seed"),
        ("suspects", "--top"), ("importance", "--top"), ("importance", "--repeats"), ("explain", "--row"), ("explain", "--top"), ("explain", "--split"), ("predict", "--skip"),
    ],
)  # fmt: skip
def test_every_whole_number_is_one(folder: Path, capsys: pytest.CaptureFixture[str], verb: str, option: str):
    model = () if verb == "fit" else ("m",)
    for typed in ("1.5", "many", "0x10", "1,5"):
        code, out, err = told(capsys, verb, *model, "leaves.csv", option, typed)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert err.startswith(
            f"deltarule: {option} is {typed if typed == '1.5' else repr(typed)}; it must be a whole"
        )


@pytest.mark.parametrize(
    "words",
    [
        ["--hidden", "6", "4"], ["--hidden", "6,4"], ["--hidden", "6 4"], ["--hidden", "6x4"], ["--hidden", "6,", "4"],
        ["--hidden", "6", "--hidden", "4"], ["--hidden=6,4"], ["--hidden", "[6, 4]"],
    ],
)  # fmt: skip
def test_hidden_layers_however_they_are_typed(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str]
):
    assert told(
        capsys,
        "fit",
        *words,
        "leaves.csv",
        "-t",
        "kind",
        "--epochs",
        "1e0",
        "-q",
        "-f",
        "-o",
        "h",
        "--members",
        "1",
    ) == (0, "", "")
    assert deltarule.load("h").net_.sizes[1:] == (6, 4, 2)


def test_short_forms_and_ids(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert told(capsys, "fit", "leaves.csv", "-t", "weight", "-o", "w", "-q", "--epochs", "2") == (0, "", "")
    assert told(capsys, "-V")[:2] == (0, f"{deltarule.__version__}\n")
    assert "Usage: deltarule fit" in told(capsys, "fit", "-h")[1]
    code, out, err = told(capsys, "predict", "w", "leaves.csv", "--id", "plot", "--id", "weight")
    rows = [line.split(",") for line in out.splitlines()]
    assert (code, err, rows[0]) == (0, "", ["plot", "weight", "predicted weight"])
    assert [row[0] for row in rows[1:]] == leaves()["plot"].to_list()
    values = deltarule.load("w").predict(leaves())
    assert max(len(row[2]) for row in rows[1:]) <= 14
    np.testing.assert_allclose([float(row[2]) for row in rows[1:]], values, rtol=0, atol=1e-5)
    assert len({row[2] for row in rows}) > 90  # though float32 has but some twenty numbers there
    assert told(capsys, "predict", "m", "leaves.csv", "--id", "plot")[1].startswith("plot,kind\n000,")


def test_scores_say_what_they_were_measured_on(folder: Path, capsys: pytest.CaptureFixture[str]):
    told(capsys, "fit", "leaves.csv", "-t", "kind", "-o", "k", "--epochs", "2")
    where = "deltarule inspect k shows those of rows that were held out."
    long = Path("a-copy-of-it-in-another-order.csv")
    leaves().reverse().write_csv(long)
    _, out, _ = told(capsys, "evaluate", "k", str(folder / long))
    assert out.splitlines()[0].split() == ["a-copy-of-it-in-anoth...", "±", "constant"]
    assert "\n  ±: standard error, by which scores on other such rows would differ\n" in out
    assert out.splitlines()[1].split() == ["rows", "100"]
    said = next(n for n, line in enumerate(out.splitlines()) if "About" in line)
    assert out.splitlines()[said : said + 2] == [
        "  About 80% of these rows are among those that the model learnt from, so the scores are better than",
        f"  on new rows; {where}",
    ]
    leaves(200)[100:].write_csv("new.csv")
    _, out, _ = told(capsys, "evaluate", "k", "new.csv")
    assert "learnt from" not in out


def test_training_that_ended_says_why_and_scores_too_good_say_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    fit = ("fit", "leaves.csv", "-t", "kind", "-f", "-o", "w", "--validation", "0.2")
    _, out, _ = told(capsys, *fit, "--epochs", "4")
    said = "The validation loss still fell when the epochs were over; --epochs 8 trains for twice as many."
    assert said in out
    _, out, _ = told(capsys, *fit, "--epochs", "400", "--learning-rate", "0.05", "--early-stopping", "20")
    assert ", where the validation loss was least;" in " ".join(out.split())
    assert "still fell" not in out
    leaves().with_columns(again=pl.col("kind").str.to_uppercase()).write_csv("leak.csv")
    _, out, _ = told(capsys, "fit", "leak.csv", "-t", "kind", "--epochs", "5")
    assert "  These scores may be too good: again alone tells kind (--ignore again leaves it out).\n" in out


def test_columns_that_together_tell_too_much(folder: Path, capsys: pytest.CaptureFixture[str]):
    rng = np.random.default_rng(0)
    kind, noise = rng.integers(0, 2, 400) * 2.0 - 1.0, rng.normal(size=400) * 2.0
    paid = {"due": kind + noise, "paid": kind - noise, "late": np.where(kind > 0, "yes", "no")}
    pl.DataFrame(paid).write_csv("bills.csv")
    fit = ["fit", "bills.csv", "-t", "late", "--epochs", "300", "-f", "-o", "m"]
    assert main(fit) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "Suspiciously good: does a column hold what is known only together with late? --ignore COLUMN leaves it out."
        in said
    )
    pl.DataFrame({**paid, "late": rng.choice(["yes", "no"], 400)}).write_csv("bills.csv")
    assert main(fit) == 0
    assert "Suspiciously" not in capsys.readouterr().out


def test_many_columns_alike_are_all_named(folder: Path, capsys: pytest.CaptureFixture[str]):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({f"x{n}": rng.normal(size=40) for n in range(70)} | {"y": rng.normal(size=40)})
    frame.select(["x0", "x1", "x2", "x3", "x4", "y"]).write_csv("few.csv")
    frame.write_csv("many.csv")
    _, out, _ = told(capsys, "fit", "few.csv", "-t", "y", "--epochs", "1")
    assert "  5 columns  number, scaled; in bins: x0, x1, x2, x3, x4\n" in out
    _, out, _ = told(capsys, "fit", "many.csv", "-t", "y", "--epochs", "1")
    assert "x59, ... (70 in all)" in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 100


def test_one_is_no_plural(folder: Path, capsys: pytest.CaptureFixture[str]):
    leaves().select("length", "weight").write_csv("two.csv")
    _, out, _ = told(capsys, "fit", "two.csv", "-t", "weight", "--epochs", "1", "--members", "1")
    assert out.startswith("Data     two.csv: 100 rows, 1 column used as 1 feature\n")
    assert "1 column as 1 feature" in told(capsys, "inspect", "two.deltarule")[1]


MISTYPED_KEYWORDS = [
    (lambda: TableClassifier(optimizer="adam"), "TableClassifier has no argument optimizer; did you mean optimiser?"),
    (lambda: deltarule.TableRegressor(max_iter=3), "TableRegressor has no argument max_iter; did you mean epochs?"),
    (lambda: deltarule.Network([2, 1], activations="tanh"), "Network has no argument activations; did you mean activation?"),
    (lambda: deltarule.MLPClassifier(lr=0.1), "MLPClassifier has no argument lr; did you mean learning_rate_init?"),
    (lambda: deltarule.MLPRegressor(epochs=3), "MLPRegressor has no argument epochs; did you mean max_iter?"),
    (lambda: deltarule.train(0, 0, 0, lr=0.1), "train has no argument lr; did you mean learning_rate?"),
    (lambda: deltarule.check(0, 0, 0, sed=1), "check has no argument sed; did you mean seed?"),
    (lambda: deltarule.explain(0, "w", 0, 0, optimizer="adam"), "explain has no argument optimizer; did you mean optimiser?"),
    (lambda: deltarule.schema({}, setings={}), "schema has no argument setings; did you mean settings?"),
    (lambda: deltarule.importance(0, 0, scoring="r2"), "importance has no argument scoring; did you mean measure?"),
    (lambda: deltarule.suspects(0, 0, 0, zebra=1), "suspects has no argument zebra; it has model, X, y."),
]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "sentence"), MISTYPED_KEYWORDS, ids=[said.split()[0] for _, said in MISTYPED_KEYWORDS]
)
def test_a_mistyped_keyword_names_its_neighbour(call: Callable[[], object], sentence: str):
    with pytest.raises(TypeError) as error:
        call()
    assert str(error.value) == sentence
    assert isinstance(error.value, OptionError)


@pytest.mark.parametrize("make", [deltarule.TableClassifier, deltarule.TableRegressor])
def test_numbers_of_python_are_whole_too(make: Callable[..., TableClassifier]):
    for name in ("epochs", "batch_size", "seed", "n_threads", "early_stopping"):
        with pytest.raises(OptionError, match=f"{name} is 1.5; it must be a whole number"):
            make(**{name: 1.5}).fit({"x": [1.0, 2.0]}, [1, 2])
    with pytest.raises(OptionError, match=r"early stopping watches the loss of a validation part"):
        make(early_stopping=5).fit({"x": [1.0, 2.0, 3.0, 4.0]}, [1, 2, 1, 2])


def test_one_output_is_linear_unless_told():
    assert [deltarule.Network([3, n]).output.name for n in (1, 2)] == ["linear", "softmax"]


def test_without_the_application_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("deltarule.__main__.find_spec", lambda name: None)
    assert from_the_shell() == 1
    assert capsys.readouterr().err == (
        "deltarule: the command line needs cyclopts and rich; install it with: "
        'python -m pip install "deltarule[app]"\n'
    )
