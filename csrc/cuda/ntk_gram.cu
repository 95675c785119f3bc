// The infinite-width Gram matrices: a tile of cosines, chords where the cosines ask for them, the
// formula on each entry before it leaves the chip.
//
// The chords of a tile are a second tile sum, of differences where the cosine is positive and of
// sums where it is negative, made only if an entry of the tile lies beyond chord_border. Whether an
// entry takes its chord depends on its own cosine alone.
#include "../core/kernels.hpp"
#include "../math/arc_cosine.hpp"
#include "rows.cuh"
#include "symmetric.cuh"

namespace pyntk {
namespace {

// |u - v|^2 where the cosine is positive, |u + v|^2 where it is negative.
template <class T>
struct chord_term {
  const thread_tile<T>& cosine;

  __device__ T operator()(T sum, T x, T z, int i, int j) const {
    const T t = x - std::copysign(T(1), cosine[i][j]) * z;
    return std::fma(t, t, sum);
  }
};

template <class T>
__device__ bool any_beyond_border(const thread_tile<T>& cosine) {
  bool beyond = false;
  for (int i = 0; i < thread_sums; ++i)
    for (int j = 0; j < thread_sums; ++j) beyond |= std::fabs(cosine[i][j]) > chord_border<T>();
  return beyond;
}

// Symmetric: only entries on and below the diagonal are computed, those below are written twice.
template <class T, bool Symmetric>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    gram_tile(unit_rows<T> X, unit_rows<T> Z, int trained, matrix_view<T> K) {
  __shared__ tile_memory<T> memory;
  const index across = ceil_div(K.columns, tile_edge);
  const index number = blockIdx.x;
  const tile_place at =
      Symmetric ? triangle_place(number) : tile_place{number / across, number % across};
  const rows_from<T> x{X.rows, at.I * tile_edge}, z{Z.rows, at.J * tile_edge};

  thread_tile<T> cosine, chord = {};
  tile_sum(memory, x, z, X.rows.columns, product_term{}, cosine);
  if (__syncthreads_or(any_beyond_border(cosine)))
    tile_sum(memory, x, z, X.rows.columns, chord_term<T>{cosine}, chord);
  put_tile(cosine, memory.a);
  put_tile(chord, memory.b);
  __syncthreads();

  for_each_entry([&](int r, int c) {
    const index i = at.I * tile_edge + r, j = at.J * tile_edge + c;
    if (i >= K.rows || j >= K.columns || (Symmetric && j > i)) return;
    const T value = Symmetric && i == j
                        ? static_cast<T>(unit_diagonal(trained))
                        : unit_kernel(angle_between(memory.a[r][c], memory.b[r][c]), trained);
    K(i, j) = memory.a[r][c] = times_norms(value, X.norms[i], Z.norms[j]);
  });
  if (Symmetric) put_mirrored(memory.a, at, K);
}

}  // namespace

template <class T>
void ntk_gram(matrix_view<const T> X, int trained, int, matrix_view<T> K) {
  const unit_rows_memory<T> U(X);
  launch(gram_tile<T, true>, triangle_size(ceil_div(K.rows, tile_edge)), tile_threads, U.view(),
         U.view(), trained, K);
}

template <class T>
void ntk_gram_cross(matrix_view<const T> X, matrix_view<const T> Z, int trained, int,
                    matrix_view<T> K) {
  const unit_rows_memory<T> U(X), V(Z);
  launch(gram_tile<T, false>, ceil_div(K.rows, tile_edge) * ceil_div(K.columns, tile_edge),
         tile_threads, U.view(), V.view(), trained, K);
}

template void ntk_gram(matrix_view<const float>, int, int, matrix_view<float>);
template void ntk_gram(matrix_view<const double>, int, int, matrix_view<double>);
template void ntk_gram_cross(matrix_view<const float>, matrix_view<const float>, int, int,
                             matrix_view<float>);
template void ntk_gram_cross(matrix_view<const double>, matrix_view<const double>, int, int,
                             matrix_view<double>);

}  // namespace pyntk
