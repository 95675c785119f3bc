// H_ij = x_i.x_j (share of neurons active on both): a tile of counts of common bits, times a tile
// of products.
#include <vector>

#include "../core/kernels.hpp"
#include "../core/triangle.hpp"
#include "instruction_set.hpp"
#include "pool.hpp"
#include "preactivations.hpp"

namespace pyntk {
namespace {

// counts(i, j) = neurons active on rows i0 + i and j0 + j, for j0 + j <= i0 + i (and some more), in
// rows of tile_edge.
void count_common(matrix_view<const std::uint64_t> P, index i0, index i1, index j0, index j1,
                  std::int64_t* counts) {
  std::int64_t block[pattern_edge * pattern_edge];
  const auto rows_from = [&](index first, index end, const std::uint64_t** rows) {
    for (index r = 0; r < pattern_edge; ++r) rows[r] = P.row(std::min(first + r, end - 1));
  };
  for (index i = i0; i < i1; i += pattern_edge) {
    const std::uint64_t *p[pattern_edge], *q[pattern_edge];
    rows_from(i, i1, p);
    for (index j = j0; j < std::min(j1, i + pattern_edge); j += pattern_edge) {
      rows_from(j, j1, q);
      this_machine().bits->common_bits(p, q, P.columns, block);
      for (index a = 0; a < pattern_edge; ++a)
        std::copy_n(block + a * pattern_edge, pattern_edge,
                    counts + (i - i0 + a) * tile_edge + j - j0);
    }
  }
}

template <class T>
void finite_width_tile(const scaled_panels<T>& rows, const scaled_panels<T>& columns,
                       matrix_view<const std::uint64_t> P, index m, index I, index J,
                       matrix_view<T> H) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  const index i0 = I * tile_edge, i1 = std::min(H.rows, i0 + tile_edge);
  const index j0 = J * tile_edge, j1 = std::min(H.rows, j0 + tile_edge);
  std::vector<std::int64_t> counts(tile_edge * tile_edge);
  count_common(P, i0, i1, j0, j1, counts.data());
  buffer<T> tile = make_buffer<T>(mk.rows * mk.columns);
  for_each_tile(rows, columns, tile.get(), [&](index u, index v, const T* C) {
    for (index i = i0 + u; i < std::min(i1, i0 + u + mk.rows); ++i) {
      const std::int64_t* of_row = counts.data() + (i - i0) * tile_edge;
      for (index j = j0 + v; j < std::min({j1, j0 + v + mk.columns, i + 1}); ++j) {
        const double share = static_cast<double>(of_row[j - j0]) / static_cast<double>(m);
        const double product = C[(i - i0 - u) * mk.columns + j - j0 - v];
        const int exponent = rows.exponents[static_cast<std::size_t>(i - i0)] +
                             columns.exponents[static_cast<std::size_t>(j - j0)];
        H(i, j) = H(j, i) = static_cast<T>(times_power_of_two(product * share, exponent));
      }
    }
  });
}

}  // namespace

template <class T>
void finite_width_gram(matrix_view<const T> X, matrix_view<const std::uint64_t> P, index m,
                       int threads, matrix_view<T> H) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  const auto rows = pack_blocks(X, mk.rows, threads);
  const auto columns = pack_blocks(X, mk.columns, threads);
  parallel_for(triangle_size(ceil_div(X.rows, tile_edge)), threads, [&](index number) {
    const auto [I, J] = triangle_place(number);
    finite_width_tile(rows[static_cast<std::size_t>(I)], columns[static_cast<std::size_t>(J)], P, m,
                      I, J, H);
  });
}

template void finite_width_gram(matrix_view<const float>, matrix_view<const std::uint64_t>, index,
                                int, matrix_view<float>);
template void finite_width_gram(matrix_view<const double>, matrix_view<const std::uint64_t>, index,
                                int, matrix_view<double>);

}  // namespace pyntk
