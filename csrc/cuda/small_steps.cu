// Steps on small batches, two launches each. A block owns a few slices of 32 neurons: it updates
// them and, since nobody else does, at once forms their share of the outputs for the next batch.
// Between two such launches a block a sample adds the shares, and forms the loss and its slopes.
// All products are those of the tile (promise 13), the shares are added in double in a fixed order.
#include <algorithm>

#include "../math/activation.hpp"
#include "../math/loss.hpp"
#include "descent.cuh"
#include "tile.cuh"

namespace pyntk {
namespace {

constexpr index most_groups = 512;                    // of slices: so many blocks fill a device
constexpr index most_shares = (index{32} << 20) / 8;  // in workspace, unless one group takes more

// Workspace. Between launches only P, shares, G and sample_losses matter.
template <class T>
struct small_batch {
  training<T> net;
  index groups, slices_of_group;
  matrix_view<T> P, E;         // (batch, m): pre-activations; d loss / d P over scale, without A_r
                               // if there is one output
  matrix_view<double> shares;  // row group batch + i, of the outputs of sample i
  matrix_view<double> F;
  matrix_view<T> G;
  double* sample_losses;
};

// Operand of a tile: at(row of the tile, k), from memory that is contiguous along k or the rows.
template <bool AlongTerms, class At>
struct entries_of {
  const At& at;

  template <class T>
  __device__ void stage(shared_tile<T>& to, index k0) const {
    for_each_entry([&](int u, int v) {
      const int r = AlongTerms ? u : v, k = AlongTerms ? v : u;
      to[k][r] = at(r, k0 + k);
    });
  }
};
template <class At>
__device__ entries_of<true, At> along_terms(const At& at) {
  return {at};
}
template <class At>
__device__ entries_of<false, At> along_rows(const At& at) {
  return {at};
}

// use(row of the tile, column, sum), through shared memory: consecutive threads have consecutive
// columns, and no thread's sums are indexed by a loop that is not unrolled.
template <class T, class Use>
__device__ void for_each_sum(tile_memory<T>& memory, const thread_tile<T>& h, const Use& use) {
  put_tile(h, memory.a);
  __syncthreads();
  for_each_entry([&](int row, int column) { use(row, column, memory.a[row][column]); });
  __syncthreads();
}

// The neurons from r0 on in step t: one call of each, in this order, by all threads of a block.
template <class T>
struct neuron_slice {
  const small_batch<T>& batch;
  const training<T>& net;
  tile_memory<T>& memory;
  index r0;

  __device__ T activated(index i, index r) const {
    const auto& P = batch.P;
    if (i >= P.rows || r >= P.columns) return 0;
    const double p = static_cast<double>(P(i, r));
    return static_cast<T>(p == p ? sigma(net.s, p) : p);  // sigma makes a number of a NaN
  }
  __device__ T input(index t, index i, index k) const {
    return i < batch.P.rows && k < net.X.columns ? net.X(net.sample(t, i), k) : T(0);
  }
  __device__ matrix_view<const T> first_layer() const {
    return {net.W.data, net.W.rows, net.W.columns};
  }
  __device__ matrix_view<const T> last_layer() const {
    return {net.A.data, net.A.rows, net.A.columns};
  }
  __device__ matrix_view<const T> slopes() const {
    return {batch.G.data, batch.G.rows, batch.G.columns};
  }

  // E = (sum_k G_ik A_rk) sigma'.
  __device__ void weigh() const {
    const bool several = net.A.columns > 1;
    for (index i0 = 0; i0 < batch.P.rows; i0 += tile_edge) {
      thread_tile<T> weights = {};
      if (several)
        tile_sum(memory, rows_from<T>{slopes(), i0}, rows_from<T>{last_layer(), r0}, net.A.columns,
                 product_term{}, weights);
      for_each_sum(memory, weights, [&](int row, int column, T weight) {
        const index i = i0 + row, r = r0 + column;
        if (i >= batch.P.rows || r >= batch.P.columns) return;
        const double slope = sigma_slope(net.s, static_cast<double>(batch.P(i, r)));
        batch.E(i, r) = (several ? weight : batch.G(i, 0)) * static_cast<T>(slope);
      });
    }
  }

