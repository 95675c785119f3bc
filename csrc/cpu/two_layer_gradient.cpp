// dW = scale diag(a) (G o 1{W X' > 0}) X without an m x n matrix. A block of neurons owns its rows
// of dW; samples pass in blocks. The masked pre-activation tile [sample][neuron] is already the
// packed panel (k = sample) of the second product, which therefore yields dW transposed, tile by
// tile.
#include "../core/kernels.hpp"
#include "pool.hpp"
#include "preactivations.hpp"

namespace pyntk {
namespace {

constexpr index neuron_block = tile_edge;

// The samples in blocks, packed for both products; the same for every block of neurons.
template <class T>
struct packed_samples {
  std::vector<scaled_panels<T>> rows;
  std::vector<panels<T>> columns;
};

template <class T>
packed_samples<T> pack_samples(matrix_view<const T> X, int threads) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  packed_samples<T> result{pack_blocks(X, mk.rows, threads), {}};
  result.columns.resize(result.rows.size());
  parallel_for(static_cast<index>(result.rows.size()), threads, [&](index I) {
    const index begin = I * tile_edge, end = std::min(X.rows, begin + tile_edge);
    panels<T> block(X.columns, end - begin, mk.rows);
    pack_columns(X, begin, end, block);
    result.columns[static_cast<std::size_t>(I)] = std::move(block);
  });
  return result;
}

// G = g_i 1{w_r.x_i > 0} as panels of neurons with k = sample.
template <class T>
void gate(const panels<T>& samples, const panels<T>& neurons, const T* g, T* C, panels<T>& G) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  for_each_tile(samples, neurons, C, [&](index i, index r, const T* tile) {
    T* target = G[r / mk.columns] + i * mk.columns;
    for (index u = 0; u < std::min<index>(mk.rows, G.k - i); ++u)
      mk.gate(tile + u * mk.columns, g[i + u], target + u * mk.columns);
  });
}

// dW rows [r0, r1) = scale a_r sum over all blocks of samples.
template <class T>
void gradient_block(const packed_samples<T>& samples, matrix_view<const T> W,
                    vector_view<const T> a, vector_view<const T> g, double scale, index r0,
                    index r1, matrix_view<T> dW) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  const scaled_panels<T> neurons(W, r0, r1, mk.columns);
  buffer<T> tile = make_buffer<T>(mk.rows * mk.columns);
  for (index r = r0; r < r1; ++r) std::fill(dW.row(r), dW.row(r) + dW.columns, T(0));
  index begin = 0;
  for (std::size_t I = 0; I < samples.rows.size(); ++I) {
    const panels<T>& X_columns = samples.columns[I];
    panels<T> G(r1 - r0, X_columns.k, mk.columns);
    gate(samples.rows[I], neurons, g.data + begin, tile.get(), G);
    for_each_tile(X_columns, G, tile.get(), [&](index column, index r, const T* C) {
      const index columns = std::min<index>(mk.rows, W.columns - column);
      const index rows = std::min<index>(mk.columns, r1 - r0 - r);
      for (index v = 0; v < rows; ++v)
        for (index u = 0; u < columns; ++u) dW(r0 + r + v, column + u) += C[u * mk.columns + v];
    });
    begin += X_columns.k;
  }
  for (index r = r0; r < r1; ++r) {
    const double factor = scale * static_cast<double>(a[r]);
    for (index k = 0; k < dW.columns; ++k) dW(r, k) = static_cast<T>(factor * dW(r, k));
  }
}

}  // namespace

template <class T>
void two_layer_gradient(matrix_view<const T> X, matrix_view<const T> W, vector_view<const T> a,
                        vector_view<const T> g, double scale, int threads, matrix_view<T> dW) {
  const packed_samples<T> samples = pack_samples(X, threads);
  parallel_for(ceil_div(W.rows, neuron_block), threads, [&](index R) {
    const index r0 = R * neuron_block;
    gradient_block(samples, W, a, g, scale, r0, std::min(W.rows, r0 + neuron_block), dW);
  });
}

template void two_layer_gradient(matrix_view<const float>, matrix_view<const float>,
                                 vector_view<const float>, vector_view<const float>, double, int,
                                 matrix_view<float>);
template void two_layer_gradient(matrix_view<const double>, matrix_view<const double>,
                                 vector_view<const double>, vector_view<const double>, double, int,
                                 matrix_view<double>);

}  // namespace pyntk
