// The passes of a two-layer network over blocks of samples, each pre-activation formed once.
//
// Forward, a slice of neurons is a task: it makes its register tiles of w.x, adds sigma to the
// outputs, and keeps of each tile what the way back needs: of a homogeneous activation one bit per
// pair, else the pre-activations. Backward, a slice owns its rows of dW and dA. A block is as high
// as what is kept allows, so memory does not grow with n.
//
// Rows are scaled by powers of two: no product overflows or vanishes on the way.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "../core/buffer.hpp"
#include "../core/kernels.hpp"
#include "instruction_set.hpp"
#include "panels.hpp"

namespace pyntk {

enum class kept { nothing, gates, values };

// What a call computes with, prepared once.
template <class T>
struct network {
  network(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
          const activation& s, double scale, int threads);

  matrix_view<const T> X, W, A;
  activation s;
  double scale;
  int threads;
  bool homogeneous;
  // One output of a homogeneous activation: sums of products with one column, and dA follows from
  // the sums of which dW is made.
  bool one_output;
  index columns;                        // of A, padded for block_product; else 1
  index held;                           // m, up to a multiple of tile_edge
  std::vector<row_norm> neuron_scales;  // {1, exponent}, as gram_kernel::pack takes them
  // 2^exponent as two factors, (2, held); 1 for a homogeneous activation, where it is in the
  // weights
  buffer<double> halves;
  buffer<double> weights;  // A_rk (2^(exponent - offset)), (held, columns)
  int offset;              // 0 unless a weight would be beyond the range

  // What the way back needs, and how many samples it fits for.
  kept to_keep(bool wants_dA) const {
    return homogeneous && (one_output || !wants_dA) ? kept::gates : kept::values;
  }
  index block_rows(kept what) const;
  column_halves halves_at(index r0) const { return {halves.get() + r0, halves.get() + held + r0}; }
};

// The samples [begin, end), and what was kept of their pre-activations: of the panel of neurons
// from r0 on and sample i, gates[r0 / width rows_held + i], values[r0 rows_held + i width ...].
template <class T>
struct sample_block {
  sample_block(const network<T>& net, index begin, index end, kept what);

  index begin, end;
  kept what;
  index rows_held;  // up to a multiple of the register tile
  std::vector<row_norm> scales;
  std::vector<power_halves> halves;  // 2^exponent; 1 for a homogeneous activation
  buffer<T> panels;                  // the samples as rows of register tiles
  buffer<std::uint32_t> gates;
  buffer<T> values;

  index samples() const { return end - begin; }
};

// F (samples, k) = sum_r A_rk sigma(w_r.x_i), without scale; null where not wanted. Fills what the
// block keeps.
template <class T>
void forward_block(const network<T>& net, sample_block<T>& block, double* F);

// A gradient that blocks are added to, and what the additions rounded off (Kahan's sum), held where
// there are several.
template <class T>
struct gradient_sum {
  matrix_view<T> values;
  buffer<T> rests;

  gradient_sum(matrix_view<T> values_, bool several)
      : values(values_),
        rests(several ? make_buffer<T>(values_.rows * values_.columns) : buffer<T>()) {}

  // The first block sets, the others add.
  void add(index r, index k, double part, bool first) {
    T& value = values(r, k);
    if (first) {
      value = static_cast<T>(part);
      if (rests) rests[r * values.columns + k] = 0;
      return;
    }
    T& rest = rests[r * values.columns + k];
    const T step = static_cast<T>(part + static_cast<double>(rest)), sum = value + step;
    rest = step - (sum - value);
    value = sum;
  }
};

// dW (+)= scale sum_i (sum_k G_ik A_rk) sigma' x_i, dA (+)= scale sum_i G_ik sigma. G (n, k) of all
// samples. An output without rows is not made.
template <class T>
void backward_block(const network<T>& net, const sample_block<T>& block, matrix_view<const T> G,
                    gradient_sum<T>& dW, gradient_sum<T>& dA);

// What to take off the exponents of rows, so that no M_rk 2^exponent_r is beyond the range of
// double.
template <class T, class Exponent>
int exponent_offset(matrix_view<const T> M, const Exponent& exponent_of) {
  int largest = 0;
  for (index r = 0; r < M.rows; ++r) {
    for (index k = 0; k < M.columns; ++k) {
      int own = 0;
      if (M(r, k) != 0) std::frexp(static_cast<double>(M(r, k)), &own);
      largest = std::max(largest, own + exponent_of(r));
    }
  }
  return std::max(largest - 900, 0);
}

// Neurons per task, whole register tiles.
constexpr index slice_neurons = tile_edge;

}  // namespace pyntk
