// The passes of a two-layer network over blocks of samples, whose pre-activations are in workspace.
//
// A block holds so many samples that its (samples, m) pre-activations take kept_bytes at most (one
// tile of samples always fits): many, since each block reads and writes all of dW. Each is formed
// once, in the type of the inputs, from rows scaled by powers of two; the outputs, dA and dW are
// products with what a function of them gives. Blocks are taken in order and no sum is shared
// between thread blocks, so every bit is reproducible.
#pragma once

#include <algorithm>
#include <cmath>

#include "../core/kernels.hpp"
#include "device_primitives.cuh"
#include "preactivations.cuh"
#include "scaled_rows.cuh"

namespace pyntk {

constexpr index kept_bytes = index{256} << 20;
constexpr index most_few_outputs = 15;  // more are a product of matrices

enum class ways { forward, back, both };

template <class T>
struct network {
  network(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
          const activation& s, double scale, ways wanted)
      : X(X), W(W), A(A), s(s), scale(scale), wanted(wanted), neurons(W) {}

  // Samples of a block: whole tiles.
  index block_rows() const;

  // Whether outputs and dA are summed without a product of matrices (few_outputs.cuh), the outputs
  // from the tiles of the pre-activations before these leave the chip.
  bool few_outputs() const { return s.homogeneous() && A.columns <= most_few_outputs; }
  bool sums_outputs() const { return wanted != ways::back && few_outputs(); }
  bool keeps_preactivations() const { return wanted != ways::forward || !few_outputs(); }

  // The neurons of a row of pre-activations, filled up: runs of them are aligned.
  index kept_columns() const { return round_up(W.rows, padded_to); }

  matrix_view<const T> X, W, A;
  activation s;
  double scale;
  ways wanted;
  scaled_rows_memory<T> neurons;
};

// A run of entries at once if they are `together`, else the first `there` of them; zeros beyond.
template <int N, class T>
__device__ pack<T, N> load_run(const T* from, int there, bool together) {
  if (together) return load_pack<N>(from);
  pack<T, N> run;
  for (int n = 0; n < N; ++n) run.at[n] = n < there ? from[n] : T(0);
  return run;
}
template <int N, class T>
__device__ void store_run(T* to, const pack<T, N>& run, int there, bool together) {
  if (together) {
    store_pack(to, run);
  } else {
    for (int n = 0; n < N; ++n)
      if (n < there) to[n] = run.at[n];
  }
}

// What blocks of samples add to: Kahan's sums, so that their error does not grow with the number of
// blocks. A single block needs no rest.
template <class T>
struct block_sums {
  matrix_view<T> total;
  T* rest;
  bool first;

  __device__ void add(index r, index k, double part) const {
    const pack<double, 1> parts{{part}};
    add(r, k, parts, 1, false);
  }

  // To a run of a row, of which `there` are; at once if they are `together`.
  template <int N>
  __device__ void add(index r, index k, const pack<double, N>& parts, int there,
                      bool together) const {
    T* const sums = total.row(r) + k;
    T* const rests = rest ? rest + r * total.columns + k : nullptr;
    pack<T, N> sum, lost;
    if (!first) {
      sum = load_run<N>(sums, there, together);
      lost = load_run<N>(rests, there, together);
    }
    for (int n = 0; n < N; ++n) add_part(sum.at[n], lost.at[n], parts.at[n]);
    store_run(sums, sum, there, together);
    if (rest) store_run(rests, lost, there, together);
  }

 private:
  __device__ void add_part(T& sum_at, T& rest_at, double part) const {
    const double before = first ? 0.0 : static_cast<double>(sum_at);
    if (!first) part += static_cast<double>(rest_at);
    const T sum = static_cast<T>(before + part);
    const T lost = static_cast<T>(part - (static_cast<double>(sum) - before));
    sum_at = sum;
    rest_at = std::isfinite(sum) ? lost : T(0);
  }
};

template <class T>
class block_sums_memory {
 public:
  block_sums_memory(const network<T>& net, matrix_view<T> total)
      : total_(total), rest_(net.X.rows > net.block_rows() ? total.rows * total.columns : 0) {}
  bool wanted() const { return total_.rows > 0; }
  block_sums<T> view(bool first) const { return {total_, rest_.get(), first}; }

 private:
  matrix_view<T> total_;
  device_memory<T> rest_;
};

template <class T>
class sample_block {
 public:
  sample_block(const network<T>& net, index begin, index end);

  const index begin, end;
  index samples() const { return end - begin; }

  // F (samples, k) = scale sum_r A_rk sigma(w_r.x_i).
  template <class Out>
  void outputs(matrix_view<Out> F) const;

  // dA_rk += scale sum_i G_ik sigma(w_r.x_i), G (n, k) of all samples.
  void add_dA(matrix_view<const T> G, const block_sums_memory<T>& dA) const;

  // dW_r += scale sum_i (sum_k G_ik A_rk) sigma'(w_r.x_i) x_i. Overwrites the pre-activations.
  void add_dW(matrix_view<const T> G, const block_sums_memory<T>& dW);

 private:
  preactivations<T> kept() const;

  const network<T>& net_;
  scaled_rows_memory<T> scaled_;
  device_memory<T> kept_;
  device_memory<double> part_;  // of the outputs, from each tile
};

// use(block) for every block of samples in order; for one without samples if there are none.
template <class T, class Use>
void for_each_block(const network<T>& net, const Use& use) {
  const index n = net.X.rows, step = net.block_rows();
  index begin = 0;
  do {
    sample_block<T> block(net, begin, std::min(n, begin + step));
    use(block);
    begin += step;
  } while (begin < n);
}

}  // namespace pyntk
