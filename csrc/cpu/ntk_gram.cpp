// The infinite-width Gram matrices: unit rows, tiles of their products, the formula on each entry
// before the tile leaves the cache.
//
// Cosines within 1/32 of +-1 are replaced by chords, from a register tile of differences (or sums)
// over the same panels, for the register tiles that hold such a pair: the whole costs at most 2.7
// times generic data where all rows are near-parallel (measured figures: bench/).
#include <vector>

#include "../core/kernels.hpp"
#include "../core/triangle.hpp"
#include "../math/arc_cosine.hpp"
#include "../math/row_norm.hpp"
#include "micro_kernel.hpp"
#include "panels.hpp"
#include "pool.hpp"

namespace pyntk {
namespace {

// A matrix as unit rows in the two forms of panels, and the norms.
template <class T>
struct directions {
  index rows = 0;
  panels<T> as_rows{}, as_columns{};
  std::vector<row_norm> norms{};
};

enum form { rows_form = 1, columns_form = 2 };

template <class T>
directions<T> pack_directions(matrix_view<const T> X, int forms, int threads) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  directions<T> result;
  result.rows = X.rows;
  result.norms.resize(static_cast<std::size_t>(X.rows));
  if (forms & rows_form) result.as_rows = panels<T>(X.rows, X.columns, mk.rows);
  if (forms & columns_form) result.as_columns = panels<T>(X.rows, X.columns, mk.columns);
  parallel_for(ceil_div(X.rows, tile_edge), threads, [&](index block) {
    buffer<T> unit = make_buffer<T>(X.columns);
    for (index i = block * tile_edge; i < std::min(X.rows, (block + 1) * tile_edge); ++i) {
      result.norms[static_cast<std::size_t>(i)] = normalise_row(X.row(i), X.columns, unit.get());
      if (forms & rows_form) result.as_rows.put_row(i, unit.get());
      if (forms & columns_form) result.as_columns.put_row(i, unit.get());
    }
  });
  if (forms & rows_form) result.as_rows.put_zero_rows(X.rows);
  if (forms & columns_form) result.as_columns.put_zero_rows(X.rows);
  return result;
}

// The register tile of one pair of panels: cosines, and the chords where the cosines ask for them.
template <class T>
struct pair_tile {
  explicit pair_tile(const micro_kernel<T>& mk)
      : mk_(mk), size_(mk.rows * mk.columns), memory_(make_buffer<T>(3 * size_)) {}

  void compute(index d, const T* A, const T* B) {
    mk_.product(d, A, B, cosine());
    T least = 0, largest = 0;
    for (index e = 0; e < size_; ++e) {
      least = std::min(least, cosine()[e]);
      largest = std::max(largest, cosine()[e]);
    }
    if (largest > chord_border<T>()) mk_.difference(d, A, B, near());
    if (least < -chord_border<T>()) mk_.sum(d, A, B, far());
  }

  angle<T> operator()(index i, index j) const {
    const index e = i * mk_.columns + j;
    const T c = cosine()[e];
    if (c > chord_border<T>()) return angle_from_difference(near()[e]);
    if (c < -chord_border<T>()) return angle_from_sum(far()[e]);
    return angle_from_cosine(c);
  }

 private:
  T* cosine() const { return memory_.get(); }
  T* near() const { return memory_.get() + size_; }
  T* far() const { return memory_.get() + 2 * size_; }

  const micro_kernel<T>& mk_;
  index size_;
  buffer<T> memory_;
};

// Rows [i0, i1) against columns [j0, j1). With Symmetric only the entries below the diagonal are
// computed, and each is written twice.
template <class T, bool Symmetric>
void gram_tile(const directions<T>& X, const directions<T>& Z, index i0, index i1, index j0,
               index j1, int trained, matrix_view<T> K) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  pair_tile<T> tile(mk);
  for (index jp = j0; jp < j1; jp += mk.columns) {
    for (index ip = i0; ip < i1; ip += mk.rows) {
      const index i_end = std::min(ip + mk.rows, i1);
      if (Symmetric && i_end - 1 <= jp) continue;  // on or above the diagonal
      tile.compute(X.as_rows.k, X.as_rows[ip / mk.rows], Z.as_columns[jp / mk.columns]);
      for (index i = ip; i < i_end; ++i) {
        const index j_end = std::min({jp + mk.columns, j1, Symmetric ? i : j1});
        for (index j = jp; j < j_end; ++j) {
          const T entry = times_norms(unit_kernel(tile(i - ip, j - jp), trained),
                                      X.norms[static_cast<std::size_t>(i)],
                                      Z.norms[static_cast<std::size_t>(j)]);
          K(i, j) = entry;
          if (Symmetric) K(j, i) = entry;
        }
      }
    }
  }
}

template <class T>
void write_diagonal(const directions<T>& X, index i0, index i1, int trained, matrix_view<T> K) {
  for (index i = i0; i < i1; ++i) {
    const row_norm& norm = X.norms[static_cast<std::size_t>(i)];
    K(i, i) = times_norms(static_cast<T>(unit_diagonal(trained)), norm, norm);
  }
}

}  // namespace

template <class T>
void ntk_gram(matrix_view<const T> X, int trained, int threads, matrix_view<T> K) {
  const directions<T> U = pack_directions(X, rows_form | columns_form, threads);
  const index blocks = ceil_div(X.rows, tile_edge);
  parallel_for(triangle_size(blocks), threads, [&](index number) {
    const auto [I, J] = triangle_place(number);
    if (I == J) write_diagonal(U, I * tile_edge, std::min(X.rows, (I + 1) * tile_edge), trained, K);
    gram_tile<T, true>(U, U, I * tile_edge, std::min(X.rows, (I + 1) * tile_edge), J * tile_edge,
                       std::min(X.rows, (J + 1) * tile_edge), trained, K);
  });
}

template <class T>
void ntk_gram_cross(matrix_view<const T> X, matrix_view<const T> Z, int trained, int threads,
                    matrix_view<T> K) {
  const directions<T> U = pack_directions(X, rows_form, threads);
  const directions<T> V = pack_directions(Z, columns_form, threads);
  const index across = ceil_div(Z.rows, tile_edge);
  parallel_for(ceil_div(X.rows, tile_edge) * across, threads, [&](index number) {
    const index I = number / across, J = number % across;
    gram_tile<T, false>(U, V, I * tile_edge, std::min(X.rows, (I + 1) * tile_edge), J * tile_edge,
                        std::min(Z.rows, (J + 1) * tile_edge), trained, K);
  });
}

template void ntk_gram(matrix_view<const float>, int, int, matrix_view<float>);
template void ntk_gram(matrix_view<const double>, int, int, matrix_view<double>);
template void ntk_gram_cross(matrix_view<const float>, matrix_view<const float>, int, int,
                             matrix_view<float>);
template void ntk_gram_cross(matrix_view<const double>, matrix_view<const double>, int, int,
                             matrix_view<double>);

}  // namespace pyntk
