// f = scale relu(X W') a without the n x m matrix: a block of samples meets a block of neurons, and
// each register tile of pre-activations is summed before the next one is made.
#include <vector>

#include "../core/kernels.hpp"
#include "pool.hpp"
#include "preactivations.hpp"

namespace pyntk {
namespace {

constexpr index block = tile_edge;

// partial_i = sum over a block of neurons V (from r0 on) of a_r relu(w_r.x_i), in double, for a
// block of samples U.
template <class T>
void forward_block(const scaled_panels<T>& U, const scaled_panels<T>& V, vector_view<const T> a,
                   index r0, index samples, double* partial) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  buffer<double> weights = make_buffer<double>(block), sums = make_buffer<double>(4 * block);
  std::fill(weights.get(), weights.get() + block, 0.0);
  for (index r = r0; r < std::min(a.size, r0 + block); ++r)
    weights[r - r0] = times_power_of_two(a[r], V.exponents[static_cast<std::size_t>(r - r0)]);
  std::fill(sums.get(), sums.get() + 4 * block, 0.0);
  buffer<T> tile = make_buffer<T>(mk.rows * mk.columns);
  for_each_tile(U, V, tile.get(), [&](index i, index r, const T* C) {
    for (index u = 0; u < mk.rows; ++u)
      mk.add_relu(C + u * mk.columns, weights.get() + r, sums.get() + 4 * (i + u));
  });
  for (index i = 0; i < samples; ++i) {
    const double* s = sums.get() + 4 * i;
    partial[i] =
        times_power_of_two((s[0] + s[1]) + (s[2] + s[3]), U.exponents[static_cast<std::size_t>(i)]);
  }
}

}  // namespace

template <class T>
void two_layer_forward(matrix_view<const T> X, matrix_view<const T> W, vector_view<const T> a,
                       double scale, int threads, vector_view<T> f) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  const auto samples = pack_blocks(X, mk.rows, threads);
  const auto neurons = pack_blocks(W, mk.columns, threads);
  const index neuron_blocks = static_cast<index>(neurons.size());
  std::vector<double> partial(static_cast<std::size_t>(neuron_blocks * X.rows));
  parallel_for(static_cast<index>(samples.size()) * neuron_blocks, threads, [&](index number) {
    const index I = number / neuron_blocks, R = number % neuron_blocks;
    forward_block(samples[static_cast<std::size_t>(I)], neurons[static_cast<std::size_t>(R)], a,
                  R * block, std::min(block, X.rows - I * block),
                  partial.data() + R * X.rows + I * block);
  });
  // In ascending order of the neurons, whichever thread was first.
  for (index i = 0; i < X.rows; ++i) {
    double sum = 0;
    for (index R = 0; R < neuron_blocks; ++R)
      sum += partial[static_cast<std::size_t>(R * X.rows + i)];
    f[i] = static_cast<T>(scale * sum);
  }
}

template void two_layer_forward(matrix_view<const float>, matrix_view<const float>,
                                vector_view<const float>, double, int, vector_view<float>);
template void two_layer_forward(matrix_view<const double>, matrix_view<const double>,
                                vector_view<const double>, double, int, vector_view<double>);

}  // namespace pyntk
