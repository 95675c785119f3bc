// Packing: rows of a matrix as the panels that the register tile reads.
#pragma once

#include <algorithm>
#include <vector>

#include "../core/buffer.hpp"
#include "../core/view.hpp"
#include "../math/row_norm.hpp"

namespace pyntk {

// Panel p holds the rows p width ... of the source, transposed: k groups of `width` values, zeros
// where the source has no such row. Panels follow each other without gaps.
template <class T>
struct panels {
  index width = 0;
  index k = 0;
  index count = 0;
  buffer<T> memory{};

  panels() = default;
  panels(index rows, index k_, index width_)
      : width(width_),
        k(k_),
        count(ceil_div(rows, width_)),
        memory(make_buffer<T>(rows_held() * k_)) {}

  index rows_held() const { return count * width; }
  T* operator[](index p) { return memory.get() + p * width * k; }
  const T* operator[](index p) const { return memory.get() + p * width * k; }

  // Writes one row of the source (contiguous values) to its place.
  void put_row(index row, const T* values) {
    T* target = (*this)[row / width] + row % width;
    for (index i = 0; i < k; ++i) target[i * width] = values[i];
  }
  void put_zero_rows(index from) {
    for (index row = from; row < rows_held(); ++row) {
      T* target = (*this)[row / width] + row % width;
      for (index i = 0; i < k; ++i) target[i * width] = 0;
    }
  }
};

// The rows begin ... end of A as panels, each scaled by a power of two to a largest entry in [1/2,
// 1): their products neither overflow nor vanish, and have the signs and, times 2^(sum of
// exponents), the values of the products of the rows as given.
template <class T>
struct scaled_panels : panels<T> {
  std::vector<int> exponents{};

  scaled_panels() = default;
  scaled_panels(matrix_view<const T> A, index begin, index end, index width)
      : panels<T>(end - begin, A.columns, width) {
    buffer<T> scaled = make_buffer<T>(A.columns);
    for (index row = begin; row < end; ++row) {
      const int exponent = row_exponent(A.row(row), A.columns);
      scale_row(A.row(row), A.columns, -exponent, scaled.get());
      this->put_row(row - begin, scaled.get());
      exponents.push_back(exponent);
    }
    this->put_zero_rows(end - begin);
    exponents.resize(static_cast<std::size_t>(this->rows_held()));
  }
};

// The columns of A as rows, over the terms begin ... end: panel p holds columns p width ...
template <class T>
void pack_columns(matrix_view<const T> A, index begin, index end, panels<T>& target) {
  for (index p = 0; p < target.count; ++p) {
    const index column = p * target.width;
    const index filled = std::min(target.width, A.columns - column);
    for (index i = begin; i < end; ++i) {
      T* group = target[p] + (i - begin) * target.width;
      const T* source = A.row(i) + column;
      for (index j = 0; j < filled; ++j) group[j] = source[j];
      for (index j = filled; j < target.width; ++j) group[j] = 0;
    }
  }
}

}  // namespace pyntk
