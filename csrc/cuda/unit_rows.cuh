// The rows of a Gram matrix, in workspace of the device: what an entry has to know of each.
#pragma once

#include "../math/layers.hpp"
#include "launch.cuh"

namespace pyntk {

constexpr index padded_to = 16;  // a row is filled up with zeros, which change no sum

// s(x_i) sqrt(scale) = (high + low) 2^(twice_exponent / 2), for entries in float: a product of two
// in double would cost most of what an entry costs where doubles are slow. A scale of 1/2, that of
// one layer, is part of the exponent, so its root is not rounded.
struct alignas(16) row_factor {
  float high, low;
  int twice_exponent;
};

// W is the type that angles are computed in.
template <class W>
struct unit_rows {
  matrix_view<const W> rows;  // x_i / |x_i|, zeros for a zero row; padded
  index inputs;               // the entries of a row, without the padding
  const row_norm* lengths;    // |x_i|
  const row_norm* sizes;      // s(x_i) of layers.hpp
  const double* shares;       // the row's alpha and beta of every layer, (2 pairs, n)
  const float* given;         // the rows as they were, if floats are computed in double
  const row_factor* factors;  // if W is float

  __device__ row_shares shares_of(index i) const { return {shares + i, rows.rows}; }
};

enum class parts { all, all_but_rows };

template <class W>
class unit_rows_memory {
 public:
  template <class T>
  unit_rows_memory(matrix_view<const T> X, const kernel_constants& of, parts wanted = parts::all);
  unit_rows<W> view() const {
    return {{rows_.get(), n_, round_up(d_, padded_to)},
            d_,
            lengths_.get(),
            sizes_.get(),
            shares_.get(),
            given_,
            factors_.get()};
  }

 private:
  index n_, d_;
  device_memory<W> rows_;
  device_memory<row_norm> lengths_, sizes_;
  device_memory<double> shares_;
  device_memory<row_factor> factors_;
  const float* given_ = nullptr;
};

}  // namespace pyntk