  // W, by dW_r = scale sum_i E_ir x_i.
  __device__ void descend_first(index t, const parameter_step& step) const {
    const matrix_view<const T> E{batch.E.data, batch.E.rows, batch.E.columns};
    for (index k0 = 0; k0 < net.W.columns; k0 += tile_edge) {
      const auto inputs = [&](int column, index i) { return input(t, i, k0 + column); };
      thread_tile<T> h;
      tile_sum(memory, columns_from<T>{E, r0}, along_rows(inputs), E.rows, product_term{}, h);
      for_each_sum(memory, h, [&](int row, int column, T sum) {
        const index r = r0 + row, k = k0 + column;
        if (r >= net.W.rows || k >= net.W.columns) return;
        const double factor =
            net.A.columns == 1 ? net.how.scale * static_cast<double>(net.A(r, 0)) : net.how.scale;
        net.W(r, k) = step(net.W(r, k), factor * static_cast<double>(sum), stream_noise_first,
                           net.W.rows, r, k);
      });
    }
  }

  // A, by dA_r = scale sum_i sigma_ir G_i.
  __device__ void descend_last(const parameter_step& step) const {
    const auto values = [&](int row, index i) { return activated(i, r0 + row); };
    for (index k0 = 0; k0 < net.A.columns; k0 += tile_edge) {
      thread_tile<T> h;
      tile_sum(memory, along_rows(values), columns_from<T>{slopes(), k0}, batch.P.rows,
               product_term{}, h);
      for_each_sum(memory, h, [&](int row, int column, T sum) {
        const index r = r0 + row, k = k0 + column;
        if (r >= net.A.rows || k >= net.A.columns) return;
        net.A(r, k) = step(net.A(r, k), net.how.scale * static_cast<double>(sum), stream_noise_last,
                           net.A.rows, r, k);
      });
    }
  }

