// The signs of X W' as bits: 64 neurons a word, never an n x m matrix.
#include "../core/kernels.hpp"
#include "pool.hpp"
#include "preactivations.hpp"

namespace pyntk {
namespace {

constexpr index word_bits = 64;

// The words of the samples [i0, i1), one word of neurons after the other.
template <class T>
void pattern_rows(matrix_view<const T> X, matrix_view<const T> W, index i0, index i1,
                  matrix_view<std::uint64_t> P) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  const scaled_panels<T> samples(X, i0, i1, mk.rows);
  buffer<T> tile = make_buffer<T>(mk.rows * mk.columns);
  for (index word = 0; word < P.columns; ++word) {
    const index r0 = word * word_bits, r1 = std::min(W.rows, r0 + word_bits);
    const scaled_panels<T> neurons(W, r0, r1, mk.columns);
    for (index i = i0; i < i1; ++i) P(i, word) = 0;
    for_each_tile(samples, neurons, tile.get(), [&](index i, index r, const T* C) {
      for (index u = 0; u < std::min<index>(mk.rows, i1 - i0 - i); ++u) {
        std::uint64_t bits = 0;
        for (index v = 0; v < mk.columns; ++v)
          bits |= static_cast<std::uint64_t>(C[u * mk.columns + v] > 0) << v;
        P(i0 + i + u, word) |= bits
                               << r;  // past neuron m the panel holds zeros, which are inactive
      }
    });
  }
}

}  // namespace

template <class T>
void activation_patterns(matrix_view<const T> X, matrix_view<const T> W, int threads,
                         matrix_view<std::uint64_t> P) {
  parallel_for(ceil_div(X.rows, tile_edge), threads, [&](index I) {
    pattern_rows(X, W, I * tile_edge, std::min(X.rows, (I + 1) * tile_edge), P);
  });
}

template void activation_patterns(matrix_view<const float>, matrix_view<const float>, int,
                                  matrix_view<std::uint64_t>);
template void activation_patterns(matrix_view<const double>, matrix_view<const double>, int,
                                  matrix_view<std::uint64_t>);

}  // namespace pyntk
