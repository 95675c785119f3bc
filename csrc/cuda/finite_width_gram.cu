// H_ij = x_i.x_j (share of neurons active on both): a tile of products, times a tile of counts of
// common bits, which is the same tile sum over the words of the patterns.
#include "../core/kernels.hpp"
#include "scaled_rows.cuh"
#include "symmetric.cuh"

namespace pyntk {
namespace {

struct common_bits_term {
  __device__ std::uint64_t operator()(std::uint64_t sum, std::uint64_t p, std::uint64_t q, int,
                                      int) const {
    return sum + static_cast<std::uint64_t>(__popcll(p & q));
  }
};

template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    finite_width_tile(scaled_rows<T> X, matrix_view<const std::uint64_t> P, index m,
                      matrix_view<T> H) {
  __shared__ union {
    tile_memory<std::uint64_t> bits;
    tile_memory<T> products;
  } memory;
  const tile_place at = triangle_place(blockIdx.x);
  const index i0 = at.I * tile_edge, j0 = at.J * tile_edge;

  thread_tile<std::uint64_t> common;
  tile_sum(memory.bits, rows_from<std::uint64_t>{P, i0}, rows_from<std::uint64_t>{P, j0}, P.columns,
           common_bits_term{}, common);
  thread_tile<T> h;
  tile_sum(memory.products, rows_from<T>{X.rows, i0}, rows_from<T>{X.rows, j0}, X.rows.columns,
           product_term{}, h);
  for (int u = 0; u < thread_sums; ++u) {
    for (int v = 0; v < thread_sums; ++v) {
      const index i = i0 + tile_row(u), j = j0 + tile_column(v);
      if (i >= H.rows || j > i) continue;
      const double share = static_cast<double>(common[u][v]) / static_cast<double>(m);
      const double product = static_cast<double>(h[u][v]) * share;
      h[u][v] = static_cast<T>(times_power_of_two(product, X.exponents[i] + X.exponents[j]));
    }
  }
  put_tile(h, memory.products.a);
  __syncthreads();
  for_each_entry([&](int r, int c) {
    if (i0 + r < H.rows && j0 + c <= i0 + r) H(i0 + r, j0 + c) = memory.products.a[r][c];
  });
  put_mirrored(memory.products.a, at, H);
}

}  // namespace

template <class T>
void finite_width_gram(matrix_view<const T> X, matrix_view<const std::uint64_t> P, index m, int,
                       matrix_view<T> H) {
  const scaled_rows_memory<T> R(X);
  launch(finite_width_tile<T>, triangle_size(ceil_div(H.rows, tile_edge)), tile_threads, R.view(),
         P, m, H);
}

template void finite_width_gram(matrix_view<const float>, matrix_view<const std::uint64_t>, index,
                                int, matrix_view<float>);
template void finite_width_gram(matrix_view<const double>, matrix_view<const std::uint64_t>, index,
                                int, matrix_view<double>);

}  // namespace pyntk
