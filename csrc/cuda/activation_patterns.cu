// One word of the patterns is two tiles of 32 neurons. Only signs are asked for, so the rows are
// scaled and their powers of two forgotten.
#include "../core/kernels.hpp"
#include "../math/activation.hpp"
#include "scaled_rows.cuh"
#include "tile.cuh"

namespace pyntk {
namespace {

constexpr int word_bits = 64;

template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    pattern_words(matrix_view<const T> X, matrix_view<const T> W, bool right,
                  matrix_view<std::uint64_t> P) {
  __shared__ tile_memory<T> memory;
  const index number = blockIdx.x;
  const index i0 = number / P.columns * tile_edge, word = number % P.columns;
  const index i = i0 + threadIdx.x;
  std::uint64_t bits = 0;
  for (int half = 0; half < word_bits; half += tile_edge) {
    thread_tile<T> h;
    tile_sum(memory, rows_from<T>{X, i0}, rows_from<T>{W, word * word_bits + half}, X.columns,
             product_term{}, h);
    put_tile(h, memory.a);
    __syncthreads();
    if (threadIdx.x < tile_edge) {
      for (int r = 0; r < tile_edge; ++r) {
        if (word * word_bits + half + r >= W.rows) break;  // past neuron m there are zeros
        const double p = static_cast<double>(memory.a[threadIdx.x][r]);
        bits |= static_cast<std::uint64_t>(beyond_knot(p, 0, right)) << (half + r);
      }
    }
    __syncthreads();
  }
  if (threadIdx.x < tile_edge && i < P.rows) P(i, word) = bits;
}

}  // namespace

template <class T>
void activation_patterns(matrix_view<const T> X, matrix_view<const T> W, bool right, int,
                         matrix_view<std::uint64_t> P) {
  const scaled_rows_memory<T> R(X), Q(W);
  launch(pattern_words<T>, ceil_div(P.rows, tile_edge) * P.columns, tile_threads, R.view().rows,
         Q.view().rows, right, P);
}

template void activation_patterns(matrix_view<const float>, matrix_view<const float>, bool, int,
                                  matrix_view<std::uint64_t>);
template void activation_patterns(matrix_view<const double>, matrix_view<const double>, bool, int,
                                  matrix_view<std::uint64_t>);

}  // namespace pyntk
