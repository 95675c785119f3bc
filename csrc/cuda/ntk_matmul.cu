// Y = K V: a tile of K is made in shared memory, multiplied with its rows of V at once, and
// forgotten. Its symmetry is not used: a block that wrote to the rows of another would have to wait
// for it, or leave the order of a sum to chance.
#include "../core/kernels.hpp"
#include "pairs.cuh"
#include "strips.cuh"

namespace pyntk {
namespace {

// Where a block begins with the columns of its strip: tiles before it hold zeros alone, but the
// sums of a strip are written by at least one tile.
__device__ index first_tile(const strip_sums::place& at, index i0, index first) {
  if (i0 + tile_edge > first) return at.begin;
  const index wanted = first / tile_edge * tile_edge;
  const index last = at.begin + (at.end - 1 - at.begin) / tile_edge * tile_edge;
  return wanted < at.begin ? at.begin : wanted < last ? wanted : last;
}

template <class T, class Entry>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    matmul_strip(Entry k, matrix_view<const T> V, index first, strip_sums to) {
  using W = typename Entry::working_type;
  __shared__ tile_memory<W> memory;
  const auto at = to.place_of(blockIdx.x);
  const index i0 = to.first_row + at.r0, begin = first_tile(at, i0, first);
#pragma unroll 1
  for (index j0 = begin; j0 < at.end; j0 += tile_edge) {
    put_pairs(memory, rows_from<W>{k.X.rows, i0}, rows_from<W>{k.Z.rows, j0});
    for_each_entry([&](int r, int c) {
      const index i = i0 + r, j = j0 + c;
      const bool inside = i < k.X.rows.rows && j < k.Z.rows.rows && (i >= first || j >= first);
      memory.a[r][c] =
          inside ? static_cast<W>(k(angle_between(memory.a[r][c], memory.b[r][c]), i, j)) : W(0);
    });
#pragma unroll 1
    for (index column = 0; column < V.columns; column += tile_edge) {
      __syncthreads();
      columns_from<T>{V, column}.stage(memory.b, j0);
      __syncthreads();
      if (V.columns - column <= thread_edge)
        add_tile<1>(memory, tile_product{}, to, at.sums, column, V.columns, j0 == begin);
      else
        add_tile<thread_sums>(memory, tile_product{}, to, at.sums, column, V.columns, j0 == begin);
    }
    __syncthreads();
  }
}

template <class T>
__global__ void __launch_bounds__(tile_threads) add_strips(strip_sums sums, matrix_view<T> Y) {
  const index number = static_cast<index>(blockIdx.x) * tile_threads + threadIdx.x;
  const index r = number / Y.columns, i = sums.first_row + r;
  if (r < sums.rows && i < Y.rows)
    Y(i, number % Y.columns) = static_cast<T>(sums.sum(r, number % Y.columns));
}

template <class T, class Entry>
void multiply(const Entry& k, matrix_view<const T> V, index first, matrix_view<T> Y) {
  for_each_chunk(Y.rows, V.rows, Y.columns, [&](const strip_sums& sums, index blocks) {
    launch(matmul_strip<T, Entry>, blocks, tile_threads, k, V, first, sums);
    launch(add_strips<T>, ceil_div(sums.rows * Y.columns, tile_threads), tile_threads, sums, Y);
  });
}

}  // namespace

template <class T>
void ntk_matmul(matrix_view<const T> X, matrix_view<const T> V, const recipe& recipe, index first,
                int, matrix_view<T> Y) {
  with_working_type<T>(recipe, [&]<class W, bool Deep>(const kernel_constants& of) {
    const unit_rows_memory<W> U(X, of);
    multiply(pair_entry<W, Deep>{U.view(), U.view(), of}, V, first, Y);
  });
}

template <class T>
void ntk_matmul_cross(matrix_view<const T> X, matrix_view<const T> Z, matrix_view<const T> V,
                      const recipe& recipe, int, matrix_view<T> Y) {
  with_working_type<T>(recipe, [&]<class W, bool Deep>(const kernel_constants& of) {
    const unit_rows_memory<W> R(X, of), Q(Z, of);
    multiply(pair_entry<W, Deep>{R.view(), Q.view(), of}, V, 0, Y);
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
