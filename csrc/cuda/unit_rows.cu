// One thread per row: the row is read two or three times, the product that follows n times.
#include "unit_rows.cuh"

namespace pyntk {
namespace {

constexpr int threads = 32;

// Where row_shares finds them.
struct put_shares {
  double* first;
  index stride;

  PYNTK_HD void operator()(int pair, double alpha, double beta) const {
    first[2 * pair * stride] = alpha;
    first[(2 * pair + 1) * stride] = beta;
  }
};

__device__ row_factor factor_of(const row_norm& size, const kernel_constants& of) {
  const bool half = of.scale == 0.5;
  const double factor = half ? size.mantissa : size.mantissa * std::sqrt(of.scale);
  const float high = static_cast<float>(factor);
  return {high, static_cast<float>(factor - static_cast<double>(high)), 2 * size.exponent - half};
}

template <class T, class W>
__global__ void __launch_bounds__(threads)
    normalise(matrix_view<const T> X, kernel_constants of, matrix_view<W> U, row_norm* lengths,
              row_norm* sizes, double* shares, row_factor* factors) {
  const index i = static_cast<index>(blockIdx.x) * threads + threadIdx.x;
  if (i >= X.rows) return;
  if (U.data) {
    lengths[i] = normalise_row(X.row(i), X.columns, U.row(i));
    for (index k = X.columns; k < U.columns; ++k) U(i, k) = 0;
  } else {
    lengths[i] = norm_of_row(X.row(i), X.columns);
  }
  sizes[i] = layer_shares(lengths[i], of, put_shares{shares + i, X.rows});
  if (factors) factors[i] = factor_of(sizes[i], of);
}

}  // namespace

template <class W>
template <class T>
unit_rows_memory<W>::unit_rows_memory(matrix_view<const T> X, const kernel_constants& of,
                                      parts wanted)
    : n_(X.rows),
      d_(X.columns),
      rows_(wanted == parts::all ? X.rows * round_up(X.columns, padded_to) : 0),
      lengths_(X.rows),
      sizes_(X.rows),
      shares_(2 * share_pairs(of) * X.rows),
      factors_(std::is_same_v<W, float> ? X.rows : 0) {
  if constexpr (!std::is_same_v<T, W>) given_ = X.data;
  launch(normalise<T, W>, ceil_div(n_, threads), threads, X, of,
         matrix_view<W>{rows_.get(), n_, round_up(d_, padded_to)}, lengths_.get(), sizes_.get(),
         shares_.get(), factors_.get());
}

template unit_rows_memory<float>::unit_rows_memory(matrix_view<const float>,
                                                   const kernel_constants&, parts);
template unit_rows_memory<double>::unit_rows_memory(matrix_view<const float>,
                                                    const kernel_constants&, parts);
template unit_rows_memory<double>::unit_rows_memory(matrix_view<const double>,
                                                    const kernel_constants&, parts);

}  // namespace pyntk
