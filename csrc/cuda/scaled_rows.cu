// A warp per row: the row is read twice, the product that follows reads it many times.
#include "scaled_rows.cuh"

namespace pyntk {
namespace {

constexpr int threads = 256, lanes = 32;

// The largest of what the threads of a warp have; a NaN stays.
template <class T>
__device__ T largest_of_warp(T value) {
  for (int with = lanes / 2; with > 0; with /= 2) {
    const T other = __shfl_xor_sync(0xffffffffu, value, with);
    if (other > value || other != other) value = other;
  }
  return value;
}

template <class T>
__global__ void __launch_bounds__(threads)
    scale(matrix_view<const T> X, matrix_view<T> R, int* exponents) {
  const index i = static_cast<index>(blockIdx.x) * (threads / lanes) + threadIdx.x / lanes;
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  if (i >= X.rows) return;
  T largest = 0;
  for (index k = lane; k < X.columns; k += lanes) {
    const T size = std::fabs(X(i, k));
    if (size > largest || size != size) largest = size;
  }
  largest = largest_of_warp(largest);
  const int exponent = row_exponent(&largest, 1);
  if (lane == 0) exponents[i] = exponent;
  for (index k = lane; k < X.columns; k += lanes)
    scale_row(X.row(i) + k, 1, -exponent, R.row(i) + k);
  for (index k = X.columns + lane; k < R.columns; k += lanes) R(i, k) = 0;
}

}  // namespace

template <class T>
scaled_rows_memory<T>::scaled_rows_memory(matrix_view<const T> X)
    : n_(X.rows), d_(round_up(X.columns, padded_to)), rows_(n_ * d_), exponents_(n_) {
  launch(scale<T>, ceil_div(n_, threads / lanes), threads, X, matrix_view<T>{rows_.get(), n_, d_},
         exponents_.get());
}

template class scaled_rows_memory<float>;
template class scaled_rows_memory<double>;

}  // namespace pyntk
