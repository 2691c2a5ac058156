"""Bugs to plant, one at a time: in which file, what is written instead of what, and which tests should catch it."""

from __future__ import annotations

from dataclasses import dataclass

GRADIENTS = ("tests/maths/test_gradients.py", "tests/maths/test_worked_example.py")
ACTIVATIONS = ("tests/maths/test_activations.py",)
OUTPUTS = ("tests/maths/test_outputs.py",)
OPTIMISERS = ("tests/maths/test_optimisers.py",)
PENALTIES = ("tests/maths/test_penalties.py",)
TRAINING = ("tests/training/test_training.py",)
DROPOUT = ("tests/maths/test_dropout.py", "tests/engines/test_engines.py")
ENGINES = ("tests/engines/test_engines.py",)
COMPILED = ("tests/engines/test_compiled.py",)
SLOPES = ("tests/engines/test_functions.py::test_slopes_keep_their_digits_wherever_they_are_normal_numbers",)
AGREEMENT = ("tests/chain/test_certificate.py::test_machine_code_gives_the_derivations_gradient",)
STRANGERS = ("tests/engines/test_strangers.py",)
CUT = ("tests/engines/test_strands.py",)
CERTIFICATE = ("tests/chain/test_certificate.py",)
MISTAKES = ("tests/chain/test_mistakes.py",)
CHAIN = ("tests/chain/test_explanation.py",)
PULLERS = ("tests/chain/test_pullers.py",)
OPTIONS = ("tests/test_options.py",)
NAMES = ("tests/test_parameters.py",)
PARITY = ("tests/estimators/test_mlp_parity.py",)
MLP = ("tests/estimators/test_mlp.py",)
COMMANDS = ("tests/cli/test_cli.py",)
STREAMS = ("tests/cli/test_streams.py",)
FAILING = ("tests/cli/test_cli.py::test_standard_output_that_fails_ends_every_verb_alike",)
DEVICES = ("tests/cli/test_cli.py::test_out_may_be_a_device",)
APART = ("tests/cli/test_cli.py::test_a_process_that_is_ended_under_a_limit_is_spoken_for",)
FILES = ("tests/test_files.py",)
WRITING = ("tests/test_writing.py",)
MEMORY = ("tests/test_memory.py",)
TABLES = ("tests/tables/test_table_encoders.py", "tests/tables/test_table_targets.py")


@dataclass(frozen=True)
class Bug:
    """In `file`, below src/deltarule, `right` (which stands there once) becomes `wrong`."""

    name: str
    file: str
    right: str
    wrong: str
    tests: tuple[str, ...]


