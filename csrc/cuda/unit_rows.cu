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

template <class T, class W>
__global__ void __launch_bounds__(threads)
    normalise(matrix_view<const T> X, kernel_constants of, matrix_view<W> U, row_norm* lengths,
              row_norm* sizes, double* shares) {
  const index i = static_cast<index>(blockIdx.x) * threads + threadIdx.x;
  if (i >= X.rows) return;
  lengths[i] =
      U.data ? normalise_row(X.row(i), X.columns, U.row(i)) : norm_of_row(X.row(i), X.columns);
  sizes[i] = layer_shares(lengths[i], of, put_shares{shares + i, X.rows});
}

}  // namespace

template <class W>
template <class T>
unit_rows_memory<W>::unit_rows_memory(matrix_view<const T> X, const kernel_constants& of,
                                      parts wanted)
    : n_(X.rows),
      d_(X.columns),
      rows_(wanted == parts::all ? X.rows * X.columns : 0),
      lengths_(X.rows),
      sizes_(X.rows),
      shares_(2 * share_pairs(of) * X.rows) {
  if constexpr (!std::is_same_v<T, W>) given_ = X.data;
  launch(normalise<T, W>, ceil_div(n_, threads), threads, X, of,
         matrix_view<W>{rows_.get(), n_, d_}, lengths_.get(), sizes_.get(), shares_.get());
}

template unit_rows_memory<float>::unit_rows_memory(matrix_view<const float>,
                                                   const kernel_constants&, parts);
template unit_rows_memory<double>::unit_rows_memory(matrix_view<const float>,
                                                    const kernel_constants&, parts);
template unit_rows_memory<double>::unit_rows_memory(matrix_view<const double>,
                                                    const kernel_constants&, parts);

}  // namespace pyntk
