// The rows of a matrix made free of overflow and underflow, in workspace of the device.
#pragma once

#include "../math/row_norm.hpp"
#include "unit_rows.cuh"

namespace pyntk {

// x_i = 2^exponents[i] rows(i, :), the largest entry of a row in [1/2, 1) (or zero). Rows are
// filled up with zeros to a multiple of padded_to, which change no sum.
template <class T>
struct scaled_rows {
  matrix_view<const T> rows;
  const int* exponents;
};

// Products of such rows neither overflow nor vanish; multiplied by the powers of two at the end
// they are the products of the rows as given, to the bit wherever those stay in range.
template <class T>
class scaled_rows_memory {
 public:
  explicit scaled_rows_memory(matrix_view<const T> X);
  scaled_rows<T> view() const { return {{rows_.get(), n_, d_}, exponents_.get()}; }

 private:
  index n_, d_;  // d_ filled up
  device_memory<T> rows_;
  device_memory<int> exponents_;
};

}  // namespace pyntk
