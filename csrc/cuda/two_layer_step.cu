// Loss and gradients with each pre-activation formed once: forward over a block of samples, the
// loss of each, a thread a sample, and back from the block. The losses are added at the end, in an
// order that the sizes alone decide.
#include "../math/loss.hpp"
#include "network_pass.cuh"
#include "tile.cuh"

namespace pyntk {
namespace {

// part[b] = the sum of tile_threads losses; f_i = F_i + c, in place.
template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    sample_losses(matrix_view<double> F, matrix_view<const T> Y, vector_view<const T> c, int loss,
                  double share, matrix_view<T> G, double* part) {
  __shared__ double losses[tile_threads];
  const index i = static_cast<index>(blockIdx.x) * tile_threads + threadIdx.x;
  double own = 0;
  if (i < F.rows) {
    for (index j = 0; j < F.columns; ++j) F(i, j) += static_cast<double>(c[j]);
    own = sample_loss(F.row(i), Y.row(i), F.columns, loss, share, G.row(i));
  }
  losses[threadIdx.x] = own;
  __syncthreads();
  if (threadIdx.x > 0) return;
  double sum = 0;
  for (double one : losses) sum += one;
  part[blockIdx.x] = sum;
}

// By one block.
__global__ void __launch_bounds__(tile_threads)
    add_parts(vector_view<const double> parts, vector_view<double> value) {
  __shared__ double sums[tile_threads];
  double own = 0;
  for (index b = threadIdx.x; b < parts.size; b += tile_threads) own += parts[b];
  sums[threadIdx.x] = own;
  __syncthreads();
  if (threadIdx.x > 0) return;
  double sum = 0;
  for (double one : sums) sum += one;
  value[0] = sum;
}

}  // namespace

template <class T>
void two_layer_step(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
                    vector_view<const T> c, matrix_view<const T> Y, const activation& activation,
                    int loss, double scale, int, vector_view<double> value, matrix_view<T> G,
                    matrix_view<T> dW, matrix_view<T> dA) {
  const network<T> net(X, W, A, activation, scale, ways::both);
  const double share = loss_share(loss, X.rows);
  const index k = Y.columns;
  const device_memory<double> part(ceil_div(X.rows, tile_edge));  // blocks are whole tiles
  const block_sums_memory<T> dW_sums(net, dW), dA_sums(net, dA);
  const matrix_view<const T> of_outputs{G.data, G.rows, k};
  index used = 0;
  for_each_block(net, [&](sample_block<T>& block) {
    const device_memory<double> F(block.samples() * k);
    const matrix_view<double> outputs{F.get(), block.samples(), k};
    block.outputs(outputs);
    const index blocks = ceil_div(block.samples(), tile_threads);
    launch(sample_losses<T>, blocks, tile_threads, outputs,
           matrix_view<const T>{Y.row(block.begin), block.samples(), k}, c, loss, share,
           matrix_view<T>{G.row(block.begin), block.samples(), k}, part.get() + used);
    used += blocks;
    if (dA_sums.wanted()) block.add_dA(of_outputs, dA_sums);
    if (dW_sums.wanted()) block.add_dW(of_outputs, dW_sums);
  });
  launch(add_parts, 1, tile_threads, vector_view<const double>{part.get(), used}, value);
}

template void two_layer_step(matrix_view<const float>, matrix_view<const float>,
                             matrix_view<const float>, vector_view<const float>,
                             matrix_view<const float>, const activation&, int, double, int,
                             vector_view<double>, matrix_view<float>, matrix_view<float>,
                             matrix_view<float>);
template void two_layer_step(matrix_view<const double>, matrix_view<const double>,
                             matrix_view<const double>, vector_view<const double>,
                             matrix_view<const double>, const activation&, int, double, int,
                             vector_view<double>, matrix_view<double>, matrix_view<double>,
                             matrix_view<double>);

}  // namespace pyntk