BUGS = [
    # The derivation
    Bug("sign of delta", "maths/outputs.py", "return self.y_hat(a) - p\n\n    def targets(self, y: Array, n: int) -> Array:\n        xp", "return p - self.y_hat(a)\n\n    def targets(self, y: Array, n: int) -> Array:\n        xp", GRADIENTS),
    Bug("MSE summed, not averaged, in its derivative", "maths/outputs.py", "return 2.0 * (a - p) / a.shape[1]", "return 2.0 * (a - p)", GRADIENTS),
    Bug("factor 2 of MSE missing", "maths/outputs.py", "return 2.0 * (a - p) / a.shape[1]", "return (a - p) / a.shape[1]", GRADIENTS),
    Bug("example weights missing (1/N)", "maths/passes.py", "return c[:, None] * net.output.delta(", "return net.output.delta(", GRADIENTS),
    Bug("soft labels ignored by cross entropy", "maths/outputs.py", "return -xp.sum(p * log_y_hat, axis=1)", "return -xp.sum((p == xp.max(p, axis=1, keepdims=True)) * log_y_hat, axis=1)", OUTPUTS),
    Bug("softmax without its largest logit", "maths/outputs.py", "half = 0.5 * a - 0.5 * xp.max(real(a), axis=1, keepdims=True)", "half = 0.5 * a", OUTPUTS),
    Bug("softmax Jacobian without - y_hat_i", "maths/outputs.py", "(one[None, :, :] - y_hat[:, None, :])", "(one[None, :, :] + 0.0 * y_hat[:, None, :])", OUTPUTS),
    Bug("softmax factor not divided by y_hat", "maths/outputs.py", "return _ratio(-p, self.y_hat(a))", "return -p * self.y_hat(a)", OUTPUTS),
    Bug("sigmoid loss with the wrong class", "maths/outputs.py", "per_label = at_least(a, 0.0) - p * a", "per_label = at_least(a, 0.0) - (1.0 - p) * a", OUTPUTS),
    Bug("Poisson's loss loses a term", "maths/outputs.py", "xp.exp(a) - p + p * (log_y - a)", "xp.exp(a) + p * (log_y - a)", OUTPUTS),
    Bug("the sides of the pinball exchanged", "maths/outputs.py", "where(real(sign) > 0, (1.0 - self.q) * sign, self.q * sign)", "where(real(sign) < 0, (1.0 - self.q) * sign, self.q * sign)", OUTPUTS),
    Bug("a modulus' slope where y_hat = y", "maths/outputs.py", "xp.astype(xp.sign(real(e)), e.dtype, copy=False)", "xp.astype(2.0 * xp.astype(real(e) >= 0, real(e).dtype) - 1.0, e.dtype)", OUTPUTS),
    Bug("Huber's loss jumps at d", "maths/outputs.py", "r * ((a - p) - 0.5 * r)", "0.5 * r * (a - p)", OUTPUTS),
    Bug("Huber clips on one side only", "maths/outputs.py", "xp.where(real(e) < -self.d, -self.d, e)", "e", OUTPUTS),
    Bug("every quantile is the median", "maths/outputs.py", "return WITH_A_NUMBER[kind](setting)", "return OUTPUTS[kind]", OUTPUTS),
    Bug("W not transposed back", "maths/passes.py", "dh[k - 1] = delta @ _columns(net.W[k], needed)", "dh[k - 1] = (delta @ _columns(net.W[k], needed))[:, ::-1]", GRADIENTS),
    Bug("derivative at h instead of a", "maths/passes.py", "net.g[k - 1].df(_columns(trace.a[k - 1]", "net.g[k - 1].df(_columns(trace.h[k - 1]", GRADIENTS),
    Bug("derivative of the wrong layer's activation", "maths/passes.py", "dh[k - 1] * net.g[k - 1].df", "dh[k - 1] * net.g[max(1, k - 2)].df", GRADIENTS),
    Bug("bias summed twice", "maths/passes.py", "db[k] = learning.__array_namespace__().sum(learning, axis=0)", "db[k] = 2 * learning.__array_namespace__().sum(learning, axis=0)", GRADIENTS),
    Bug("bias averaged over the batch", "maths/passes.py", "db[k] = learning.__array_namespace__().sum(learning, axis=0)", "db[k] = learning.__array_namespace__().mean(learning, axis=0)", GRADIENTS),
    Bug("dW of absolute activations", "maths/passes.py", "dW[k] = learning.T @ _columns(trace.h[k - 1]", "dW[k] = learning.T @ _columns(abs(trace.h[k - 1])", GRADIENTS),
    Bug("lowest layer off by one", "maths/passes.py", "default=net.K)\n", "default=net.K) - 1\n    lowest = max(1, lowest)\n", (*GRADIENTS, "tests/maths/test_array_api.py")),
    Bug("norm per example without the bias", "maths/passes.py", "(xp.sum(h**2, axis=1) + 1.0)", "xp.sum(h**2, axis=1)", GRADIENTS),
    Bug("central difference over h", "maths/differences.py", "(up[i] - down[i])", "(up[i] - theta[i])", CERTIFICATE),
    Bug("wrong column in the chain", "maths/jacobians.py", "h_j = h[:, j - 1]", "h_j = h[:, 0]", GRADIENTS),
    Bug("relu' is 1 below 0", "maths/activations.py", "return xp.astype(real(a) > 0, a.dtype)", "return xp.astype(real(a) < 0, a.dtype)", ACTIVATIONS),
    Bug("leaky slope forgotten in g'", "maths/activations.py", "return xp.where(real(a) > 0, xp.ones_like(a), self.slope)", "return xp.where(real(a) > 0, xp.ones_like(a), 0.0)", ACTIVATIONS),
    Bug("selu' loses its scale", "maths/activations.py", "return self.s * xp.where(real(a) > 0, xp.ones_like(a)", "return xp.where(real(a) > 0, xp.ones_like(a)", ACTIVATIONS),
    Bug("gelu' loses its inner derivative", "maths/activations.py", "SIGMOID.f(-two_u) * two_du)", "SIGMOID.f(-two_u))", ACTIVATIONS),
    Bug("silu' loses a term", "maths/activations.py", "slope = SIGMOID.f(t) * (1.0 + t * SIGMOID.f(-t))", "slope = SIGMOID.f(t)", ACTIVATIONS),
    Bug("sigmoid' is its square", "maths/activations.py", "return self.f(a) * self.f(-a)", "return self.f(a) * self.f(a)", ACTIVATIONS),
    # Penalties and optimisers
    Bug("L2's half forgotten", "maths/penalties.py", "0.5 * self.l2 * xp.sum(w * w)", "self.l2 * xp.sum(w * w)", GRADIENTS),
    Bug("L1 without its sign", "maths/penalties.py", "self.l1 * w.__array_namespace__().sign(w)", "self.l1 * abs(w.__array_namespace__().sign(w))", GRADIENTS),
    Bug("clipping lengthens short gradients", "maths/penalties.py", "xp.where(norm > bound, norm, bound)", "xp.where(norm < bound, norm, bound)", TRAINING),
    Bug("clipping by value on one side only", "maths/penalties.py", ".clip(grad, -bound, bound)", ".clip(grad, None, bound)", PENALTIES),
    Bug("Adam without bias correction", "maths/optimisers.py", "return m / (1.0 - self.beta1**t)", "return m", OPTIMISERS),
    Bug("Adam's v of g, not of its square", "maths/optimisers.py", "v = self.beta2 * state[\"v\"] + (1.0 - self.beta2) * grad**2", "v = self.beta2 * state[\"v\"] + (1.0 - self.beta2) * abs(grad)", OPTIMISERS),
    Bug("NAdam without its step ahead", "maths/optimisers.py", "(1.0 - self.beta1 ** (t + 1))", "(1.0 - self.beta1 ** t)", OPTIMISERS),
    Bug("Nesterov is plain momentum", "maths/optimisers.py", "return self.mu * v - lr * grad, state", "return v, state", OPTIMISERS),
    Bug("AdaGrad forgets", "maths/optimisers.py", "s = state[\"s\"] + grad**2", "s = grad**2", OPTIMISERS),
    Bug("RMSProp with rho and 1 - rho exchanged", "maths/optimisers.py", "s = self.rho * state[\"s\"] + (1.0 - self.rho) * grad**2", "s = (1.0 - self.rho) * state[\"s\"] + self.rho * grad**2", OPTIMISERS),
    Bug("Rprop shrinks where it should grow", "maths/optimisers.py", "xp.where(turn > 0, self.grow,", "xp.where(turn > 0, self.shrink,", OPTIMISERS),
    Bug("decay of biases", "maths/optimisers.py", "return xp.where(is_weight, -lr * weight_decay * theta, xp.zeros_like(theta))", "return -lr * weight_decay * theta", TRAINING),
    # Names and selections
    Bug("unit and input exchanged", "parameters.py", "return self.W[k].start + (i - 1) * self.sizes[k - 1] + j - 1", "return self.W[k].start + (j - 1) * self.sizes[k - 1] + i - 1", (*TRAINING, *NAMES, *GRADIENTS)),
    Bug("only is ignored in the gradient", "parameters.py", "                W[k][~of_W[k]] = 0\n", "", GRADIENTS),
    Bug("weights do not sum to 1", "network.py", "return (w / w.sum()).astype(self.dtype)", "return w.astype(self.dtype)", (*GRADIENTS, "tests/test_network.py")),
    Bug("a copy forgets the output's number", "network.py", "\"output\": str(self.output),", "\"output\": self.output.name,", ("tests/test_network.py",)),
    # Engine and training
    Bug("a frozen parameter moved by decay", "engines/reference.py", "        net.theta[self.index] = updated\n", "        net.theta[self.index] = updated\n        net.theta *= 1.0 - lr * q.optimiser.weight_decay\n", TRAINING),
    Bug("penalty on biases", "engines/reference.py", "return np.where(self.is_weight, self.problem.penalty.gradient(theta), np.zeros_like(theta))", "return self.problem.penalty.gradient(theta)", (*TRAINING, *ENGINES)),
    Bug("the ragged last batch is dropped", "engines/reference.py", "for start in range(0, len(order), q.batch_size):", "for start in range(0, len(order) - q.batch_size + 1, q.batch_size):", (*TRAINING, *ENGINES)),
    Bug("batch weights not scaled to 1", "engines/reference.py", "self._loss_and_gradient(X, p, c / c.sum(), masks)", "self._loss_and_gradient(X, p, c)", (*TRAINING, *ENGINES)),
    Bug("the optimiser's state is lost", "engines/reference.py", "        self.state = state\n", "        self.state = self.problem.optimiser.init(theta) | {\"t\": state[\"t\"]}\n", (*TRAINING, *ENGINES)),
    Bug("validation rows are learnt from", "training/loop.py", "return _rescaled(net, kept_examples), _rescaled(net, held)", "return examples, _rescaled(net, held)", TRAINING),
    Bug("the last weights instead of the best", "training/stopping.py", "            event.net.theta = self._best_theta\n", "            pass\n", TRAINING),
    Bug("the same order in every run", "training/loop.py", "np.random.default_rng([seed, epoch]).permutation(N)", "np.random.default_rng([0, epoch]).permutation(N)", TRAINING),
    Bug("an interruption is not heeded", "engines/reference.py", "                if interrupted[0]:\n                    break\n", "", TRAINING),
    Bug("an ignored Ctrl-C stays ignored", "cli/interruption.py", "        yield\n        return\n    signal.signal(signal.SIGINT, signal.default_int_handler)", "        yield\n        return", ("tests/cli/test_cli.py::test_ctrl_c_before_training_writes_nothing",)),
    Bug("a second Ctrl-C is ignored", "training/interruption.py", "before if callable(before) else signal.default_int_handler", "before", TRAINING),
    # The certificate
    Bug("a given gradient's faults are no failure", "chain/certificate.py", "return is_right and all(", "return all(", MISTAKES),
    Bug("one layer's missing slope is none", "chain/mistakes.py", "wrong[k] if k == m else g", "g", MISTAKES),
    Bug("what fits one array is kept where nothing fits another", "chain/mistakes.py", "key=lambda each: (each[0], len(each[1]))", "key=lambda each: (-each[0], len(each[1]))", MISTAKES),
    Bug("rounding in single precision is a mistake", "chain/mistakes.py", "<= tolerance * size + SMALLEST", "<= tolerance * 1e-3 * size", MISTAKES),
    Bug("units alike are none", "chain/units.py", "if len(units) > 1]", "if len(units) > 9]", MISTAKES),
    Bug("off on some row is off on every row", "chain/units.py", "== 0).all(axis=0)) + 1", "== 0).any(axis=0)) + 1", MISTAKES),
    Bug("one small factor is called depth", "chain/sizes.py", " or 2 * log.min() < log.sum():", ":", MISTAKES),
    Bug("NaN passes", "chain/certificate.py", "        return math.nan\n", "        return 0.0\n", CERTIFICATE),
    Bug("a kink excuses a wrong gradient", "chain/certificate.py", "    if not complex_error <= COMPLEX_LIMIT:\n        verdict = \"FAIL\"\n    elif _changes_side", "    if _changes_side", CERTIFICATE),
    Bug("a kink of the loss is overlooked", "chain/certificate.py", "bool((net.output.side(moved_a[-1], p) != here).any())", "False", CERTIFICATE),
    Bug("the certificate compares with itself", "chain/certificate.py", "by_complex = float(differences.complex_step(loss, w)[0])", "by_complex = analytic", CERTIFICATE),
    # Chain
    Bug("paths go through the wrong weights", "chain/paths.py", "        W = np.abs(net.W[m]) if is_absolute else net.W[m]", "        W = np.abs(net.W[m]) if is_absolute else net.W[m][::-1]", CHAIN),
    Bug("the largest path is not listed", "chain/paths.py", "examples = np.argsort(-best, kind=\"stable\")[:LISTED]", "examples = np.argsort(best, kind=\"stable\")[:LISTED]", CHAIN),
    Bug("the rest of the paths forgets one", "chain/paths.py", "sum(path.value for path in largest),", "sum(path.value for path in largest[1:]),", CHAIN),
    Bug("the local part misses an activation", "chain/explanation.py", "for layer in range(k, m + 1):", "for layer in range(k, m):", CHAIN),
    Bug("the update goes up", "chain/update.py", "moved[n] += step[0]", "moved[n] -= step[0]", CHAIN),
    Bug("too few digits to multiply", "chain/document.py", "for digits in range(DIGITS, EXACT):", "for digits in range(3, EXACT):\n        return 3", CHAIN),
    Bug("an example's weight is forgotten", "chain/explanation.py", "contributions = c * steps[-1].so_far[:, 0, 0]", "contributions = steps[-1].so_far[:, 0, 0] / len(c)", CHAIN),
    Bug("an underflow goes unnoticed", "chain/explanation.py", "is_fused=bool(note))\n    steps", "is_fused=False)\n    steps", CHAIN),
    Bug("who pulls down is said to pull up", "chain/pullers.py", "order[::-1][:most] if contributions[n] > 0", "order[:most] if contributions[n] < 0", PULLERS),
    Bug("a group's pull is an average", "chain/pullers.py", "np.bincount(number, contributions)", "np.bincount(number, contributions) / counts", PULLERS),
    Bug("suspects in the wrong order", "chain/suspects.py", "np.argsort(-norms", "np.argsort(norms", PULLERS),
    Bug("a layer's inputs are all multiplied", "parameters.py", "{k: np.flatnonzero(some) for k, some in inputs.items() if some.any() and not some.all()}", "{}", ("tests/maths/test_array_api.py",)),
    # Tables
    Bug("test rows' own mean in standardising", "tables/encoders.py", "return standardised(filled, self.mean, self.std, self.unit)[:, None]", "return standardised(filled, float((filled / self.unit).mean()), self.std, self.unit)[:, None]", TABLES),
    Bug("predictions stay standardised", "tables/targets.py", "return (y.astype(np.float64) * self.std + self.mean) * self.unit", "return y.astype(np.float64) * self.std + self.mean", TABLES),
    # Dropout
    Bug("dropout without its scale", "maths/dropout.py", "* (WORD / (WORD - threshold))", "* 1.0", DROPOUT),
    Bug("dropout forgotten in the backward pass", "maths/passes.py", "delta = delta * _columns(trace.M[k - 1], needed)", "pass", DROPOUT),
    Bug("the same masks in every update", "maths/dropout.py", "mixed(mixed(seed % WORD) ^ t % WORD)", "mixed(mixed(seed % WORD))", DROPOUT),
    Bug("dropout in predictions", "engines/reference.py", "trace = passes.forward(net, X, masks)", "trace = passes.forward(net, X, masks or self.problem.masks(np.arange(len(X)), 0))", DROPOUT),
    Bug("the mask misses the slopes", "engines/compiled/kernels/dropout.py", "for place in (write.at(h, n), write.at(d, n)):", "for place in (write.at(h, n),):", DROPOUT),
    Bug("a unit's mask goes by its place among a thread's units", "engines/compiled/kernels/dropout.py", "salt + (first + r) * GOLDEN", "salt + r * GOLDEN", COMPILED),
    Bug("keys by place in the batch", "engines/compiled/kernels/passes.py", "chunk * columns + r] = keys[order[r]]", "chunk * columns + r] = keys[r]", COMPILED),
    # The compiled engine
    Bug("a subclass counts as its base", "engines/compiled/codes.py", "if kind not in known:", "if not issubclass(kind, known):", STRANGERS),
    Bug("attributes of one's own are overlooked", "engines/compiled/codes.py", "elif own:", "elif not known:", STRANGERS),
    Bug("a subclass of a constant schedule is constant", "engines/compiled/engine.py", "type(q.schedule) is Constant", "isinstance(q.schedule, Constant)", STRANGERS),
    Bug("another engine runs without a word", "engines/__init__.py", "warnings.warn(notice, stacklevel=2)", "pass", STRANGERS),
    Bug("predictions of the engine that does not know the network", "engines/__init__.py", 'if default() == "reference" or _strangers(net):', 'if default() == "reference":', STRANGERS),
    Bug("copies take functions by name", "network.py", "net.g, net.output = g, output", "net = Network(**spec)", STRANGERS),
    Bug("the slope of a saturated tanh cancels", "engines/compiled/kernels/activations.py", "four_e * inverse * inverse", "1.0 - (less * inverse) * (less * inverse)", SLOPES),
    Bug("a slope loses its digits where it passes 0", "engines/compiled/kernels/activations.py", ".where(abs(d) < NEAR, direct)", ".where(abs(d) < 0.0, direct)", SLOPES),
    Bug("gelu' takes a rounded exponent", "engines/compiled/kernels/activations.py", "return short_A * r + short_B * cube, low", "return short_A * r + short_B * cube + low, 0.0 * low", SLOPES),
    Bug("silu' in single precision", "maths/activations.py", "xp.astype(a, xp.float64) if a.dtype == xp.float32 else a", "a", SLOPES),
    Bug("check sees that machine code leaves slopes out", "engines/compiled/kernels/passes.py", "n_out, n_out, 0, MULTIPLY,", "n_out, n_out, 0, SET,", AGREEMENT),
    Bug("check sees a mistaken slope of machine code", "engines/compiled/kernels/activations.py", "return a * (v * w), v * factor * w\n\n\ndef _softplus", "return a * (v * w), v * factor * w * 1.001\n\n\ndef _softplus", AGREEMENT),
    Bug("an engine's faults are no failure", "chain/certificate.py", " and not (self.engine and self.engine.off)", "", CERTIFICATE),
    Bug("the engine is checked without its penalty", "training/proof.py", "selection=selection, penalty=penalty", "selection=selection, penalty=Penalty()", CERTIFICATE),
    Bug("updates nobody counts", "engines/reference.py", 'self._refuse_count(state, self.state["t"] + 1)', "pass", STRANGERS),
    Bug("machine code is told nothing of the output's number", "engines/compiled/plan.py", "np.float64(net.output.setting or 0.0)", "np.float64(0.5)", COMPILED),
    Bug("machine code exchanges the sides of the pinball", "engines/compiled/kernels/outputs.py", "_tilted(columns, c, q, 1.0 - q)", "_tilted(columns, c, 1.0 - q, q)", COMPILED),
    Bug("machine code moves what lies on a kink", "engines/compiled/kernels/outputs.py", "(-below).where(e < 0.0, e)", "-below", COMPILED),
    Bug("machine code clips Huber's slope on one side only", "engines/compiled/kernels/outputs.py", "r = larger(-d, smaller(d, e))", "r = smaller(d, e)", COMPILED),
    Bug("machine code of another quantile is taken", "engines/compiled/freezing.py", "plan.places[:PRODUCT].tobytes()", "plan.places[:20].tobytes()", COMPILED),
    Bug("the bias has no input", "engines/compiled/memory.py", "h.reshape(chunks, height, columns)[:, n] = 1", "h.reshape(chunks, height, columns)[:, n] = 0", COMPILED),
    Bug("biases decay too", "engines/compiled/kernels/blocks.py", "return block[2] - block[1], min(block[4], layers[block[0], N_IN]) - block[3]", "return block[2] - block[1], block[4] - block[3]", COMPILED),
    Bug("a frozen parameter is not put back", "engines/compiled/kernels/rowwise.py", "return y.where(m > 0.0, x)", "return y", COMPILED),
    Bug("the running product begins at 1", "engines/compiled/kernels/epoch.py", "reals[FIVE] ** t, reals[FIVE + 1] ** t", "1.0, 1.0", COMPILED),
    Bug("single examples forget the second moment's correction", "engines/compiled/kernels/single.py", "        running_b *= settings[1]", "        running_b *= 0.0", COMPILED),
    Bug("a group begins with the gradient of the batch before", "engines/compiled/kernels/epoch.py", "SET if start == first else ADD", "ADD", COMPILED),
    Bug("an inner product leaves out the last examples", "engines/compiled/kernels/vectors.py", 'builder.icmp_signed("<", full, count)', 'builder.icmp_signed("<", count, full)', COMPILED),
    Bug("an inner product is written where nobody is", "engines/compiled/kernels/inner.py", "with builder.if_then(there[r]):", "with builder.if_then(there[0]):", COMPILED),
    Bug("the gradient of b_1 goes to the last input's weights", "engines/compiled/kernels/listing.py", "goal + (n_in - r0) * to_row", "goal + (n_in - 1 - r0) * to_row", ENGINES),
    Bug("a batch's products are added to those of the batch before", "engines/compiled/kernels/listing.py", "    if mode == SET:", "    if mode != SET:", ENGINES),
    Bug("every strand adds b_2", "engines/compiled/plan.py", "end - first, end == strands[-1]", "end - first, 1", CUT),
    Bug("a strand takes the mask of the first", "engines/compiled/kernels/passes.py", "layers[k, FIRST] + first, layers[k, DROP]", "first, layers[k, DROP]", CUT),
    Bug("only two strands are added up", "engines/compiled/kernels/passes.py", "for s in range(2, len(layers_of)):", "for s in range(2, 2):", CUT),
    Bug("strands take the same columns of W_2", "engines/compiled/plan.py", "first * length + int(of_strand[k - 1, FIRST])", "first * length", CUT),
    Bug("parts of a batch share a gradient", "engines/compiled/kernels/epoch.py", "places[GRADIENT] + group * places[SIZE]", "places[GRADIENT] + 0 * group * places[SIZE]", COMPILED),
    Bug("theta is given back in the middle of an epoch that diverged", "engines/compiled/kernels/transfers.py", "look(counters, STOP) != DIVERGED and ", "", COMPILED),
    Bug("a diverged run goes back to theta alone", "engines/compiled/engine.py", "place.memory.numbers[: len(place.before)] = place.before", "place.memory.numbers[: len(q.net.theta)] = place.before[: len(q.net.theta)]", COMPILED),
    Bug("half as wide vectors keep products with a sum", "engines/compiled/processor.py", '16: ("avx", "fma",', '16: ("avx",', ("tests/engines/test_vectors.py::test_features_wider_than_the_vectors_are_left_out",)),
    Bug("vectors may be wider than the processor's", "engines/compiled/processor.py", "if width <= widest]", "if width]", ("tests/engines/test_vectors.py::test_a_width_that_the_processor_lacks_gets_one_sentence",)),
    Bug("a row of X ends in the next one", "engines/compiled/kernels/tiles.py", "fits = builder.icmp_signed(\"<\", count, write.whole(PANEL))", "fits = builder.icmp_signed(\"<\", count, write.whole(2 * PANEL))", COMPILED),
    Bug("only the first chunk of examples counts in a gradient", "engines/compiled/kernels/blocks.py", "count, columns, height * columns, mode", "count, columns, 0, mode", COMPILED),
    # MLPClassifier and MLPRegressor
    Bug("the penalty is not divided by the batch's weight", "estimators/descent.py", "Penalty(l2=float(estimator.alpha), is_shared=True)", "Penalty(l2=float(estimator.alpha))", PARITY),
    Bug("eps after the correction", "estimators/descent.py", "eps=est.epsilon, eps_hat=True", "eps=est.epsilon", PARITY),
    Bug("the order is drawn anew instead of shuffled on", "estimators/descent.py", "order = order[places]", "order = places", PARITY),
    Bug("the loss without its penalty", "estimators/descent.py", "est.loss_ = self.scale * result.mean_of_batches + result.penalty", "est.loss_ = self.scale * result.mean_of_batches", PARITY),
    Bug("the loss a mean over weights and not over batches", "estimators/descent.py", "est.loss_ = self.scale * result.mean_of_batches", "est.loss_ = self.scale * result.loss", PARITY),
    Bug("the squared error summed over outputs", "estimators/descent.py", "1.0 / estimator.n_outputs_ if estimator", "1.0 if estimator", PARITY),
    Bug("listeners hear of a loss summed over outputs", "estimators/descent.py", "            loss=self.scale * result.loss,", "            loss=result.loss,", MLP),
    Bug("the state is forgotten between partial fits", "estimators/descent.py", "            runner.state = self._state()", "            pass", PARITY),
    Bug("the state is not kept for partial fits", "estimators/descent.py", 'kept.ms, kept.vs = params(state["m"]), params(state["v"])', "pass", PARITY),
    Bug("two classes in the other order", "estimators/labels.py", "np.array([1]) if is_binary", "np.array([0]) if is_binary", PARITY),
    Bug("classes in the order of their coming", "estimators/labels.py", "classes = sorted(set(labels))", "classes = list(dict.fromkeys(labels))", PARITY),
    Bug("the rate of the epoch before", "estimators/descent.py", "self.rate.factor = est._optimizer.learning_rate / est.learning_rate_init", "self.rate.factor = 1.0", PARITY),
    Bug("stalls at one epoch too few", "estimators/descent.py", "return est._no_improvement_count > est.n_iter_no_change", "return est._no_improvement_count >= est.n_iter_no_change", PARITY),
    Bug("a logistic layer starts as any other", "estimators/mlp.py", "(2.0 if name in", "(6.0 if name in", PARITY),
    Bug("an estimator keeps its last weights instead of the best", "estimators/descent.py", "est.coefs_, est.intercepts_ = est._best_coefs, est._best_intercepts", "pass", (*PARITY, *MLP)),
    Bug("class weights forgotten in validation", "estimators/mlp.py", "held.weights = _times(held.weights, factors, held.targets)", "pass", MLP),
    Bug("labels smoothed to one class more", "estimators/descent.py", "return (1.0 - share) * p + share / classes", "return (1.0 - share) * p + share / (classes + 1)", MLP),
    Bug("example weights forgotten in the validation loss", "estimators/descent.py", "(w / w.sum()).astype(dtype)", "np.full(len(w), 1 / len(w), dtype)", MLP),
    Bug("copies on both sides", "estimators/held.py", "if is_plain and len(np.unique(keys)) == len(keys):", "if is_plain:", MLP),
    Bug("the share held out goes by rows", "estimators/held.py", "passed = np.cumsum(weight[order])", "weight = np.ones_like(weight)\n        passed = np.cumsum(weight[order])", MLP),
    Bug("dropout's masks follow no seed", "estimators/descent.py", "int(est._random_state.randint(2**31)))", "0)", MLP),
    Bug("what is not trainable learns", "estimators/descent.py", "self.work.layout.select(estimator.trainable)", "self.work.layout.select(None)", MLP),
    Bug("an activation for each layer in reverse", "estimators/mlp.py", "ours if is_several(self.activation) else ours[0],", "ours[::-1] if is_several(self.activation) else ours[0],", MLP),
    Bug("joblib's threads take all processors", "estimators/descent.py", "(1 if backend.nesting_level else None)", "None", MLP),
    Bug("the optimum of a scorer is its least", "estimators/descent.py", "if score > est.best_validation_score_:", "if score < est.best_validation_score_:", (*PARITY, *MLP)),
    Bug("broken numbers are cut to whole ones", "options.py", '(self.kind == "real" or isinstance(plain, int) or plain.is_integer())', "True", OPTIONS),
    Bug("a flag counts as a number", "options.py", "if isinstance(plain, bool) or not", "if not", OPTIONS),
    Bug("an open upper end counts as closed", "options.py", "plain < self.high if self.is_high_open else plain <= self.high", "plain <= self.high", OPTIONS),
    Bug("a setting of integers stays one", "options.py", 'if self.kind == "whole" else float(each)', 'if self.kind == "whole" else each', OPTIONS),
    Bug("a single number is no list of one", "options.py", "return values if is_list else values[0]", "return values if is_several(plain) else values[0]", OPTIONS),
    Bug("too short a list is taken", "options.py", "len(values) < self.fewest or not", "not", OPTIONS),
    Bug("a set counts as a list", "options.py", "(str, bytes, Mapping, Set)", "(str, bytes, Mapping)", OPTIONS),
    Bug("0-d arrays count as lists", "options.py", ' or getattr(value, "ndim", 1) == 0', "", OPTIONS),
    Bug("a class counts as a listener", "options.py", "if not callable(each) or isinstance(each, type):", "if not callable(each):", OPTIONS),
    Bug("fields of optimisers are not checked", "options.py", "object.__setattr__(record, name, options[name].check(getattr(record, name)))", "pass", OPTIONS),
    Bug("a network's size is not compared with memory", "memory.py", "require(P * itemsize + drawn * 8,", "require(P,", OPTIONS),
    Bug("the gradient is not counted", "training/loop.py", "2 + chosen.numbers", "1 + chosen.numbers", OPTIONS),
    Bug("an empty name of starting weights is the default", "network.py", 'if initial is None else initial', 'if not initial else initial', OPTIONS),
    Bug("an open end counts as closed", "options.py", "plain > self.low if self.is_low_open else plain >= self.low", "plain >= self.low", OPTIONS),
    # Machine code and its files
    Bug("a docstring counts as code", "engines/compiled/sources.py", "[each for each in node.body if not _is_text(each)] or [ast.Pass()]", "node.body", ("tests/engines/test_sources.py",)),
    Bug("what a module gives is not followed", "engines/compiled/sources.py", "                named.add(self._defined(\".\".join(", "                named.discard(self._defined(\".\".join(", ("tests/engines/test_sources.py::test_all_that_a_kernel_really_reaches_is_found",)),
    Bug("a damaged kernel is loaded", "engines/compiled/cache.py", "if len(digest) < DIGEST or hashlib.sha256(body).digest() != digest:", "if len(digest) < DIGEST:", ("tests/engines/test_machine_code.py::TestFiles",)),
    Bug("old machine code is kept for ever", "engines/compiled/cache.py", "if room < 0 or (", "if (", ("tests/engines/test_machine_code.py::TestFiles",)),
    Bug("a process that the system ended is followed", "engines/compiled/machine_code.py", "        raise MemoryError  # this process would share its fate\n", "", ("tests/engines/test_machine_code.py::TestCompiled",)),
    Bug("nobody hears why a kernel was not kept", "engines/compiled/machine_code.py", "next((each.trouble for each in made or () if each.trouble), \"\")", "\"\"", ("tests/engines/test_machine_code.py::TestCompiled",)),
    Bug("frozen kernels are held for ever", "engines/compiled/freezing.py", "if len(cls.known) > cls.MOST:", "if False:", ("tests/engines/test_machine_code.py::TestFrozen",)),
    # Whatever starts a command
    Bug("a command breaks off where the terminal lacks a letter", "cli/streams.py", "out.reconfigure(errors=PLAINER)", 'out.reconfigure(errors="strict")', STREAMS),
    Bug("standard output is not given back as it was", "cli/streams.py", "out.reconfigure(encoding=encoding, errors=errors)", "out.flush()", STREAMS),
    Bug("no plainer letter is found", "cli/streams.py", '"NFKD"', '"NFC"', STREAMS),
    Bug("programs get the locale's letters", "cli/streams.py", 'reconfigure(encoding="utf-8", errors=PLAINER)', "reconfigure(errors=PLAINER)", STREAMS),
    Bug("a chain is explained in letters that lack", "cli/explain.py", "ascii=ascii or not has_every_letter()", "ascii=ascii", STREAMS),
    Bug("a closed standard input is read", "tables/readers.py", "if is_standard and cast(Any, sys.stdin) is None:", "if False:", STREAMS),
    Bug("a closed standard error is asked whether it is a terminal", "training/progress.py", "sys.stderr is not None and sys.stderr.isatty()", "sys.stderr.isatty()", ("tests/training/test_progress.py::test_no_bar_where_standard_error_is_closed",)),
    Bug("OMP_NUM_THREADS makes more processors than there are", "engines/machine.py", "min(there, int(told))", "int(told)", MLP),
    # Files and standard output
    Bug("standard output's failures are like any others", "cli/standard.py", "    except OSError as error:\n        raise FileError(", "    except ZeroDivisionError as error:\n        raise FileError(", FAILING),
    Bug("a closed standard output is written to in vain", "cli/standard.py", "        if self.stream is None:\n            raise FileError(", "        if self.stream is None:\n            return 0\n            raise FileError(", FAILING),
    Bug("a reader that is gone is an error", "cli/standard.py", "    except BrokenPipeError:\n        raise ReaderGoneError from None\n", "", FAILING),
    Bug("a summary in the model's stream", "cli/fit.py", "told = sys.stderr if is_standard_output(path) else sys.stdout", "told = sys.stdout", DEVICES),
    Bug("a device is asked to be forced", "cli/output.py", "    if is_stream(path) or is_standard_output(path):\n        return\n", "", DEVICES),
    Bug("a mode is lost", "writing.py", "os.fchmod(handle, stat.S_IMODE(old.st_mode) & 0o777)", "pass", WRITING),
    Bug("a new file is for nobody else", "writing.py", "0o666 if old is None else 0o600", "0o600 if old is None else 0o600", WRITING),
    Bug("a link becomes a file", "writing.py", "_replace(content, target_of(path))", "_replace(content, path)", WRITING),
    Bug("a pipe becomes a file", "writing.py", "    elif is_stream(path):", "    elif False:", WRITING),
    Bug("standard output is opened anew", "writing.py", "    if is_standard_output(path):\n        sys.stdout", "    if False:\n        sys.stdout", WRITING),
    Bug("leftovers stay", "writing.py", "    _remove_leftovers(path)\n    try:", "    try:", WRITING),
    Bug("what is being written goes", "writing.py", "            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)\n", "", WRITING),
    Bug("a lock ends before the file has its name", "writing.py", "            if fcntl is None:\n                file.close()", "            if True:\n                file.close()", WRITING),
    Bug("a file taken away is written", "writing.py", "if os.fstat(handle).st_nlink == 0:", "if False:", WRITING),
    Bug("the header is parsed before the digest", "files.py", "    _digest(content, path)\n    text = _description(content, path)\n", "    text = _description(content, path)\n    _digest(content, path)\n", FILES),
    Bug("zeros elsewhere are the digest's", "files.py", "found = SHA256.search(content, LENGTH, LENGTH + _header_size(content))\n    return found.span(1)", "found = re.search(rb\"([0-9a-f]{64})\", content)\n    return found.span(1)", FILES),
    Bug("any length of a header is read", "files.py", "            if size <= MOST_HEADER:\n                start", "            if True:\n                start", FILES),
    Bug("what did not fit is forgotten", "memory.py", "        raise OutOfMemoryError(sentence) from None", "        raise", MEMORY),
    Bug("a container's memory is all free", "memory.py", "return [most - used + kept[\"file\"]]", "return [most]", MEMORY),
    Bug("fields of a table take nothing", "tables/readers.py", "BYTES_A_BYTE * len(content) + BYTES_A_FIELD * fields", "len(content)", MEMORY),
    Bug("an encoded table is not asked about", "tables/encoder.py", "require(2 * 8 * size[0] * size[1], what)", "require(0, what)", MEMORY),
    Bug("a network is not asked about", "network.py", "require_network(self.sizes, chosen.itemsize)", "require_network([1, 1], 0)", OPTIONS),
    Bug("a process that died is not spoken for", "cli/apart.py", "return (code, \"\") if board[0] else (None, said)", "return code, \"\"", APART),
    Bug("signals are kept from the process that works", "cli/apart.py", "                os.kill(child, came.si_signo)", "                pass", APART),
    Bug("native libraries have their say", "cli/apart.py", "            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)\n", "", APART),
]  # fmt: skip
