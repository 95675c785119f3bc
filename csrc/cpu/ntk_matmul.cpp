// Products with a Gram matrix that is never stored: its blocks are multiplied as they are made,
// each twice where the matrix is symmetric.
//
// Every sum has one order, whatever the number of threads: a slice sums its blocks in order into
// parts of its own, and the parts are added to Y in the order of the slices. The rows of V and Y
// are padded to a multiple of product_columns doubles.
#include <memory>

#include "../core/kernels.hpp"
#include "gram_strips.hpp"
#include "in_order.hpp"
#include "instruction_set.hpp"

namespace pyntk {
namespace {

index padded(index columns) { return round_up(columns, product_columns); }

// The part of Y that a slice makes: of the rows of its strip, and of the rows that its columns are.
struct slice_sums {
  buffer<double> strip, slice;
};

void add_rows(const buffer<double>& part, index begin, index end, index c, buffer<double>& Y) {
  double* y = Y.get() + begin * c;
  for (index e = 0; e < (end - begin) * c; ++e) y[e] += part[e];
}

template <class T>
buffer<double> in_double(matrix_view<const T> V) {
  const index c = padded(V.columns);
  buffer<double> result = make_buffer<double>(V.rows * c);
  std::fill_n(result.get(), V.rows * c, 0.0);
  for (index i = 0; i < V.rows; ++i) std::copy_n(V.row(i), V.columns, result.get() + i * c);
  return result;
}

buffer<double> zeros(index size) {
  buffer<double> result = make_buffer<double>(size);
  std::fill_n(result.get(), size, 0.0);
  return result;
}

// A block of entries in double, with what lies above and on the diagonal of a symmetric matrix told
// apart: every pair (i, j) is in one block, but stands for two entries of K.
class entry_copy {
 public:
  entry_copy(double* memory, index width, index i, index rows, index j, index columns)
      : memory_(memory), width_(width), i_(i), rows_(rows), j_(j), columns_(columns) {}

  template <class T, class C>
  void take(gram_block<T, C>& block) {
    std::copy_n(block.row(0), rows_ * width_, memory_);
  }
  // The entries of K_ij for j <= i.
  template <class T, class C>
  void keep_lower(const unit_rows<T, C>& X, const kernel_constants& of) {
    if (i_ >= j_ + columns_) return;
    for (index u = 0; u < rows_; ++u) {
      const index diagonal = i_ + u - j_;
      std::fill(at(u, std::clamp<index>(diagonal, 0, width_)), at(u, width_), 0.0);
      if (diagonal >= 0 && diagonal < columns_) *at(u, diagonal) = diagonal_entry(X, i_ + u, of);
    }
  }
  // Those for j < i, which are K_ji too.
  void keep_below() {
    for (index u = std::max<index>(0, j_ - i_); u < std::min(rows_, j_ + columns_ - i_); ++u)
      *at(u, i_ + u - j_) = 0;
  }

 private:
  double* at(index u, index v) { return memory_ + u * width_ + v; }

  double* memory_;
  index width_, i_, rows_, j_, columns_;
};

template <class T, class C>
void multiply(const unit_rows<T, C>& X, const unit_rows<T, C>& Z, bool symmetric,
              matrix_view<const T> V_given, const kernel_constants& of, index first, int threads,
              matrix_view<T> Y_wanted) {
  const gram_inputs<T, C> from(X, Z, of);
  const index c = padded(V_given.columns);
  const buffer<double> V = in_double(V_given);
  buffer<double> Y = zeros(X.rows() * c);
  in_order slices(threads);
  const block_product& product = this_machine().grams->product;
  gram_strips<T, C> strips(from, symmetric, tile_edge, first);
  scratch<double> copies(tile_edge * gram_block<T, C>::width());
  strips.for_each_block(
      threads,
      [&](const gram_slice& at) {
        return slice_sums{zeros((at.i1 - at.i0) * c),
                          symmetric ? zeros((at.j1 - at.j0) * c) : buffer<double>()};
      },
      [&](slice_sums& sums, const gram_slice& at, index i, index rows, index j, index columns,
          gram_block<T, C>& block) {
        const auto memory = copies.take();
        entry_copy entries(memory.get(), block.width(), i, rows, j, columns);
        entries.take(block);
        if (symmetric) entries.keep_lower(X, of);
        product.rows(memory.get(), block.width(), rows, columns, V.get() + j * c, c,
                     sums.strip.get() + (i - at.i0) * c);
        if (!symmetric) return;
        entries.keep_below();
        product.columns(memory.get(), block.width(), rows, columns, V.get() + i * c, c,
                        sums.slice.get() + (j - at.j0) * c);
      },
      [&](slice_sums& sums, const gram_slice& at) {
        auto part = std::make_shared<slice_sums>(std::move(sums));
        slices.run(at.number, [&Y, c, at, part] {
          add_rows(part->strip, at.i0, at.i1, c, Y);
          if (part->slice) add_rows(part->slice, at.j0, at.j1, c, Y);
        });
      });
  for (index i = 0; i < Y_wanted.rows; ++i)
    for (index k = 0; k < Y_wanted.columns; ++k) Y_wanted(i, k) = static_cast<T>(Y[i * c + k]);
}

template <class T, class C>
void multiply_symmetric(matrix_view<const T> X, matrix_view<const T> V, const kernel_constants& of,
                        index first, int threads, matrix_view<T> Y) {
  const unit_rows<T, C> U(X, of, threads);
  multiply(U, U, true, V, of, first, threads, Y);
}

template <class T, class C>
void multiply_cross(matrix_view<const T> X, matrix_view<const T> Z, matrix_view<const T> V,
                    const kernel_constants& of, int threads, matrix_view<T> Y) {
  multiply(unit_rows<T, C>(X, of, threads), unit_rows<T, C>(Z, of, threads), false, V, of, 0,
           threads, Y);
}

}  // namespace

template <class T>
void ntk_matmul(matrix_view<const T> X, matrix_view<const T> V, const recipe& recipe, index first,
                int threads, matrix_view<T> Y) {
  with_working_type<T>(recipe, [&]<class C>(const kernel_constants& of) {
    multiply_symmetric<T, C>(X, V, of, first, threads, Y);
  });
}

template <class T>
void ntk_matmul_cross(matrix_view<const T> X, matrix_view<const T> Z, matrix_view<const T> V,
                      const recipe& recipe, int threads, matrix_view<T> Y) {
  with_working_type<T>(recipe, [&]<class C>(const kernel_constants& of) {
    multiply_cross<T, C>(X, Z, V, of, threads, Y);
  });
}

template void ntk_matmul(matrix_view<const float>, matrix_view<const float>, const recipe&, index,
                         int, matrix_view<float>);
template void ntk_matmul(matrix_view<const double>, matrix_view<const double>, const recipe&, index,
                         int, matrix_view<double>);
template void ntk_matmul_cross(matrix_view<const float>, matrix_view<const float>,
                               matrix_view<const float>, const recipe&, int, matrix_view<float>);
template void ntk_matmul_cross(matrix_view<const double>, matrix_view<const double>,
                               matrix_view<const double>, const recipe&, int, matrix_view<double>);

}  // namespace pyntk
