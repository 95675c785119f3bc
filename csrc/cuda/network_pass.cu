#include "../math/activation.hpp"
#include "network_pass.cuh"
#include "strips.cuh"

namespace pyntk {
namespace {

// The pre-activations of a block, and what the powers of two of its rows are. Of a homogeneous
// activation only the sign of a pre-activation matters for its slope, and the powers of two of
// samples and neurons are factors of the result: no pre-activation is formed that could overflow.
template <class T>
struct preactivations {
  matrix_view<T> P;
  const int *of_samples, *of_neurons;
  activation s;
  bool homogeneous;

  // Beyond the range of double: its largest number, so that no 0 inf is formed.
  __device__ double at(index i, index r) const {
    constexpr double largest = 1.7976931348623157e308;
    const double p = static_cast<double>(P(i, r));
    if (homogeneous || p != p) return p;  // fmin and fmax make a number of a NaN
    return std::fmin(std::fmax(times_power_of_two(p, of_samples[i] + of_neurons[r]), -largest),
                     largest);
  }
  __device__ double value(index i, index r) const {
    const double p = at(i, r);
    return homogeneous ? sigma_slope(s, p) * p : sigma(s, p);
  }
  __device__ T slope(index i, index r) const { return static_cast<T>(sigma_slope(s, at(i, r))); }
};

template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    form_tile(matrix_view<const T> X, matrix_view<const T> W, matrix_view<T> P) {
  __shared__ tile_memory<T> memory;
  const index number = blockIdx.x, across = ceil_div(P.columns, tile_edge);
  const index i0 = number / across * tile_edge, r0 = number % across * tile_edge;
  thread_tile<T> h;
  tile_sum(memory, rows_from<T>{X, i0}, rows_from<T>{W, r0}, X.columns, product_term{}, h);
  for (int u = 0; u < thread_sums; ++u) {
    for (int v = 0; v < thread_sums; ++v) {
      const index i = i0 + tile_row(u), r = r0 + tile_column(v);
      if (i < P.rows && r < P.columns) P(i, r) = h[u][v];
    }
  }
}

// sums(a, k) = sum_b sigma V_bk: rows a samples and terms b neurons, or, Exchanged, rows a neurons
// and terms b samples. The power of two of a term is halved between its factors: neither becomes
// infinite, which the other might be 0 against.
template <class T, bool Exchanged>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    activated_strip(preactivations<T> h, matrix_view<const T> V, strip_sums to) {
  __shared__ tile_memory<double> memory;
  const auto at = to.place_of(blockIdx.x);
  const index a0 = to.first_row + at.r0;
  const int* exponents = Exchanged ? h.of_samples : h.of_neurons;
  const auto exponent = [&](index b) { return h.homogeneous ? exponents[b] : 0; };
#pragma unroll 1
  for (index b0 = at.begin; b0 < at.end; b0 += tile_edge) {
    for_each_entry([&](int sample, int neuron) {
      const int a = Exchanged ? neuron : sample, b = Exchanged ? sample : neuron;
      const index i = (Exchanged ? b0 : a0) + sample, r = (Exchanged ? a0 : b0) + neuron;
      const bool inside = i < h.P.rows && r < h.P.columns;
      memory.a[a][b] = inside ? times_power_of_two(h.value(i, r), exponent(b0 + b) / 2) : 0.0;
    });
#pragma unroll 1
    for (index column = 0; column < V.columns; column += tile_edge) {
      __syncthreads();
      for_each_entry([&](int t, int c) {
        const index b = b0 + t, k = column + c;
        const bool inside = b < V.rows && k < V.columns;
        const int power = inside ? exponent(b) - exponent(b) / 2 : 0;
        memory.b[t][c] = inside ? times_power_of_two(static_cast<double>(V(b, k)), power) : 0.0;
      });
      __syncthreads();
      if (V.columns - column <= thread_edge)
        add_tile<1>(memory, tile_product{}, to, at.sums, column, V.columns, b0 == at.begin);
      else
        add_tile<thread_sums>(memory, tile_product{}, to, at.sums, column, V.columns,
                              b0 == at.begin);
    }
    __syncthreads();
  }
}

// to += scale 2^exponent sums; without exponents these are 0.
template <class Out>
__global__ void __launch_bounds__(tile_threads)
    add_strips(strip_sums sums, double scale, const int* exponents, block_sums<Out> to) {
  const index number = static_cast<index>(blockIdx.x) * tile_threads + threadIdx.x;
  const index columns = to.total.columns;
  const index r = number / columns, k = number % columns, a = sums.first_row + r;
  if (r < sums.rows && a < to.total.rows)
    to.add(a, k, times_power_of_two(scale * sums.sum(r, k), exponents ? exponents[a] : 0));
}

template <bool Exchanged, class T, class Out>
void activated_product(const preactivations<T>& h, matrix_view<const T> V, double scale,
                       const block_sums<Out>& to) {
  const int* exponents = Exchanged ? h.of_neurons : h.of_samples;
  const index columns = V.columns;
  for_each_chunk(to.total.rows, V.rows, columns, [&](const strip_sums& sums, index blocks) {
    launch(activated_strip<T, Exchanged>, blocks, tile_threads, h, V, sums);
    launch(add_strips<Out>, ceil_div(sums.rows * columns, tile_threads), tile_threads, sums, scale,
           h.homogeneous ? exponents : nullptr, to);
  });
}

// P_ir = (sum_k G_ik A_rk) sigma', in the place of the pre-activations; with one output without
// A_r, which add_tile_of_dW multiplies by.
template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    weigh_tile(preactivations<T> h, matrix_view<const T> G, matrix_view<const T> A) {
  __shared__ tile_memory<T> memory;
  const index number = blockIdx.x, across = ceil_div(h.P.columns, tile_edge);
  const index i0 = number / across * tile_edge, r0 = number % across * tile_edge;
  thread_tile<T> weights;
  if (G.columns > 1)
    tile_sum(memory, rows_from<T>{G, i0}, rows_from<T>{A, r0}, G.columns, product_term{}, weights);
  for (int u = 0; u < thread_sums; ++u) {
    for (int v = 0; v < thread_sums; ++v) {
      const index i = i0 + tile_row(u), r = r0 + tile_column(v);
      if (i < h.P.rows && r < h.P.columns)
        h.P(i, r) = (G.columns > 1 ? weights[u][v] : G(i, 0)) * h.slope(i, r);
    }
  }
}

template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    add_tile_of_dW(matrix_view<const T> E, matrix_view<const T> X, matrix_view<const T> A,
                   double scale, block_sums<T> dW) {
  __shared__ tile_memory<T> memory;
  const index number = blockIdx.x, across = ceil_div(X.columns, tile_edge);
  const index r0 = number / across * tile_edge, k0 = number % across * tile_edge;
  thread_tile<T> h;
  tile_sum(memory, columns_from<T>{E, r0}, columns_from<T>{X, k0}, X.rows, product_term{}, h);
  for (int u = 0; u < thread_sums; ++u) {
    for (int v = 0; v < thread_sums; ++v) {
      const index r = r0 + tile_row(u), k = k0 + tile_column(v);
      if (r >= E.columns || k >= X.columns) continue;
      const double factor = A.columns == 1 ? scale * static_cast<double>(A(r, 0)) : scale;
      dW.add(r, k, factor * static_cast<double>(h[u][v]));
    }
  }
}

template <class T>
preactivations<T> of_block(const network<T>& net, const scaled_rows_memory<T>& samples,
                           matrix_view<T> P) {
  return {P, samples.view().exponents, net.neurons.view().exponents, net.s, net.s.homogeneous()};
}

template <class T>
matrix_view<const T> rows_of(matrix_view<const T> X, index begin, index end) {
  return {X.row(begin), end - begin, X.columns};
}

index tiles_of(index rows, index columns) {
  return ceil_div(rows, tile_edge) * ceil_div(columns, tile_edge);
}

}  // namespace

template <class T>
index network<T>::block_rows() const {
  const index of_sample = std::max({W.rows, X.columns, 2 * A.columns, index{1}});
  const index rows = kept_bytes / (of_sample * static_cast<index>(sizeof(T)));
  return std::max(rows / tile_edge, index{1}) * tile_edge;
}

template <class T>
sample_block<T>::sample_block(const network<T>& net, index begin, index end)
    : begin(begin),
      end(end),
      net_(net),
      scaled_(rows_of(net.X, begin, end)),
      kept_((end - begin) * net.W.rows) {
  launch(form_tile<T>, tiles_of(samples(), net.W.rows), tile_threads, scaled_.view().rows,
         net.neurons.view().rows, kept());
}

template <class T>
template <class Out>
void sample_block<T>::outputs(matrix_view<Out> F) const {
  activated_product<false>(of_block(net_, scaled_, kept()), net_.A, net_.scale,
                           block_sums<Out>{F, nullptr, true});
}

template <class T>
void sample_block<T>::add_dA(matrix_view<const T> G, const block_sums_memory<T>& dA) const {
  activated_product<true>(of_block(net_, scaled_, kept()), rows_of(G, begin, end), net_.scale,
                          dA.view(begin == 0));
}

template <class T>
void sample_block<T>::add_dW(matrix_view<const T> G, const block_sums_memory<T>& dW) {
  launch(weigh_tile<T>, tiles_of(samples(), net_.W.rows), tile_threads,
         of_block(net_, scaled_, kept()), rows_of(G, begin, end), net_.A);
  launch(add_tile_of_dW<T>, tiles_of(net_.W.rows, net_.X.columns), tile_threads,
         matrix_view<const T>{kept_.get(), samples(), net_.W.rows}, rows_of(net_.X, begin, end),
         net_.A, net_.scale, dW.view(begin == 0));
}

template struct network<float>;
template struct network<double>;
template class sample_block<float>;
template class sample_block<double>;
template void sample_block<float>::outputs(matrix_view<float>) const;
template void sample_block<float>::outputs(matrix_view<double>) const;
template void sample_block<double>::outputs(matrix_view<double>) const;

}  // namespace pyntk
