// Y = K V: a tile of K is made in registers, multiplied with its rows of V at once, and forgotten.
// Of a symmetric K only the tiles on and below the diagonal are made, and those below it are
// multiplied twice: with the rows of V at their columns, and transposed with those at their rows.
#include "../core/kernels.hpp"
#include "tile_entries.cuh"
#include "tile_parts.cuh"
#include "tile_product.cuh"

namespace pyntk {
namespace {

template <class W>
union block_memory {
  slab_memory<W> slabs;
  product_memory<W> product;
};

// Some columns of V, transposed, for one side of a tile.
template <class W>
__device__ void stage(W (&to)[product_columns][pair_tile<W>::edge], matrix_view<const W> V,
                      index column, index first) {
  constexpr int width = 16 / sizeof(W), across = pair_tile<W>::edge / width;
  constexpr int packs = product_columns * across;
#pragma unroll
  for (int part = 0; part < packs; part += slab_threads) {
    const int e = part + static_cast<int>(threadIdx.x), w = e / across, t = e % across * width;
    if (packs % slab_threads == 0 || e < packs)
      store_pack(to[w] + t, load_pack<width>(V.row(column + w) + first + t));
  }
}

// The sums of the warps to the tile's place.
template <bool OverRows, class W>
__device__ void write_part(product_memory<W>& memory, matrix_view<W> to, index place,
                           index column) {
  constexpr int down = slab_threads / product_columns;
  const int r = static_cast<int>(threadIdx.x) / product_columns;
  const int w = static_cast<int>(threadIdx.x) % product_columns;
  if (column + w >= to.columns) return;
  W* at = to.row(place + r) + column + w;
#pragma unroll
  for (int part = 0; part < pair_tile<W>::edge; part += down)
    at[part * to.columns] = sum_of_warps<OverRows>(memory, r + part, w);
}

// The products of a tile with V, which is transposed, to the places of the tile.
template <bool Symmetric, class W>
__device__ void multiply_tile(product_memory<W>& memory, const typename pair_tile<W>::sums& entries,
                              matrix_view<const W> V, const tile_parts<W>& to, index I, index J) {
  constexpr index edge = pair_tile<W>::edge;
  const bool twice = Symmetric && J < I;
#pragma unroll 1
  for (index column = 0; column < to.own.columns; column += product_columns) {
    __syncthreads();
    stage(memory.V[0], V, column, J * edge);
    if (twice) stage(memory.V[1], V, column, I * edge);
    __syncthreads();
    multiply_side<false>(memory, entries);
    if (twice) multiply_side<true>(memory, entries);
    __syncthreads();
    write_part<false>(memory, to.own, to.place(I, J), column);
    if (twice) write_part<true>(memory, to.transposed, to.place(I, J), column);
  }
}

template <int Slabs, bool Symmetric, int Together, class W, class Entry>
__global__ void __launch_bounds__(slab_threads, 1)
    multiply_pairs(Entry k, matrix_view<const W> V, index first, tile_parts<W> to) {
  __shared__ block_memory<W> memory;
  const auto tile = to.tile_of(blockIdx.x);
  if (Symmetric && tile.J > tile.I) return;
  const int I = static_cast<int>(tile.I), J = static_cast<int>(tile.J);
  typename pair_tile<W>::sums entries;
  make_entries<Slabs, Together>(memory.slabs, k, I, J, first, entries);
  multiply_tile<Symmetric>(memory.product, entries, V, to, anew(I), anew(J));
}

// V transposed, filled up with zeros.
template <class T, class W>
__global__ void __launch_bounds__(slab_threads)
    transpose(matrix_view<const T> V, matrix_view<W> to) {
  const index number = static_cast<index>(blockIdx.x) * slab_threads + threadIdx.x;
  const index j = number % to.columns, column = number / to.columns;
  if (column >= to.rows) return;
  to(column, j) = j < V.rows && column < V.columns ? static_cast<W>(V(j, column)) : W(0);
}

template <class W>
__global__ void __launch_bounds__(slab_threads) clear(matrix_view<part_sum<W>> sums) {
  const index number = static_cast<index>(blockIdx.x) * slab_threads + threadIdx.x;
  if (number < sums.rows * sums.columns) sums.data[number] = {0, 0};
}

template <class W>
__global__ void __launch_bounds__(slab_threads)
    add_chunk(tile_parts<W> from, matrix_view<part_sum<W>> sums) {
  const index number = static_cast<index>(blockIdx.x) * slab_threads + threadIdx.x;
  const index i = number / sums.columns, column = number % sums.columns;
  if (i < sums.rows) add_parts(from, i, column, sums(i, column));
}

template <class T, class W>
__global__ void __launch_bounds__(slab_threads)
    write_sums(matrix_view<const part_sum<W>> sums, matrix_view<T> Y) {
  const index number = static_cast<index>(blockIdx.x) * slab_threads + threadIdx.x;
  if (number >= Y.rows * Y.columns) return;
  Y.data[number] = static_cast<T>(sums.data[number].total + sums.data[number].rest);
}

template <bool Symmetric, class T, class W, bool Deep>
void multiply(const pair_entry<W, Deep>& k, matrix_view<const T> V, index first, matrix_view<T> Y) {
  constexpr index edge = pair_tile<W>::edge;
  constexpr int slabs = slabs_of_a_chain<T, W>;
  constexpr int together = Deep ? 1 : sizeof(W) == 8 ? 2 : 4;
  const index down = ceil_div(Y.rows, edge), across = ceil_div(V.rows, edge);
  const index wide = round_up(V.columns, product_columns), size = Y.rows * Y.columns;
  const auto launch_over = [](index entries, auto kernel, const auto&... arguments) {
    launch(kernel, ceil_div(entries, slab_threads), slab_threads, arguments...);
  };
  const device_memory<W> V_memory(wide * across * edge);
  const matrix_view<const W> Vt{V_memory.get(), wide, across * edge};
  launch_over(Vt.rows * Vt.columns, transpose<T, W>, V,
              matrix_view<W>{V_memory.get(), Vt.rows, Vt.columns});
  const device_memory<part_sum<W>> memory(size);
  const matrix_view<part_sum<W>> sums{memory.get(), Y.rows, Y.columns};
  launch_over(size, clear<W>, sums);
  const auto kernel = multiply_pairs<slabs, Symmetric, together, W, pair_entry<W, Deep>>;
  for_each_tile_chunk<W>(down, across, edge, Y.columns, first / edge, Symmetric,
                         [&](const tile_parts<W>& parts, index blocks) {
                           launch(kernel, blocks, slab_threads, k, Vt, first, parts);
                           launch_over(size, add_chunk<W>, parts, sums);
                         });
  launch_over(size, write_sums<T, W>,
              matrix_view<const part_sum<W>>{memory.get(), Y.rows, Y.columns}, Y);
}

}  // namespace

template <class T>
void ntk_matmul(matrix_view<const T> X, matrix_view<const T> V, const recipe& recipe, index first,
                int, matrix_view<T> Y) {
  with_working_type<T>(recipe, [&]<class W, bool Deep>(const kernel_constants& of) {
    const unit_rows_memory<W> U(X, of);
    multiply<true>(pair_entry<W, Deep>{U.view(), U.view(), of}, V, first, Y);
  });
}

template <class T>
void ntk_matmul_cross(matrix_view<const T> X, matrix_view<const T> Z, matrix_view<const T> V,
                      const recipe& recipe, int, matrix_view<T> Y) {
  with_working_type<T>(recipe, [&]<class W, bool Deep>(const kernel_constants& of) {
    const unit_rows_memory<W> R(X, of), Q(Z, of);
    multiply<false>(pair_entry<W, Deep>{R.view(), Q.view(), of}, V, 0, Y);
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
