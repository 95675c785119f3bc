// One thread per row: the row is read two or three times, the product that follows n times.
#include "scaled_rows.cuh"

namespace pyntk {
namespace {

constexpr int threads = 32;

template <class T>
__global__ void __launch_bounds__(threads)
    scale(matrix_view<const T> X, matrix_view<T> R, int* exponents) {
  const index i = static_cast<index>(blockIdx.x) * threads + threadIdx.x;
  if (i >= X.rows) return;
  exponents[i] = row_exponent(X.row(i), X.columns);
  scale_row(X.row(i), X.columns, -exponents[i], R.row(i));
}

}  // namespace

template <class T>
scaled_rows_memory<T>::scaled_rows_memory(matrix_view<const T> X)
    : n_(X.rows), d_(X.columns), rows_(X.rows * X.columns), exponents_(X.rows) {
  launch(scale<T>, ceil_div(n_, threads), threads, X, matrix_view<T>{rows_.get(), n_, d_},
         exponents_.get());
}

template class scaled_rows_memory<float>;
template class scaled_rows_memory<double>;

}  // namespace pyntk
