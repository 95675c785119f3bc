// What the Gram kernels are built from beside the register tile, one version per instruction set.
#pragma once

#include "../math/layers.hpp"
#include "micro_kernel.hpp"

namespace pyntk {

// T is the dtype of the inputs and outputs, C that of the computation. A block is a C-order matrix
// of rows of `width` entries.
template <class T, class C>
struct gram_kernel {
  // |x_i| of each row.
  void (*norms)(const T* X, index rows, index d, row_norm* norms);
  // The unit rows as one panel (panels.hpp) of this width, zeros where there is no row.
  void (*pack)(const T* X, index rows, index d, const row_norm* norms, index width, C* panel);
  // A register tile: K_ij = scale s_rows_i s_columns_j value_ij, by kind, from cosines and squared
  // chords (|u - v|^2 near, |u + v|^2 far, looked at where `poles` says so); recipes of one layer
  // without bias. Rows of K are `stride` apart.
  void (*entries[4])(const C* cosine, const C* near, const C* far, int poles, index rows,
                     const double* s_rows, const double* s_columns, double scale, C* K,
                     index stride);
  // A row of a register tile for deep recipes; null where C is float.
  void (*deep_entries)(const C* cosine, const C* near, const C* far, double s_row,
                       const double* s_columns, const kernel_constants& of, const row_shares& row,
                       const row_shares& columns, C* K);
  // K(u, v) = block(u, v) and K(v, u) = block(u, v), K with rows `stride` apart. With `stream` past
  // the cache: then K is 64-byte aligned, and so is its stride.
  void (*put_rows)(const C* block, index width, index rows, index columns, T* K, index stride,
                   bool stream);
  void (*put_columns)(const C* block, index width, index rows, index columns, T* K, index stride,
                      bool stream);
};

// Products of a block with a few columns, in double: Y += block V (block rows x columns, V columns
// x c) and Y += block' V (V rows x c); c is a multiple of product_columns.
constexpr index product_columns = 8;

struct block_product {
  void (*rows)(const double* block, index width, index rows, index columns, const double* V,
               index c, double* Y);
  void (*columns)(const double* block, index width, index rows, index columns, const double* V,
                  index c, double* Y);
};

// A row of a register tile of derivatives (slope_of, deep.hpp), from cosines and squared chords.
using slope_row = void (*)(const double* cosine, const double* near, const double* far,
                           const kernel_constants& of, const row_shares& row,
                           const row_shares& columns, double* by_cosine, double* by_log_norm);

template <class T, class C>
const gram_kernel<T, C>& machine_gram_kernel();

}  // namespace pyntk
