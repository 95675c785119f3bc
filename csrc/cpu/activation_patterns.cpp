// The signs of X W' as bits: 64 neurons a word, never an n x m matrix.
#include "../core/kernels.hpp"
#include "instruction_set.hpp"
#include "pool.hpp"
#include "preactivations.hpp"

namespace pyntk {
namespace {

constexpr index word_bits = 64;

// The words of the samples from i0 on. A block of neurons fills whole words, and a register tile is
// not wider than one.
static_assert(tile_edge % word_bits == 0);

template <class T>
void pattern_rows(const scaled_panels<T>& samples, const std::vector<scaled_panels<T>>& neurons,
                  index i0, index m, bool right, matrix_view<std::uint64_t> P) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  const index i1 = std::min(P.rows, i0 + tile_edge);
  std::fill(P.row(i0), P.row(i1), std::uint64_t{0});
  buffer<T> tile = make_buffer<T>(mk.rows * mk.columns);
  index r0 = 0;
  for (const scaled_panels<T>& block : neurons) {
    for_each_tile(samples, block, tile.get(), [&](index i, index r, const T* C) {
      const index word = (r0 + r) / word_bits, shift = (r0 + r) % word_bits;
      const index present = m - r0 - r;  // past neuron m the panels hold zeros
      if (present <= 0) return;
      const std::uint64_t of_neurons =
          present >= word_bits ? ~std::uint64_t{0} : (std::uint64_t{1} << present) - 1;
      for (index u = 0; u < std::min<index>(mk.rows, i1 - i0 - i); ++u) {
        const std::uint64_t bits =
            machine_network_kernel<T>().gates(C + u * mk.columns, right) & of_neurons;
        P(i0 + i + u, word) |= bits << shift;
      }
    });
    r0 += tile_edge;
  }
}

}  // namespace

template <class T>
void activation_patterns(matrix_view<const T> X, matrix_view<const T> W, bool right, int threads,
                         matrix_view<std::uint64_t> P) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  const auto samples = pack_blocks(X, mk.rows, threads);
  const auto neurons = pack_blocks(W, mk.columns, threads);
  parallel_for(static_cast<index>(samples.size()), threads, [&](index I) {
    pattern_rows(samples[static_cast<std::size_t>(I)], neurons, I * tile_edge, W.rows, right, P);
  });
}

template void activation_patterns(matrix_view<const float>, matrix_view<const float>, bool, int,
                                  matrix_view<std::uint64_t>);
template void activation_patterns(matrix_view<const double>, matrix_view<const double>, bool, int,
                                  matrix_view<std::uint64_t>);

}  // namespace pyntk
