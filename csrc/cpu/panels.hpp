// Packing: rows of a matrix as the panels that the register tile reads.
#pragma once

#include <algorithm>

#include "../core/buffer.hpp"
#include "../core/view.hpp"

namespace pyntk {

constexpr index ceil_div(index a, index b) { return (a + b - 1) / b; }

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

// The rows begin ... end of A.
template <class T>
void pack_rows(matrix_view<const T> A, index begin, index end, panels<T>& target) {
  for (index row = begin; row < end; ++row) target.put_row(row - begin, A.row(row));
  target.put_zero_rows(end - begin);
}

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
