// Products of the activations with matrices of few columns, for a homogeneous activation: the
// outputs, whose sums begin where the pre-activations are formed, and dA, a sum over the samples.
//
// All sums are of doubles, in fixed orders: sixteen terms at most one by one, chains by Kahan's
// sum, and a few sums in pairs.
#pragma once

#include <algorithm>

#include "network_pass.cuh"
#include "pair_tile.cuh"
#include "running_sum.cuh"
#include "tile_order.cuh"

namespace pyntk {

constexpr int few_threads = 256;
constexpr int few_samples = 64;  // at a time, of a sum over samples
constexpr index most_sample_strips = 64;

// How a thread's sums of a tile of pairs lie: a row is shared by 16 threads.
template <class T>
struct output_shares {
  using tile = pair_tile<T>;
  static constexpr int across = sizeof(T) == 4 ? 2 : 1, down = tile::groups / across;
  static constexpr int rows = down * tile::rows, of_row = 16;

  __device__ static int number() {
    return sizeof(T) == 4 ? tile::column(0, 0) / 4 : tile::warp_column() / 6 + lane_number() % 4;
  }
};

// The columns of a tile as factors of one output: the slopes and half of the power of two, and the
// weights with the other half. Then the sums of its rows, a share of every thread.
template <class T>
struct output_memory {
  static constexpr int edge = pair_tile<T>::edge;
  by_sign<double> slopes[edge];
  double weights[edge];
  double rows[edge][output_shares<T>::of_row + 1];
};

// sum_r sigma(p_ir) A_rk over the tile's neurons, for the rows of a tile of pre-activations.
template <class T>
__device__ void sum_rows(output_memory<T>& memory, const typename pair_tile<T>::sums& h,
                         const preactivations<T>& of, const matrix_view<const T>& A, index r0,
                         index k) {
  using tile = pair_tile<T>;
  using share = output_shares<T>;
  const int own = static_cast<int>(threadIdx.x);
  if (own < tile::edge && r0 + own < of.neurons) {
    const int exponent = of.of_neurons[r0 + own];
    memory.slopes[own] = slopes_of<double>(of.s, of_the_value(exponent));
    memory.weights[own] = of_the_other(static_cast<double>(A(r0 + own, k)), exponent);
  }
  __syncthreads();
  double sums[share::rows] = {};
#pragma unroll
  for (int e = 0; e < share::across * tile::columns; ++e) {
    const int q = e / tile::columns, s = e % tile::columns, column = tile::column(q, s);
    if (r0 + column >= of.neurons) continue;
    const by_sign<double> slope = memory.slopes[column];
    const double weight = memory.weights[column];
#pragma unroll
    for (int n = 0; n < share::rows; ++n) {
      const T p = h[n / tile::rows * share::across + q][n % tile::rows][s];
      sums[n] = std::fma(static_cast<double>(p) * slope(p), weight, sums[n]);
    }
  }
#pragma unroll
  for (int n = 0; n < share::rows; ++n)
    memory.rows[tile::row(n / tile::rows * share::across, n % tile::rows)][share::number()] =
        sums[n];
  __syncthreads();
}

// The shares of a row, in pairs.
template <int N>
__device__ double sum_in_pairs(const double* shares) {
  if constexpr (N == 1)
    return shares[0];
  else
    return sum_in_pairs<N / 2>(shares) + sum_in_pairs<N / 2>(shares + N / 2);
}

// P = X W', and, if wanted, what each tile of it adds to the outputs: part[i, k, tile].
template <class T>
__global__ void __launch_bounds__(slab_threads, 1)
    form_tile(matrix_view<const T> X, matrix_view<const T> W, preactivations<T> to,
              matrix_view<const T> A, double* part) {
  using tile = pair_tile<T>;
  __shared__ union {
    slab_memory<T> slabs;
    output_memory<T> outputs;
  } memory;
  const index across = ceil_div(W.rows, tile::edge);
  const tile_place at = rectangle_place(blockIdx.x, ceil_div(X.rows, tile::edge), across);
  const index i0 = at.I * tile::edge, r0 = at.J * tile::edge;
  typename tile::sums h;
  sum_products<1>(memory.slabs, rows_from<T>{X, i0}, rows_from<T>{W, r0}, h);
  if (to.P.data) {
#pragma unroll
    for (int q = 0; q < tile::groups; ++q) {
      for (int r = 0; r < tile::rows; ++r) {
        for (int s = 0; s < tile::columns; s += tile::column_run) {
          const index i = i0 + tile::row(q, r), column = r0 + tile::column(q, s);
          pack<T, tile::column_run> run;
          for (int n = 0; n < tile::column_run; ++n) run.at[n] = h[q][r][s + n];
          if (i < X.rows && column < to.P.columns) store_pack(to.P.row(i) + column, run);
        }
      }
    }
  }
  if (!part) return;
#pragma unroll 1
  for (index k = 0; k < A.columns; ++k) {
    sum_rows(memory.outputs, h, to, A, r0, k);
    const int own = static_cast<int>(threadIdx.x);
    if (own < tile::edge && i0 + own < X.rows)
      part[((i0 + own) * A.columns + k) * across + at.J] =
          sum_in_pairs<output_shares<T>::of_row>(memory.outputs.rows[own]);
  }
}

// F = scale 2^exponent times the sum of the parts of each output, by a warp.
template <class Out>
__global__ void __launch_bounds__(few_threads)
    add_output_parts(const double* part, index parts, double scale, const int* exponents,
                     matrix_view<Out> F) {
  const index number = static_cast<index>(blockIdx.x) * (few_threads / 32) + warp_number();
  if (number >= F.rows * F.columns) return;
  running_sum own;
  for (index p = lane_number(); p < parts; p += 32) own.add(part[number * parts + p]);
  double sum = own.value();
  for (int with = 16; with > 0; with /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, with);
  const index i = number / F.columns;
  if (lane_number() == 0)
    F.data[number] = static_cast<Out>(times_power_of_two(scale * sum, exponents[i]));
}

// part[strip, r, k] = sum_i sigma(p_ir) G_ik over a strip of samples: a thread a neuron, Columns
// outputs at a time.
template <class T, int Columns>
__global__ void __launch_bounds__(few_threads)
    sum_strip_of_samples(preactivations<T> h, matrix_view<const T> G, index strip, double* part) {
  __shared__ by_sign<double> slopes[few_samples];
  __shared__ double weights[few_samples][Columns];
  const index across = ceil_div(h.neurons, few_threads), S = blockIdx.x / across;
  const index r = blockIdx.x % across * few_threads + threadIdx.x;
  const index first = S * strip, end = first + strip < G.rows ? first + strip : G.rows;
#pragma unroll 1
  for (index k0 = 0; k0 < G.columns; k0 += Columns) {
    running_sum sums[Columns];
#pragma unroll 1
    for (index begin = first; begin < end; begin += few_samples) {
      const int samples = static_cast<int>(end - begin < few_samples ? end - begin : few_samples);
      const int own = static_cast<int>(threadIdx.x);
      __syncthreads();
      if (own < few_samples) {
        const int exponent = own < samples ? h.of_samples[begin + own] : 0;
        slopes[own] = slopes_of<double>(h.s, of_the_value(exponent));
        for (int c = 0; c < Columns; ++c) {
          const bool inside = own < samples && k0 + c < G.columns;
          const double g = inside ? static_cast<double>(G(begin + own, k0 + c)) : 0.0;
          weights[own][c] = of_the_other(g, exponent);
        }
      }
      __syncthreads();
      if (r >= h.neurons) continue;
#pragma unroll 1
      for (int t0 = 0; t0 < samples; t0 += chain_terms) {
        T p[chain_terms];
        const int last = samples - 1 - t0;  // again for those beyond, whose weight is 0
#pragma unroll
        for (int t = 0; t < chain_terms; ++t) p[t] = h.P(begin + t0 + (t < last ? t : last), r);
        double chain[Columns] = {};
#pragma unroll
        for (int t = 0; t < chain_terms; ++t) {
          const by_sign<double> slope = slopes[t0 + t];
          const double value = static_cast<double>(p[t]) * slope(p[t]);
          for (int c = 0; c < Columns; ++c)
            chain[c] = std::fma(value, weights[t0 + t][c], chain[c]);
        }
        for (int c = 0; c < Columns; ++c) sums[c].add(chain[c]);
      }
    }
    for (int c = 0; c < Columns; ++c)
      if (r < h.neurons && k0 + c < G.columns)
        part[(S * h.neurons + r) * G.columns + k0 + c] = sums[c].value();
  }
}

// dA += scale 2^exponent times the sum over the strips.
template <class T>
__global__ void __launch_bounds__(few_threads)
    add_sample_strips(const double* part, index strips, double scale, const int* exponents,
                      block_sums<T> to) {
  const index number = static_cast<index>(blockIdx.x) * few_threads + threadIdx.x;
  const index entries = to.total.rows * to.total.columns, r = number / to.total.columns;
  if (number >= entries) return;
  running_sum sum;
  for (index S = 0; S < strips; ++S) sum.add(part[S * entries + number]);
  to.add(r, number % to.total.columns, times_power_of_two(scale * sum.value(), exponents[r]));
}

template <class T>
void sum_over_samples(const preactivations<T>& h, matrix_view<const T> G, double scale,
                      const block_sums<T>& to) {
  const index pieces = ceil_div(G.rows, few_samples);
  const index strip = std::max<index>(ceil_div(pieces, most_sample_strips), 1) * few_samples;
  const index strips = ceil_div(G.rows, strip), entries = h.neurons * G.columns;
  const device_memory<double> part(strips * entries);
  const auto strip_kernel =
      G.columns == 1 ? sum_strip_of_samples<T, 1> : sum_strip_of_samples<T, 4>;
  launch(strip_kernel, strips * ceil_div(h.neurons, few_threads), few_threads, h, G, strip,
         part.get());
  launch(add_sample_strips<T>, ceil_div(entries, few_threads), few_threads, part.get(), strips,
         scale, h.of_neurons, to);
}

}  // namespace pyntk
