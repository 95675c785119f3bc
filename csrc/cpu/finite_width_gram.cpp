// H_ij = x_i.x_j (share of neurons active on both): a tile of products, times counts of common
// bits.
#include "../core/kernels.hpp"
#include "../core/triangle.hpp"
#include "instruction_set.hpp"
#include "pool.hpp"
#include "preactivations.hpp"

namespace pyntk {
namespace {

template <class T>
void finite_width_tile(const scaled_panels<T>& rows, const scaled_panels<T>& columns,
                       matrix_view<const std::uint64_t> P, index m, index I, index J,
                       matrix_view<T> H) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  const index i0 = I * tile_edge, i1 = std::min(H.rows, i0 + tile_edge);
  const index j0 = J * tile_edge, j1 = std::min(H.rows, j0 + tile_edge);
  buffer<T> tile = make_buffer<T>(mk.rows * mk.columns);
  for_each_tile(rows, columns, tile.get(), [&](index u, index v, const T* C) {
    for (index i = i0 + u; i < std::min(i1, i0 + u + mk.rows); ++i) {
      for (index j = j0 + v; j < std::min({j1, j0 + v + mk.columns, i + 1}); ++j) {
        const index both = this_machine().tiles->common_bits(P.row(i), P.row(j), P.columns);
        const double share = static_cast<double>(both) / static_cast<double>(m);
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
