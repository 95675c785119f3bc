"""Lines of csrc/cuda that the tests change: (file, line, changed), and what must fail then."""

SHORT_STRIPS = (
    ("strips.cuh", "shortest_strip = 256", "shortest_strip = 32"),
    ("strips.cuh", "strip_bytes = index{64} << 20", "strip_bytes = 0"),
    ("strips.cuh", "strip_blocks = 256", "strip_blocks = 1"),
    ("tile_parts.cuh", "chunk_bytes = index{128} << 20", "chunk_bytes = 0"),
)
"""Several strips and chunks already for the contract's sizes."""

SHORT_BLOCKS = (("network_pass.cuh", "kept_bytes = index{256} << 20", "kept_bytes = 0"),)
"""Blocks of 32 samples."""

ONE_GROUP = (("small_steps.cu", "most_groups = 512", "most_groups = 1"),)
"""All slices of neurons in one block."""

LARGE_STEPS = (
    ("two_layer_descent.cu", "most_rows_of_small_steps = 64", "most_rows_of_small_steps = -1"),
)
"""Every batch takes the way of large ones."""

BREAKS = {
    "what an addition rounds off is lost": (
        [("tile.cuh", "c[i][j] -= sum - h[i][j];", "c[i][j] = 0;")],
        "test_finite_width_gram and long",
    ),
    "what an addition to a cosine rounds off is lost": (
        [("pair_tile.cuh", "c[q][r][s] -= added;", "c[q][r][s] = 0 * added;")],
        "test_ntk_gram and long",
    ),
    "the mirrored half is not written": (
        [("ntk_gram.cu", "if constexpr (Symmetric) write_mirrored<T>(memory, place, q);", "")],
        "test_ntk_gram and repeats",
    ),
    "no chords near the poles": (
        [("pairs.cuh", "std::fabs(cosine[i][j]) > chord_border<W>()", "cosine[i][j] > W(2)")],
        "test_ntk_vjp and angles",
    ),
    "no chords near the poles of a matrix": (
        [
            (
                "pair_tile.cuh",
                "std::fabs(cosine[0][r][s]) > chord_border<W>()",
                "cosine[0][r][s] > W(2)",
            )
        ],
        "test_ntk_gram and angles",
    ),
    "the chord to the wrong side": (
        [("pair_tile.cuh", "std::copysign(W(1), -cosine", "std::copysign(W(1), cosine")],
        "test_ntk_gram and angles",
    ),
    "a slab is read before it is there": (
        [("slabs.cuh", "end(1 - half);\n    __syncthreads();", "end(1 - half);")],
        "test_ntk_gram and 65",
    ),
    "the rows of another fragment": (
        [("device_primitives.cuh", "mma_8x8x4(d10, d11, a[k][1]", "mma_8x8x4(d10, d11, a[k][0]")],
        "test_ntk_gram and 65 and float64",
    ),
    "the second band of tiles is the first": (
        [
            ("tile_order.cuh", "band_tiles = 8", "band_tiles = 1"),
            ("tile_order.cuh", "first + end.I, first + end.J", "first + end.I, end.J"),
        ],
        "test_ntk_gram and 193",
    ),
    "the scale of one layer is left out": (
        [("unit_rows.cu", "2 * size.exponent - half", "2 * size.exponent")],
        "test_ntk_diag and repeats and one and float32",
    ),
    "float64 sums are not": (
        [("pairs.cuh", "else if (recipe.float64_sums)", "else if (false)")],
        "test_ntk_gram and angles and sums",
    ),
    "the shares of another row": (
        [("pairs.cuh", "Z.shares_of(j)", "X.shares_of(i)")],
        "test_ntk_gram and angles and bias",
    ),
    "a zero row has cosine 1 with itself": (
        [("ntk_diag.cu", "k.X.lengths[i].mantissa > 0 ? 1 : 0", "1")],
        "test_ntk_diag and repeats",
    ),
    "a sum begins with what was there": (
        [("strips.cuh", "first ? 0 : total", "total")],
        "test_ntk_vjp and angles and one",
    ),
    "the second strip is lost": (
        [*SHORT_STRIPS, ("strips.cuh", "S < strips; ++S", "S < 1; ++S")],
        "test_ntk_vjp and angles and one",
    ),
    "the own tiles of a later chunk are lost": (
        [*SHORT_STRIPS, ("tile_parts.cuh", "if (K >= from.first) {", "if (K == from.first - 1) {")],
        "test_ntk_matmul_without_the_leading_square",
    ),
    "a chunk does not reach the rows above it": (
        [*SHORT_STRIPS, ("tile_parts.cuh", "if (!from.symmetric ||", "if (true ||")],
        "test_ntk_matmul_without_the_leading_square",
    ),
    "the square of a product is not left out": (
        [("tile_entries.cuh", "(r >= leading_rows || c >= leading_columns)", "true")],
        "test_ntk_matmul_without_the_leading_square",
    ),
    "a tile is transposed, but not its sums": (
        [
            (
                "ntk_matmul.cu",
                "write_part<true>(memory, to.transposed",
                "write_part<false>(memory, to.transposed",
            )
        ],
        "test_ntk_matmul_without_the_leading_square",
    ),
    "a lane takes the column of another": (
        [("tile_product.cuh", "[w ^ side::lane()]", "[w]")],
        "test_ntk_matmul and repeats and one",
    ),
    "the columns beyond eight are the first": (
        [("ntk_matmul.cu", "V.row(column + w)", "V.row(0 * column + w)")],
        "test_ntk_matmul and wide and one",
    ),
    "what a strip rounds off is lost": (
        [("strips.cuh", "rest = chain - (sum - before);", "rest = 0;")],
        "test_a_gradient_of_many_terms",
    ),
    "what a tile rounds off is lost": (
        [("tile_parts.cuh", "rest -= total - before;", "rest = 0 * before;")],
        "test_a_sum_of_many_terms",
    ),
    "a row near the opposite pole counts as near": (
        [("ntk_vjp.cu", "side[r][c] = angle.obtuse ? -1 : 1;", "side[r][c] = 1;")],
        "test_ntk_vjp and angles and one",
    ),
    "the norm's share of a gradient is lost": (
        [("ntk_vjp.cu", "slope.by_log_norm + ", "")],
        "test_ntk_vjp and angles and one",
    ),
    "a neuron at 0 is active": (
        [
            (
                "activation_patterns.cu",
                "beyond_knot(p, 0, right)",
                "beyond_knot(p, 0, right || true)",
            )
        ],
        "test_activation_patterns and kink",
    ),
    "what is not there is active": (
        [("activation_patterns.cu", "if (word * word_bits + half + r >= W.rows) break;", "")],
        "test_activation_patterns and kink",
    ),
    "the words beyond a warp are not counted": (
        [("pattern_flips.cu", "word += threads", "word += P.columns")],
        "test_flips_in_many_words",
    ),
    "a knot is where the scaled rows have it": (
        [("preactivations.cuh", "if (homogeneous || p != p) return p;", "return p;")],
        "test_two_layer_forward and kink and knots",
    ),
    "the second layer is left out of the first's gradient": (
        [("network_pass.cu", "A.columns == 1 ? scale", "A.columns == 0 ? scale")],
        "test_two_layer_gradient and kink",
    ),
    "the first of several outputs counts": (
        [("network_pass.cu", "G.columns > 1 ? weights[u][v] : G(i, 0)", "G(i, 0)")],
        "test_two_layer_gradient and kink and leaky",
    ),
    "the last block of samples is all": (
        [*SHORT_BLOCKS, ("network_pass.cuh", "before = first ?", "before = first || true ?")],
        "test_two_layer_step and softmax and leaky",
    ),
    "what a block rounds off is lost": (
        [*SHORT_BLOCKS, ("network_pass.cuh", "std::isfinite(sum) ? lost : T(0)", "T(0) * lost")],
        "test_a_sum_over_many_samples",
    ),
    "the losses of the first block are lost": (
        [*SHORT_BLOCKS, ("two_layer_step.cu", "part.get() + used);", "part.get());")],
        "test_two_layer_step and softmax and leaky",
    ),
    "a part of an output is lost": (
        [("few_outputs.cuh", "+ sum_in_pairs<N / 2>(shares + N / 2)", "")],
        "test_two_layer_forward and 65 and relu",
    ),
    "the second strip of samples is lost": (
        [("few_outputs.cuh", "S < strips; ++S", "S < (strips > 0); ++S")],
        "test_two_layer_step and softmax and leaky",
    ),
    "the weight of another sample": (
        [("sample_tile.cuh", "weights_[p % terms] *", "weights_[0] *")],
        "test_two_layer_gradient and 65 and relu",
    ),
    "a slab of samples is read before it is there": (
        [
            (
                "sample_tile.cuh",
                "b.end(next + b_begins);\n    __syncthreads();",
                "b.end(next + b_begins);",
            )
        ],
        "test_two_layer_gradient and 65 and relu",
    ),
    "the words of a counter are used twice": (
        [("random_numbers.cu", "uniform_of(words.at[2 * half]", "uniform_of(words.at[0 * half]")],
        "test_random_uniforms",
    ),
    "the noise of another step": (
        [("descent.cuh", "number * rows + r", "number + rows + r")],
        "test_the_noise",
    ),
    "the batch of the step before": (
        [("small_steps.cu", "neurons.forward(t + 1,", "neurons.forward(t < 0 ? 0 : t,")],
        "test_many_steps and 9",
    ),
    "the second slice of a group is all": (
        [*ONE_GROUP, ("small_steps.cu", "first ? 0 : share", "first ? 0 : 0 * share")],
        "test_two_layer_descent",
    ),
    "a step with too large a loss is done": (
        [("small_steps.cu", "!(loss <= net.how.limit)", "false")],
        "test_training_stops and small",
    ),
    "a large step with too large a loss is done": (
        [("large_steps.cu", " || !net.is_done(t)", "")],
        "test_training_stops and large",
    ),
    "training has no end": (
        [("descent.cuh", "ended_before(t) ? not_a_number : loss", "loss")],
        "test_training_stops and small",
    ),
    "what a sum over a batch rounds off is lost": (
        [("running_sum.cuh", "? rest - (total - before) : 0", "? 0 * before : 0")],
        "test_a_sum_over_a_batch",
    ),
}
