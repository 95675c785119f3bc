// The infinite-width Gram matrices: a tile of angles, and the formula on each entry before it
// leaves the chip.
#include "../core/kernels.hpp"
#include "pairs.cuh"
#include "symmetric.cuh"

namespace pyntk {
namespace {

// Symmetric: only entries on and below the diagonal are computed, those below are written twice.
template <class T, bool Symmetric, class Entry>
__global__ void __launch_bounds__(tile_threads, tile_blocks) gram_tile(Entry k, matrix_view<T> K) {
  using W = typename Entry::working_type;
  __shared__ tile_memory<W> memory;
  const index across = ceil_div(K.columns, tile_edge);
  const index number = blockIdx.x;
  const tile_place at =
      Symmetric ? triangle_place(number) : tile_place{number / across, number % across};
  put_pairs(memory, rows_from<W>{k.X.rows, at.I * tile_edge},
            rows_from<W>{k.Z.rows, at.J * tile_edge});

  for_each_entry([&](int r, int c) {
    const index i = at.I * tile_edge + r, j = at.J * tile_edge + c;
    if (i >= K.rows || j >= K.columns || (Symmetric && j > i)) return;
    const T entry = static_cast<T>(k(angle_between(memory.a[r][c], memory.b[r][c]), i, j));
    K(i, j) = entry;
    memory.a[r][c] = entry;
  });
  if (Symmetric) put_mirrored(memory.a, at, K);
}

}  // namespace

template <class T>
void ntk_gram(matrix_view<const T> X, const recipe& recipe, int, matrix_view<T> K) {
  with_working_type<T>(recipe, [&]<class W, bool Deep>(const kernel_constants& of) {
    const unit_rows_memory<W> U(X, of);
    launch(gram_tile<T, true, pair_entry<W, Deep>>, triangle_size(ceil_div(K.rows, tile_edge)),
           tile_threads, pair_entry<W, Deep>{U.view(), U.view(), of}, K);
  });
}

template <class T>
void ntk_gram_cross(matrix_view<const T> X, matrix_view<const T> Z, const recipe& recipe, int,
                    matrix_view<T> K) {
  with_working_type<T>(recipe, [&]<class W, bool Deep>(const kernel_constants& of) {
    const unit_rows_memory<W> U(X, of), V(Z, of);
    launch(gram_tile<T, false, pair_entry<W, Deep>>,
           ceil_div(K.rows, tile_edge) * ceil_div(K.columns, tile_edge), tile_threads,
           pair_entry<W, Deep>{U.view(), V.view(), of}, K);
  });
}

template void ntk_gram(matrix_view<const float>, const recipe&, int, matrix_view<float>);
template void ntk_gram(matrix_view<const double>, const recipe&, int, matrix_view<double>);
template void ntk_gram_cross(matrix_view<const float>, matrix_view<const float>, const recipe&, int,
                             matrix_view<float>);
template void ntk_gram_cross(matrix_view<const double>, matrix_view<const double>, const recipe&,
                             int, matrix_view<double>);

}  // namespace pyntk