  // P, and what the slice adds to the outputs over scale; the first slice of a group finds its
  // share unwritten.
  __device__ void forward(index t, bool first) const {
    const index rows = batch.P.rows, m = net.W.rows;
    const matrix_view<const T> A{net.A.row(r0), m - r0 < tile_edge ? m - r0 : tile_edge,
                                 net.A.columns};
    for (index i0 = 0; i0 < rows; i0 += tile_edge) {
      const auto inputs = [&](int row, index k) { return input(t, i0 + row, k); };
      const auto values = [&](int row, index r) { return activated(i0 + row, r0 + r); };
      thread_tile<T> h;
      tile_sum(memory, along_terms(inputs), rows_from<T>{first_layer(), r0}, net.W.columns,
               product_term{}, h);
      for_each_sum(memory, h, [&](int row, int column, T sum) {
        if (i0 + row < rows && r0 + column < m) batch.P(i0 + row, r0 + column) = sum;
      });
      for (index k0 = 0; k0 < net.A.columns; k0 += tile_edge) {
        tile_sum(memory, along_terms(values), columns_from<T>{A, k0}, A.rows, product_term{}, h);
        for_each_sum(memory, h, [&](int row, int column, T sum) {
          const index i = i0 + row, k = k0 + column;
          if (i >= rows || k >= net.A.columns) return;
          double& share = batch.shares(blockIdx.x * rows + i, k);
          share = (first ? 0 : share) + static_cast<double>(sum);
        });
      }
    }
  }
};

// What step t does to the neurons of a group, and their share of the outputs of step t + 1.
template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    step_of_neurons(small_batch<T> batch, index t) {
  __shared__ tile_memory<T> memory;
  __shared__ double loss;
  const training<T>& net = batch.net;
  const index slices = ceil_div(net.W.rows, tile_edge), of_group = batch.slices_of_group;
  const index begin = blockIdx.x * of_group;
  if (t >= 0) {
    if (threadIdx.x == 0) {
      running_sum sum;
      for (index i = 0; i < batch.P.rows; ++i) sum.add(batch.sample_losses[i]);
      loss = sum.value();
      if (blockIdx.x == 0) net.record(t, loss);
    }
    __syncthreads();
    if (net.ended_before(t) || !(loss <= net.how.limit)) return;
  }
  const bool again = t + 1 < net.step_sizes.size;
  for (index slice = begin; slice < begin + of_group && slice < slices; ++slice) {
    const neuron_slice<T> neurons{batch, net, memory, slice * tile_edge};
    if (t >= 0) {
      const parameter_step step(net.how, net.step_sizes[t], t);
      if (net.trains_first()) {
        neurons.weigh();
        neurons.descend_first(t, step);
      }
      if (net.trains_last()) neurons.descend_last(step);
    }
    if (again) neurons.forward(t + 1, slice == begin);
  }
  if (t < 0 || blockIdx.x > 0 || !net.trains_bias()) return;
  const parameter_step step(net.how, net.step_sizes[t], t);
  for (index k = threadIdx.x; k < net.c.size; k += tile_threads) {
    running_sum dc;
    for (index i = 0; i < batch.P.rows; ++i) dc.add(static_cast<double>(batch.G(i, k)));
    net.c[k] = step(net.c[k], dc.value(), stream_noise_bias, 1, 0, k);
  }
}

// A block a sample: f = scale (sum of the shares) + c, its loss, and the slopes G. The threads
// divide the groups of an output among them, as many as there are for each.
template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    slopes_of_sample(small_batch<T> batch, index t) {
  __shared__ double sums[tile_threads];
  const training<T>& net = batch.net;
  if (net.ended_before(t)) return;
  const index i = blockIdx.x, rows = batch.P.rows, outputs = batch.F.columns;
  const int width = outputs < tile_threads ? static_cast<int>(outputs) : tile_threads;
  const int of_output = tile_threads / width, own = static_cast<int>(threadIdx.x);
  for (index k0 = 0; k0 < outputs; k0 += width) {
    const index k = k0 + own % width;
    running_sum sum;
    if (own < of_output * width && k < outputs)
      for (index g = own / width; g < batch.groups; g += of_output)
        sum.add(batch.shares(g * rows + i, k));
    sums[own] = sum.value();
    __syncthreads();
    if (own < width && k < outputs) {
      running_sum all;
      for (int part = 0; part < of_output; ++part) all.add(sums[part * width + own]);
      batch.F(i, k) = net.how.scale * all.value() + static_cast<double>(net.c[k]);
    }
    __syncthreads();
  }
  if (own > 0) return;
  batch.sample_losses[i] =
      sample_loss(batch.F.row(i), net.Y.row(net.sample(t, i)), outputs, net.how.loss,
                  loss_share(net.how.loss, rows), batch.G.row(i));
}

}  // namespace

template <class T>
void small_steps(const training<T>& net) {
  const index rows = net.batch(), m = net.W.rows, k = net.A.columns;
  const index slices = ceil_div(m, tile_edge);
  const index most = std::clamp(most_shares / std::max(rows * k, index{1}), index{1}, most_groups);
  const index of_group = std::max(ceil_div(slices, most), index{1});
  const index groups = ceil_div(slices, of_group), blocks = std::max(groups, index{1});
  const device_memory<T> P(rows * m), E(net.trains_first() ? rows * m : 0), G(rows * k);
  const device_memory<double> shares(groups * rows * k), F(rows * k), losses(rows);
  const small_batch<T> batch{net,
                             groups,
                             of_group,
                             {P.get(), rows, m},
                             {E.get(), rows, m},
                             {shares.get(), groups * rows, k},
                             {F.get(), rows, k},
                             {G.get(), rows, k},
                             losses.get()};
  if (net.step_sizes.size == 0) return;
  launch(step_of_neurons<T>, blocks, tile_threads, batch, index{-1});
  for (index t = 0; t < net.step_sizes.size; ++t) {
    launch(slopes_of_sample<T>, rows, tile_threads, batch, t);
    launch(step_of_neurons<T>, blocks, tile_threads, batch, t);
  }
}

template void small_steps(const training<float>&);
template void small_steps(const training<double>&);

}  // namespace pyntk
