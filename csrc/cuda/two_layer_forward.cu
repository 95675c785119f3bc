// f = scale relu(X W') a without the n x m matrix: a block takes 32 samples through a strip of
// neurons, one tile of pre-activations at a time; a second kernel adds the strips.
#include "../core/kernels.hpp"
#include "scaled_rows.cuh"
#include "tile.cuh"

namespace pyntk {
namespace {

// Neurons per block: enough blocks for few samples, and partial sums of only 8 n / 512 bytes per
// neuron.
constexpr index strip = 512;

// partial(S, i) = sum over strip S of a_r relu(w_r.x_i), in double, r in a fixed order.
template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    forward_strip(scaled_rows<T> X, scaled_rows<T> W, vector_view<const T> a,
                  matrix_view<double> partial) {
  __shared__ tile_memory<T> memory;
  __shared__ double sums[tile_edge][thread_edge + 1];
  const index number = blockIdx.x;
  const index i0 = number / partial.rows * tile_edge, S = number % partial.rows;
  const index end = (S + 1) * strip < a.size ? (S + 1) * strip : a.size;

  double total[thread_sums] = {};
  for (index r0 = S * strip; r0 < end; r0 += tile_edge) {
    thread_tile<T> h;
    tile_sum(memory, rows_from<T>{X.rows, i0}, rows_from<T>{W.rows, r0}, X.rows.columns,
             product_term{}, h);
    for (int u = 0; u < thread_sums; ++u) {
      for (int v = 0; v < thread_sums; ++v) {
        if (!(h[u][v] > 0)) continue;  // and so every sum beyond the edges
        const index i = i0 + tile_row(u), r = r0 + tile_column(v);
        total[u] += static_cast<double>(a[r]) * times_power_of_two(static_cast<double>(h[u][v]),
                                                                   X.exponents[i] + W.exponents[r]);
      }
    }
  }
  for (int u = 0; u < thread_sums; ++u) sums[tile_row(u)][tile_column(0)] = total[u];
  __syncthreads();
  const index i = i0 + threadIdx.x;
  if (threadIdx.x >= tile_edge || i >= partial.columns) return;
  double sum = 0;
  for (int t = 0; t < thread_edge; ++t) sum += sums[threadIdx.x][t];
  partial(S, i) = sum;
}

template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    add_strips(matrix_view<const double> partial, double scale, vector_view<T> f) {
  const index i = static_cast<index>(blockIdx.x) * tile_threads + threadIdx.x;
  if (i >= f.size) return;
  double sum = 0;
  for (index S = 0; S < partial.rows; ++S) sum += partial(S, i);
  f[i] = static_cast<T>(scale * sum);
}

}  // namespace

template <class T>
void two_layer_forward(matrix_view<const T> X, matrix_view<const T> W, vector_view<const T> a,
                       double scale, int, vector_view<T> f) {
  const scaled_rows_memory<T> R(X), Q(W);
  const index strips = ceil_div(W.rows, strip);
  const device_memory<double> partial(strips * X.rows);
  launch(forward_strip<T>, ceil_div(X.rows, tile_edge) * strips, tile_threads, R.view(), Q.view(),
         a, matrix_view<double>{partial.get(), strips, X.rows});
  launch(add_strips<T>, ceil_div(X.rows, tile_threads), tile_threads,
         matrix_view<const double>{partial.get(), strips, X.rows}, scale, f);
}

template void two_layer_forward(matrix_view<const float>, matrix_view<const float>,
                                vector_view<const float>, double, int, vector_view<float>);
template void two_layer_forward(matrix_view<const double>, matrix_view<const double>,
                                vector_view<const double>, double, int, vector_view<double>);

}  // namespace pyntk
