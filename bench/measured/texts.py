"""What stands between the figures of the pages."""

ACCURACY = """\
[What is promised](accuracy.md) beside what was measured, on the data and against the references of
the tests, which share no code with pyntk (long double, and mpmath in 60 and more digits). In this
run **{figures}**. u is the unit roundoff, 2^-24 (float32) or 2^-53 (float64)."""

ACCURACY_AGAIN = """\
`python bench/accuracy.py`, in a checkout with `pip install -e '.[test]'`, measures everything again
and writes this page. Figures are not edited by hand: a test compares the page with the result.
Promises that are yes or no (equal bits, memory, Ctrl-C, refusals) have tests and no figures."""

EMULATED = """\
Nothing was measured on a GPU. "cuda, emulated" are the same .cu files, compiled for the CPU by the
tests' emulator."""

SMALLEST_TITLE = "The smallest eigenvalue of near-duplicate rows (promises 4 and 11)"
SMALLEST_PICTURE = (
    "The smallest eigenvalue against the angle: pyntk on the exact line, NumPy's formula off it"
)
SMALLEST = """\
20 rows on the sphere in 6 dimensions, three pairs of them at the angle. The smallest eigenvalue:
of the exact kernel of the rows (mpmath); of the matrix that the plain formula
x.z (pi - arccos c) / (2 pi) gives in NumPy, and of `ntk_gram(X)`, both in the dtype of the rows,
their eigenvalues computed in float64; and the proved interval `lambda_min(X=X, certified=True)`.
Promised: positive down to 1e-5 rad (float32) and 1e-10 rad (float64), and an interval that contains
the exact value. Where the eigenvalue is not positive, the matrix is no kernel."""

TABLES = {
    "entries": ("Entries of a Gram, one layer (promises 1, 2 and 3)", "u", """\
The largest normwise error |K_ij - exact| / (u sqrt(K_ii K_jj)), in u of the dtype, over all pairs
of rows and the three kernels `trained=`."""),
    "ulps": ("Computed in float64 and rounded once (promise 1)", "ulp", """\
The largest error in units in the last place, of entries with |cos| > 1e-5 within the range of
float32, over the same rows."""),
    "deep": ("Entries of deep kernels (promise 9)", "u", """\
The largest normwise error, in u of the dtype, over angles from 1e-1 to 1e-14 at both poles, norms
from the smallest subnormal to the largest number, the three kernels `trained=`, and the weight and
bias variances (2, 0), (0.7, 0), (1, 0.01), (2, 1), (0.7, 5). For L layers 8 + 0.4 L is promised in
float64; float32 is computed in float64 and rounded once."""),
    "sums": ("Products, derivatives, networks (promises 13 and 14)", "", """\
The largest share of the promised error that was used, over the cases of the contract. Promised are
(4 + log2 of the number of terms) u times the size of the terms, what the entries may be off, and
one rounding of the result; for a derivative 4 u over the angle. Products in float32 come near 1:
their sums are made in float64, so that the one rounding to float32 is nearly all of the promise,
and some result always comes close to that."""),
    "solves": ("Solves from rows (promise 10)", "", """\
The relative error of y' K^-1 y, and of K^-1 y in the 2-norm, against the exact kernel of the rows
solved in 60 digits: 40 rows on the sphere in 6 dimensions, three pairs of them at the angle."""),
}  # fmt: skip
"""Title, unit of the figures, what they are."""

CERTIFICATES_TITLE = "Certified intervals (promise 11)"
CERTIFICATES = """\
Intervals of `certified=True` against the exact value in 60 digits: the matrices of the tests
(random, graded, nearly singular, clustered, indefinite, huge and tiny ones), and rows with pairs at
1, 1e-3 and 1e-6 rad in both dtypes."""

SPEED = """\
Medians of `pyntk bench`: {contenders} contenders in {problems} problems; every answer that was
timed was checked. {met} *error* is the largest error found, in units in roundoff of the dtype;
*roofline* is the time below which the work cannot be done at the rates measured in the same run,
over the median."""
MET = "**{held} of {expected} expectations were met.**"
NOT_EXPECTED = "Nothing was expected of a run like this."

SPEED_AGAIN = """\
`python bench/speed.py`, in a checkout, measures everything again and writes this page
([how it measures, and the peers](benchmarks.md)). Figures are not edited by hand: a test compares
the page with the result. Ratios hold within one run only."""

NO_SPEED = "No run of all benchmarks is in `bench/results` yet."
NO_ACCURACY = "No result is in `bench/results` yet: `python bench/accuracy.py` makes one."
NO_GPU = """\
Nothing was measured on a GPU. `bench/gpu.sh` does it where there is one, and leaves its figures in
`bench/results`."""
