// The order in which the blocks of a Gram matrix are made, with bounded memory: the rows in strips,
// packed once and shared by all threads; the columns in slices, one task each, packed by the task.
//
// A strip is as high as fits in strip_bytes, so that packing the columns anew for each costs little
// (measured: bench/), and no copy of X is held, whatever its size.
#pragma once

#include "gram_block.hpp"
#include "scratch.hpp"

namespace pyntk {

constexpr index strip_bytes = index{8} << 20, slice_bytes = index{2} << 20;
// A task has at most so many entries, layers counted: it ends within some 20 ms, and Ctrl-C is
// served.
constexpr index strip_entries = index{3} << 20;

// The largest multiple of `part`, at least one and at most `most`, of rows of this many bytes.
inline index rows_within(index bytes, index row_bytes, index part, index most) {
  const index rows = std::min(bytes / row_bytes, most) / part * part;
  return std::max(rows, part);
}

// A part of the matrix that one task computes: columns [j0, j1) of the rows [i0, i1) of a strip.
struct gram_slice {
  index number;  // of the slice, in the order of the strips
  index i0, i1, j0, j1;
};

template <class T, class C>
class gram_strips {
 public:
  // Symmetric: slices right of the diagonal are left out, and those that meet it come last, so that
  // tasks grow smaller towards the end of a strip. Strips begin at row `first`.
  gram_strips(const gram_inputs<T, C>& from, bool symmetric, index slice_columns, index first = 0)
      : from_(from), symmetric_(symmetric), first_(first) {
    const index row_bytes = from.X.terms() * static_cast<index>(sizeof(C));
    const index part = tile_edge * row_bytes > strip_bytes ? mk_.rows : tile_edge;
    const index most = std::min(from.X.rows(), strip_entries / (tile_edge * from.of.depth));
    strip_rows_ = rows_within(strip_bytes, row_bytes, part, round_up(most, part));
    slice_columns_ = rows_within(slice_bytes, row_bytes, mk_.columns, slice_columns);
  }

  // Calls use(slice, i0, rows, j0, block) for every block of every slice, and end(slice) after the
  // last of a slice; begin(slice) gives the state that both get as first argument.
  template <class Begin, class Use, class End>
  void for_each_block(int threads, const Begin& begin, const Use& use, const End& end) {
    const index terms = from_.X.terms(), rows_left = from_.X.rows() - first_;
    const index strips = ceil_div(rows_left, strip_rows_);
    buffer<C> A = make_buffer<C>(round_up(std::min(strip_rows_, rows_left), mk_.rows) * terms);
    scratch<C> panels(slice_columns_ * terms);
    const progress_scope scope(tasks());
    index before = 0;  // slices of the strips so far
    for (index strip = 0; strip < strips; ++strip) {
      const index i0 = first_ + strip * strip_rows_;
      const index i1 = std::min(from_.X.rows(), i0 + strip_rows_);
      const index groups = ceil_div(i1 - i0, mk_.rows);
      parallel_for(pack_tasks(i1 - i0), threads, [&](index part) {
        const index g = part * pack_groups, count = std::min(pack_groups, groups - g);
        from_.X.pack(i0 + g * mk_.rows, count, mk_.rows, A.get() + g * mk_.rows * terms);
      });
      const index columns = symmetric_ ? i1 : from_.Z.rows();
      parallel_for(slices(i1), threads, [&](index number) {
        const index j0 = number * slice_columns_, j1 = std::min(columns, j0 + slice_columns_);
        const gram_slice slice{before + number, i0, i1, j0, j1};
        const auto B = panels.take();
        from_.Z.pack(j0, ceil_div(j1 - j0, mk_.columns), mk_.columns, B.get());
        auto state = begin(slice);
        gram_block<T, C> block(from_);
        for (index i = i0; i < i1; i += tile_edge) {
          const index rows = std::min(tile_edge, i1 - i);
          for (index j = j0; j < j1; j += block.width()) {
            if (symmetric_ && i + rows <= j) break;
            const index width = std::min(block.width(), j1 - j);
            block.compute(i, rows, A.get() + (i - i0) * terms, j, width, B.get() + (j - j0) * terms,
                          symmetric_);
            use(state, slice, i, rows, j, width, block);
          }
        }
        end(state, slice);
      });
      before += slices(i1);
    }
  }

 private:
  static constexpr index pack_groups = 8;
  index pack_tasks(index rows) const { return ceil_div(ceil_div(rows, mk_.rows), pack_groups); }
  // Of the strip that ends at row i1.
  index slices(index i1) const {
    return ceil_div(symmetric_ ? i1 : from_.Z.rows(), slice_columns_);
  }
  index tasks() const {
    index result = 0;
    for (index i0 = first_; i0 < from_.X.rows(); i0 += strip_rows_) {
      const index i1 = std::min(from_.X.rows(), i0 + strip_rows_);
      result += pack_tasks(i1 - i0) + slices(i1);
    }
    return result;
  }

  const micro_kernel<C>& mk_ = machine_kernel<C>();
  const gram_inputs<T, C>& from_;
  bool symmetric_;
  index first_, strip_rows_, slice_columns_;
};

}  // namespace pyntk
