// Steps on large batches: the batch is gathered, two_layer_step gives the loss and the gradients,
// and the parameters follow. After the end of training the launches of the remaining steps find
// nothing to do but the gradients, which nobody takes.
#include "descent.cuh"
#include "tile.cuh"

namespace pyntk {
namespace {

// to(i, :) = from(sample i of step t, :).
template <class T>
__global__ void __launch_bounds__(tile_threads)
    gather(training<T> net, index t, matrix_view<const T> from, matrix_view<T> to) {
  const index number = static_cast<index>(blockIdx.x) * tile_threads + threadIdx.x;
  if (number >= to.rows * to.columns) return;
  const index i = number / to.columns, k = number % to.columns;
  to(i, k) = from(net.sample(t, i), k);
}

template <class T>
__global__ void record_step(training<T> net, index t, vector_view<const double> value) {
  net.record(t, value[0]);
}

// A parameter P of this stream, after its gradient.
template <class T>
__global__ void __launch_bounds__(tile_threads)
    descend(training<T> net, index t, matrix_view<T> P, matrix_view<const T> dP,
            random_stream stream) {
  const index number = static_cast<index>(blockIdx.x) * tile_threads + threadIdx.x;
  if (number >= P.rows * P.columns || !net.is_done(t)) return;
  const index r = number / P.columns, k = number % P.columns;
  const parameter_step step(net.how, net.step_sizes[t], t);
  P(r, k) = step(P(r, k), static_cast<double>(dP(r, k)), stream, P.rows, r, k);
}

// c_k, after the sum of column k of G; a block an output.
template <class T>
__global__ void __launch_bounds__(tile_threads)
    descend_bias(training<T> net, index t, matrix_view<const T> G) {
  __shared__ double sums[tile_threads];
  const index k = blockIdx.x;
  if (!net.is_done(t)) return;
  running_sum own;
  for (index i = threadIdx.x; i < G.rows; i += tile_threads) own.add(static_cast<double>(G(i, k)));
  sums[threadIdx.x] = own.value();
  __syncthreads();
  if (threadIdx.x > 0) return;
  running_sum all;
  for (double one : sums) all.add(one);
  const parameter_step step(net.how, net.step_sizes[t], t);
  net.c[k] = step(net.c[k], all.value(), stream_noise_bias, 1, 0, k);
}

// The batch of every step in one place.
template <class T>
class gathered_rows {
 public:
  gathered_rows(const training<T>& net, matrix_view<const T> all)
      : net_(net), all_(all), memory_(net.order.rows > 0 ? net.batch() * all.columns : 0) {}

  matrix_view<const T> of_step(index t) const {
    if (net_.order.rows == 0) return all_;
    const matrix_view<T> to{memory_.get(), net_.batch(), all_.columns};
    launch(gather<T>, ceil_div(to.rows * to.columns, tile_threads), tile_threads, net_, t, all_,
           to);
    return {to.data, to.rows, to.columns};
  }

 private:
  const training<T>& net_;
  matrix_view<const T> all_;
  device_memory<T> memory_;
};

template <class T>
matrix_view<const T> read_only(matrix_view<T> A) {
  return {A.data, A.rows, A.columns};
}

}  // namespace

template <class T>
void large_steps(const training<T>& net) {
  const index batch = net.batch(), m = net.W.rows, d = net.W.columns, k = net.A.columns;
  const index first = net.trains_first() ? m : 0, last = net.trains_last() ? m : 0;
  const gathered_rows<T> X(net, net.X), Y(net, net.Y);
  const device_memory<T> G_memory(batch * k), dW_memory(first * d), dA_memory(last * k);
  const device_memory<double> value_memory(1);
  const matrix_view<T> G{G_memory.get(), batch, k}, dW{dW_memory.get(), first, d},
      dA{dA_memory.get(), last, k};
  const vector_view<double> value{value_memory.get(), 1};
  const auto follow = [&](index t, matrix_view<T> P, matrix_view<T> dP, random_stream stream) {
    launch(descend<T>, ceil_div(dP.rows * dP.columns, tile_threads), tile_threads, net, t, P,
           read_only(dP), stream);
  };
  for (index t = 0; t < net.step_sizes.size; ++t) {
    two_layer_step<T>(X.of_step(t), read_only(net.W), read_only(net.A), {net.c.data, net.c.size},
                      Y.of_step(t), net.s, net.how.loss, net.how.scale, 1, value, G, dW, dA);
    launch(record_step<T>, 1, 1, net, t, vector_view<const double>{value.data, 1});
    follow(t, net.W, dW, stream_noise_first);
    follow(t, net.A, dA, stream_noise_last);
    if (net.trains_bias()) launch(descend_bias<T>, k, tile_threads, net, t, read_only(G));
  }
}

template void large_steps(const training<float>&);
template void large_steps(const training<double>&);

}  // namespace pyntk
