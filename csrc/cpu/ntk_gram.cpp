// The infinite-width Gram matrices: unit rows, tiles of their products, the formula on each entry
// before the tile leaves the cache, both halves of a symmetric matrix written from it.
//
// Cosines beyond +-13/16 are replaced by chords, from a register tile of differences (or sums)
// over the same panels, for the register tiles that hold such a pair.
#include "../core/kernels.hpp"
#include "gram_strips.hpp"
#include "instruction_set.hpp"

namespace pyntk {
namespace {

struct no_state {};

// Where the blocks of K go. A matrix larger than the caches is written past them, where its rows
// begin on cache lines.
template <class T, class C>
class block_writer {
 public:
  explicit block_writer(matrix_view<T> K)
      : K_(K),
        stream_(K.rows * K.columns * static_cast<index>(sizeof(T)) > (index{8} << 20) &&
                K.columns * static_cast<index>(sizeof(T)) % 64 == 0) {}

  // Rows u0 ... u1 of the block of rows i ... and columns j ...
  void rows(gram_block<T, C>& block, index i, index u0, index u1, index j, index columns) const {
    T* to = &K_(i + u0, j);
    gk_.put_rows(block.row(u0), block.width(), u1 - u0, columns, to, K_.columns, streams(to));
  }

  // A block of the lower triangle, and its mirror image.
  void both(gram_block<T, C>& block, const gram_inputs<T, C>& from, index i, index rows, index j,
            index columns) const {
    const index below = std::clamp(j + columns - i, index{0}, rows);
    straddling(block, from, i, below, j, columns);
    if (below == rows) return;
    this->rows(block, i, below, rows, j, columns);
    T* to = &K_(j, i + below);
    gk_.put_columns(block.row(below), block.width(), rows - below, columns, to, K_.columns,
                    streams(to));
  }

 private:
  // Rows that meet the diagonal: entries below it twice, those on it apart.
  void straddling(gram_block<T, C>& block, const gram_inputs<T, C>& from, index i, index rows,
                  index j, index columns) const {
    for (index u = std::max<index>(0, j - i); u < rows; ++u) {
      for (index v = 0; v < std::min(columns, i + u - j); ++v)
        K_(i + u, j + v) = K_(j + v, i + u) = static_cast<T>(block.row(u)[v]);
      if (i + u < j + columns)
        K_(i + u, i + u) = static_cast<T>(diagonal_entry(from.X, i + u, from.of));
    }
  }

  bool streams(const T* to) const {
    return stream_ && reinterpret_cast<std::uintptr_t>(to) % 64 == 0;
  }

  matrix_view<T> K_;
  bool stream_;
  const gram_kernel<T, C>& gk_ = machine_gram_kernel<T, C>();
};

// Slices narrow enough for every thread to get a few.
index slice_columns_for(index columns, int threads) {
  return std::clamp(columns / (4 * std::max(threads, 1)), index{1}, tile_edge);
}

template <class T, class C>
void gram(matrix_view<const T> X, const kernel_constants& of, int threads, matrix_view<T> K) {
  const unit_rows<T, C> U(X, of, threads);
  const gram_inputs<T, C> from(U, U, of);
  const block_writer<T, C> write(K);
  gram_strips<T, C> strips(from, true, slice_columns_for(X.rows, threads));
  strips.for_each_block(
      threads, [](const gram_slice&) { return no_state{}; },
      [&](no_state&, const gram_slice&, index i, index rows, index j, index columns,
          gram_block<T, C>& block) { write.both(block, from, i, rows, j, columns); },
      [](no_state&, const gram_slice&) { this_machine().grams->stream_fence(); });
}

template <class T, class C>
void gram_cross(matrix_view<const T> X, matrix_view<const T> Z, const kernel_constants& of,
                int threads, matrix_view<T> K) {
  const unit_rows<T, C> U(X, of, threads), V(Z, of, threads);
  const gram_inputs<T, C> from(U, V, of);
  const block_writer<T, C> write(K);
  gram_strips<T, C> strips(from, false, slice_columns_for(Z.rows, threads));
  strips.for_each_block(
      threads, [](const gram_slice&) { return no_state{}; },
      [&](no_state&, const gram_slice&, index i, index rows, index j, index columns,
          gram_block<T, C>& block) { write.rows(block, i, 0, rows, j, columns); },
      [](no_state&, const gram_slice&) { this_machine().grams->stream_fence(); });
}

}  // namespace

template <class T>
void ntk_gram(matrix_view<const T> X, const recipe& recipe, int threads, matrix_view<T> K) {
  with_working_type<T>(recipe,
                       [&]<class C>(const kernel_constants& of) { gram<T, C>(X, of, threads, K); });
}

template <class T>
void ntk_gram_cross(matrix_view<const T> X, matrix_view<const T> Z, const recipe& recipe,
                    int threads, matrix_view<T> K) {
  with_working_type<T>(
      recipe, [&]<class C>(const kernel_constants& of) { gram_cross<T, C>(X, Z, of, threads, K); });
}

template void ntk_gram(matrix_view<const float>, const recipe&, int, matrix_view<float>);
template void ntk_gram(matrix_view<const double>, const recipe&, int, matrix_view<double>);
template void ntk_gram_cross(matrix_view<const float>, matrix_view<const float>, const recipe&, int,
                             matrix_view<float>);
template void ntk_gram_cross(matrix_view<const double>, matrix_view<const double>, const recipe&,
                             int, matrix_view<double>);

}  // namespace pyntk
