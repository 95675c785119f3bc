// The rows of a Gram matrix, in workspace of the device: what an entry has to know of each.
#pragma once

#include "../math/layers.hpp"
#include "launch.cuh"

namespace pyntk {

// W is the type that angles are computed in.
template <class W>
struct unit_rows {
  matrix_view<const W> rows;  // x_i / |x_i|, zeros for a zero row
  const row_norm* lengths;    // |x_i|
  const row_norm* sizes;      // s(x_i) of layers.hpp
  const double* shares;       // the row's alpha and beta of every layer, (2 pairs, n)
  const float* given;         // the rows as they were, if floats are computed in double

  __device__ row_shares shares_of(index i) const { return {shares + i, rows.rows}; }
};

enum class parts { all, all_but_rows };

template <class W>
class unit_rows_memory {
 public:
  template <class T>
  unit_rows_memory(matrix_view<const T> X, const kernel_constants& of, parts wanted = parts::all);
  unit_rows<W> view() const {
    return {{rows_.get(), n_, d_}, lengths_.get(), sizes_.get(), shares_.get(), given_};
  }

 private:
  index n_, d_;
  device_memory<W> rows_;
  device_memory<row_norm> lengths_, sizes_;
  device_memory<double> shares_;
  const float* given_ = nullptr;
};

}  // namespace pyntk
