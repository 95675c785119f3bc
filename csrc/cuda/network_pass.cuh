// The passes of a two-layer network over blocks of samples, whose pre-activations are in workspace.
//
// A block holds so many samples that its (samples, m) pre-activations take kept_bytes at most (one
// tile of samples always fits). Each is formed once, in the type of the inputs, from rows scaled by
// powers of two; the outputs, dA and dW are products with what a function of them gives. Blocks are
// taken in order and no sum is shared between thread blocks, so every bit is reproducible.
#pragma once

#include <algorithm>
#include <cmath>

#include "../core/kernels.hpp"
#include "scaled_rows.cuh"

namespace pyntk {

constexpr index kept_bytes = index{32} << 20;

template <class T>
struct network {
  network(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
          const activation& s, double scale)
      : X(X), W(W), A(A), s(s), scale(scale), neurons(W) {}

  // Samples of a block: whole tiles.
  index block_rows() const;

  matrix_view<const T> X, W, A;
  activation s;
  double scale;
  scaled_rows_memory<T> neurons;
};

// What blocks of samples add to: Kahan's sums, so that their error does not grow with the number of
// blocks. A single block needs no rest.
template <class T>
struct block_sums {
  matrix_view<T> total;
  T* rest;
  bool first;

  __device__ void add(index r, index k, double part) const {
    const double before = first ? 0.0 : static_cast<double>(total(r, k));
    if (!first) part += static_cast<double>(rest[r * total.columns + k]);
    const T sum = static_cast<T>(before + part);
    total(r, k) = sum;
    if (!rest) return;
    const T lost = static_cast<T>(part - (static_cast<double>(sum) - before));
    rest[r * total.columns + k] = std::isfinite(sum) ? lost : T(0);
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
  matrix_view<T> kept() const { return {kept_.get(), samples(), net_.W.rows}; }

  const network<T>& net_;
  scaled_rows_memory<T> scaled_;
  device_memory<T> kept_;
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
