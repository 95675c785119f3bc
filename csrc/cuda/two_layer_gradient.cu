// dW = scale diag(a) G' X, G_ir = g_i 1{w_r.x_i > 0}: the gates first, one bit each, then a tile
// product whose first operand is made from g and the bits as it is staged.
#include "../core/kernels.hpp"
#include "tile.cuh"

namespace pyntk {
namespace {

// Operand of a tile: rows of G', k is the sample. All 32 neurons lie in one word of the patterns.
template <class T>
struct gated {
  vector_view<const T> g;
  matrix_view<const std::uint64_t> P;
  index first;

  __device__ void stage(shared_tile<T>& to, index k0) const {
    for (int e = static_cast<int>(threadIdx.x); e < tile_size; e += tile_threads) {
      const int k = e / tile_edge, r = e % tile_edge;
      const bool inside = k0 + k < P.rows;
      to[k][r] = inside && (P(k0 + k, first / 64) >> (first % 64 + r) & 1) ? g[k0 + k] : T(0);
    }
  }
};

template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    gradient_tile(matrix_view<const T> X, matrix_view<const std::uint64_t> P,
                  vector_view<const T> a, vector_view<const T> g, double scale, matrix_view<T> dW) {
  __shared__ tile_memory<T> memory;
  const index number = blockIdx.x, across = ceil_div(dW.columns, tile_edge);
  const index r0 = number / across * tile_edge, k0 = number % across * tile_edge;
  thread_tile<T> h;
  tile_sum(memory, gated<T>{g, P, r0}, columns_from<T>{X, k0}, X.rows, product_term{}, h);
  for (int u = 0; u < thread_sums; ++u) {
    for (int v = 0; v < thread_sums; ++v) {
      const index r = r0 + tile_row(u), k = k0 + tile_column(v);
      if (r < dW.rows && k < dW.columns)
        dW(r, k) = static_cast<T>(scale * static_cast<double>(a[r]) * static_cast<double>(h[u][v]));
    }
  }
}

}  // namespace

template <class T>
void two_layer_gradient(matrix_view<const T> X, matrix_view<const T> W, vector_view<const T> a,
                        vector_view<const T> g, double scale, int threads, matrix_view<T> dW) {
  const index words = ceil_div(W.rows, 64);
  const device_memory<std::uint64_t> gates(X.rows * words);
  activation_patterns<T>(X, W, threads, {gates.get(), X.rows, words});
  launch(gradient_tile<T>, ceil_div(dW.rows, tile_edge) * ceil_div(dW.columns, tile_edge),
         tile_threads, X, matrix_view<const std::uint64_t>{gates.get(), X.rows, words}, a, g, scale,
         dW);
}

template void two_layer_gradient(matrix_view<const float>, matrix_view<const float>,
                                 vector_view<const float>, vector_view<const float>, double, int,
                                 matrix_view<float>);
template void two_layer_gradient(matrix_view<const double>, matrix_view<const double>,
                                 vector_view<const double>, vector_view<const double>, double, int,
                                 matrix_view<double>);

}  // namespace pyntk
