// The infinite-width Gram matrices: unit rows, tiles of their products, the formula on each entry
// before the tile leaves the cache.
//
// Cosines within 1/32 of +-1 are replaced by chords, from a register tile of differences (or sums)
// over the same panels, for the register tiles that hold such a pair: the whole costs at most 2.7
// times generic data where all rows are near-parallel (measured figures: bench/).
#include <algorithm>
#include <cstdlib>
#include <type_traits>
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

// |x_i| as the factors that an entry is multiplied by. Where 2^exponent could leave the range on
// the way (double only) they are the mantissas, and the powers of two follow at the end; both ways
// give the same bits, so that an entry does not depend on the other rows.
constexpr int plain_exponent = 400;

template <class T>
bool is_extreme(const directions<T>& X) {
  return std::is_same_v<T, double> && std::ranges::any_of(X.norms, [](const row_norm& norm) {
           return std::abs(norm.exponent) > plain_exponent;
         });
}

template <class T>
buffer<double> factors(const directions<T>& X, index held, bool extreme) {
  buffer<double> result = make_buffer<double>(held);
  std::fill(result.get(), result.get() + held, 0.0);
  for (index i = 0; i < X.rows; ++i) {
    const row_norm& norm = X.norms[static_cast<std::size_t>(i)];
    result[i] = extreme ? norm.mantissa : times_power_of_two(norm.mantissa, norm.exponent);
  }
  return result;
}

// Everything a tile is computed from.
template <class T>
struct gram_inputs {
  gram_inputs(const directions<T>& X_, const directions<T>& Z_, int trained_)
      : X(X_),
        Z(Z_),
        trained(trained_),
        extreme(is_extreme(X_) || is_extreme(Z_)),
        row_factors(factors(X_, X_.as_rows.rows_held(), extreme)),
        column_factors(factors(Z_, Z_.as_columns.rows_held(), extreme)) {}

  const directions<T>& X;
  const directions<T>& Z;
  int trained;
  bool extreme;
  buffer<double> row_factors, column_factors;
};

// A register tile of entries of K, and the cosines and chords that it comes from.
template <class T>
class entry_tile {
 public:
  explicit entry_tile(const gram_inputs<T>& from)
      : from_(from), size_(mk_.rows * mk_.columns), memory_(make_buffer<T>(4 * size_)) {
    std::fill(memory_.get(), memory_.get() + 4 * size_, T(0));
  }

  const T* row(index u) const { return memory_.get() + u * mk_.columns; }

  // For the rows from i and the columns from j on, the first ones of their panels.
  void compute(index i, index j) {
    T *K = memory_.get(), *cosine = K + size_, *near = K + 2 * size_, *far = K + 3 * size_;
    const T* A = from_.X.as_rows[i / mk_.rows];
    const T* B = from_.Z.as_columns[j / mk_.columns];
    const index d = from_.X.as_rows.k;
    mk_.product(d, A, B, cosine);
    const int poles = mk_.poles(cosine);
    if (poles & 1) mk_.difference(d, A, B, near);
    if (poles & 2) mk_.sum(d, A, B, far);
    for (index u = 0; u < mk_.rows; ++u) {
      const index e = u * mk_.columns;
      mk_.entries[from_.trained](cosine + e, near + e, far + e, from_.row_factors[i + u],
                                 from_.column_factors.get() + j, K + e);
    }
    if (from_.extreme) restore_exponents(i, j);
  }

 private:
  void restore_exponents(index i, index j) {
    for (index u = 0; u < std::min<index>(mk_.rows, from_.X.rows - i); ++u) {
      for (index v = 0; v < std::min<index>(mk_.columns, from_.Z.rows - j); ++v) {
        T& entry = memory_[u * mk_.columns + v];
        entry = static_cast<T>(
            times_power_of_two(entry, from_.X.norms[static_cast<std::size_t>(i + u)].exponent +
                                          from_.Z.norms[static_cast<std::size_t>(j + v)].exponent));
      }
    }
  }

  const micro_kernel<T>& mk_ = machine_kernel<T>();
  const gram_inputs<T>& from_;
  index size_;
  buffer<T> memory_;
};

// Rows [i0, i1) against columns [j0, j1). With Symmetric only the entries below the diagonal are
// computed, and each is written twice.
template <class T, bool Symmetric>
void gram_tile(const gram_inputs<T>& from, index i0, index i1, index j0, index j1,
               matrix_view<T> K) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  entry_tile<T> tile(from);
  for (index jp = j0; jp < j1; jp += mk.columns) {
    const index j_end = std::min(jp + mk.columns, j1);
    for (index ip = i0; ip < i1; ip += mk.rows) {
      const index i_end = std::min(ip + mk.rows, i1);
      if (Symmetric && i_end - 1 <= jp) continue;  // on or above the diagonal
      tile.compute(ip, jp);
      for (index i = ip; i < i_end; ++i) {
        const T* row = tile.row(i - ip);
        std::copy(row, row + std::max<index>((Symmetric ? std::min(i, j_end) : j_end) - jp, 0),
                  &K(i, jp));
      }
      if (!Symmetric) continue;
      for (index j = jp; j < j_end; ++j)
        for (index i = std::max(ip, j + 1); i < i_end; ++i) K(j, i) = tile.row(i - ip)[j - jp];
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
  const gram_inputs<T> from(U, U, trained);
  const index blocks = ceil_div(X.rows, tile_edge);
  parallel_for(triangle_size(blocks), threads, [&](index number) {
    const auto [I, J] = triangle_place(number);
    const index i0 = I * tile_edge, i1 = std::min(X.rows, i0 + tile_edge), j0 = J * tile_edge;
    if (I == J) write_diagonal(U, i0, i1, trained, K);
    gram_tile<T, true>(from, i0, i1, j0, std::min(X.rows, j0 + tile_edge), K);
  });
}

template <class T>
void ntk_gram_cross(matrix_view<const T> X, matrix_view<const T> Z, int trained, int threads,
                    matrix_view<T> K) {
  const directions<T> U = pack_directions(X, rows_form, threads);
  const directions<T> V = pack_directions(Z, columns_form, threads);
  const gram_inputs<T> from(U, V, trained);
  const index across = ceil_div(Z.rows, tile_edge);
  parallel_for(ceil_div(X.rows, tile_edge) * across, threads, [&](index number) {
    const index i0 = number / across * tile_edge, j0 = number % across * tile_edge;
    gram_tile<T, false>(from, i0, std::min(X.rows, i0 + tile_edge), j0,
                        std::min(Z.rows, j0 + tile_edge), K);
  });
}

template void ntk_gram(matrix_view<const float>, int, int, matrix_view<float>);
template void ntk_gram(matrix_view<const double>, int, int, matrix_view<double>);
template void ntk_gram_cross(matrix_view<const float>, matrix_view<const float>, int, int,
                             matrix_view<float>);
template void ntk_gram_cross(matrix_view<const double>, matrix_view<const double>, int, int,
                             matrix_view<double>);

}  // namespace pyntk
