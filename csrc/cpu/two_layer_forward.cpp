// f = scale relu(X W') a without the n x m matrix: a block of samples meets a block of neurons, and
// each register tile of pre-activations is summed before the next one is made.
#include <vector>

#include "../core/kernels.hpp"
#include "pool.hpp"
#include "preactivations.hpp"

namespace pyntk {
namespace {

constexpr index block = tile_edge;

// partial_i = sum over this block of neurons of a_r relu(w_r.x_i), in double.
template <class T>
void forward_block(matrix_view<const T> X, matrix_view<const T> W, vector_view<const T> a, index i0,
                   index r0, double* partial) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  const index i1 = std::min(X.rows, i0 + block), r1 = std::min(W.rows, r0 + block);
  const scaled_panels<T> U(X, i0, i1, mk.rows), V(W, r0, r1, mk.columns);
  buffer<double> weights = make_buffer<double>(block), sums = make_buffer<double>(4 * block);
  std::fill(weights.get(), weights.get() + block, 0.0);
  for (index r = r0; r < r1; ++r)
    weights[r - r0] = times_power_of_two(a[r], V.exponents[static_cast<std::size_t>(r - r0)]);
  std::fill(sums.get(), sums.get() + 4 * block, 0.0);
  buffer<T> tile = make_buffer<T>(mk.rows * mk.columns);
  for_each_tile(U, V, tile.get(), [&](index i, index r, const T* C) {
    for (index u = 0; u < mk.rows; ++u)
      mk.add_relu(C + u * mk.columns, weights.get() + r, sums.get() + 4 * (i + u));
  });
  for (index i = 0; i < i1 - i0; ++i) {
    const double* s = sums.get() + 4 * i;
    partial[i] =
        times_power_of_two((s[0] + s[1]) + (s[2] + s[3]), U.exponents[static_cast<std::size_t>(i)]);
  }
}

}  // namespace

template <class T>
void two_layer_forward(matrix_view<const T> X, matrix_view<const T> W, vector_view<const T> a,
                       double scale, int threads, vector_view<T> f) {
  const index sample_blocks = ceil_div(X.rows, block), neuron_blocks = ceil_div(W.rows, block);
  std::vector<double> partial(static_cast<std::size_t>(neuron_blocks * X.rows));
  parallel_for(sample_blocks * neuron_blocks, threads, [&](index number) {
    const index I = number / neuron_blocks, R = number % neuron_blocks;
    forward_block(X, W, a, I * block, R * block, partial.data() + R * X.rows + I * block);
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
