// The infinite-width Gram matrices: a tile of angles, and the formula on each entry before it
// leaves the chip.
#include "../core/kernels.hpp"
#include "kept_pairs.cuh"
#include "tile_order.cuh"

namespace pyntk {
namespace {

// Where a tile lies in K, and which of its entries are computed: in a symmetric matrix those on and
// below the diagonal.
template <class W, class T, bool Symmetric>
struct gram_place {
  matrix_view<T> K;
  index i0, j0;
  int rows, columns;  // of the tile that are in K
  bool diagonal;
  bool together;  // every entry is, and packs of them are where K is

  __device__ gram_place(matrix_view<T> to, int I, int J) : K(to) {
    constexpr int edge = pair_tile<W>::edge;
    i0 = static_cast<index>(I) * edge;
    j0 = static_cast<index>(J) * edge;
    rows = K.rows - i0 < edge ? static_cast<int>(K.rows - i0) : edge;
    columns = K.columns - j0 < edge ? static_cast<int>(K.columns - j0) : edge;
    diagonal = Symmetric && I == J;
    together = rows == edge && columns == edge && !diagonal && K.columns % 4 == 0 &&
               reinterpret_cast<std::uintptr_t>(K.data) % 16 == 0;
  }
  __device__ bool holds(int r, int c) const {
    return r < rows && c < columns && (!diagonal || c <= r);
  }
};

template <class T, int N>
__device__ void write(T* to, const pack<T, N>& entries, bool together, unsigned which) {
  if (together) {
    store_pack(to, entries);
  } else {
    for (int n = 0; n < N; ++n)
      if (which >> n & 1) to[n] = entries.at[n];
  }
}

// Writes the entries of a group to their rows.
template <class T, class W, class Place>
__device__ void write_rows(slab_memory<W>& memory, const Place& place, int q) {
  using tile = pair_tile<W>;
  for (int r = 0; r < tile::rows; ++r) {
    for (int s = 0; s < tile::columns; s += tile::column_run) {
      const int at = tile::row(q, r), left = tile::column(q, s);
      pack<T, tile::column_run> run;
      unsigned which = 0;
      for (int n = 0; n < tile::column_run; ++n) {
        run.at[n] = static_cast<T>(kept(memory, cosines, r * tile::columns + s + n));
        which |= static_cast<unsigned>(place.holds(at, left + n)) << n;
      }
      write(place.K.row(place.i0 + at) + place.j0 + left, run, place.together, which);
    }
  }
}

// Writes those below the diagonal to their places above it.
template <class T, class W, class Place>
__device__ void write_mirrored(slab_memory<W>& memory, const Place& place, int q) {
  using tile = pair_tile<W>;
  for (int s = 0; s < tile::columns; ++s) {
    for (int r = 0; r < tile::rows; r += tile::row_run) {
      const int top = tile::row(q, r), at = tile::column(q, s);
      pack<T, tile::row_run> run;
      unsigned which = 0;
      for (int n = 0; n < tile::row_run; ++n) {
        run.at[n] = static_cast<T>(kept(memory, cosines, (r + n) * tile::columns + s));
        which |=
            static_cast<unsigned>(place.holds(top + n, at) && place.j0 + at < place.i0 + top + n)
            << n;
      }
      write(place.K.row(place.j0 + at) + place.i0 + top, run, place.together, which);
    }
  }
}

template <class T, bool Symmetric, int Together, class Entry>
__global__ void __launch_bounds__(slab_threads, 1) gram_tile(Entry k, matrix_view<T> K) {
  using W = typename Entry::working_type;
  __shared__ slab_memory<W> memory;
  constexpr index edge = pair_tile<W>::edge;
  const index number = blockIdx.x, down = ceil_div(K.rows, edge);
  const tile_place at = Symmetric ? banded_triangle_place(number, down)
                                  : rectangle_place(number, down, ceil_div(K.columns, edge));
  const int I = static_cast<int>(at.I), J = static_cast<int>(at.J);
  typename pair_tile<W>::sums sums;
  sum_products<slabs_of_a_chain<T, W>>(memory, rows_from<W>{k.X.rows, I * edge},
                                       rows_from<W>{k.Z.rows, J * edge}, sums);
  const gram_place<W, T, Symmetric> place(K, anew(I), anew(J));
  const rows_from<W> x{k.X.rows, place.i0}, z{k.Z.rows, place.j0};
#pragma unroll 1
  for (int q = 0; q < pair_tile<W>::groups; ++q) {
    const bool flagged = keep_pairs(memory, x, z, sums, q);
    keep_entries<T, Together>(memory, place, k, q, flagged);
    write_rows<T>(memory, place, q);
    if constexpr (Symmetric) write_mirrored<T>(memory, place, q);
  }
}

template <bool Symmetric, class T, class W, bool Deep>
void launch_tiles(const pair_entry<W, Deep>& entry, matrix_view<T> K) {
  constexpr index edge = pair_tile<W>::edge;
  constexpr int together = Deep ? 1 : sizeof(W) == 8 ? 2 : 4;
  const index down = ceil_div(K.rows, edge), across = ceil_div(K.columns, edge);
  launch(gram_tile<T, Symmetric, together, pair_entry<W, Deep>>,
         Symmetric ? triangle_size(down) : down * across, slab_threads, entry, K);
}

}  // namespace

template <class T>
void ntk_gram(matrix_view<const T> X, const recipe& recipe, int, matrix_view<T> K) {
  with_working_type<T>(recipe, [&]<class W, bool Deep>(const kernel_constants& of) {
    const unit_rows_memory<W> U(X, of);
    launch_tiles<true>(pair_entry<W, Deep>{U.view(), U.view(), of}, K);
  });
}

template <class T>
void ntk_gram_cross(matrix_view<const T> X, matrix_view<const T> Z, const recipe& recipe, int,
                    matrix_view<T> K) {
  with_working_type<T>(recipe, [&]<class W, bool Deep>(const kernel_constants& of) {
    const unit_rows_memory<W> U(X, of), V(Z, of);
    launch_tiles<false>(pair_entry<W, Deep>{U.view(), V.view(), of}, K);
  });
}

template void ntk_gram(matrix_view<const float>, const recipe&, int, matrix_view<float>);
template void ntk_gram(matrix_view<const double>, const recipe&, int, matrix_view<double>);
template void ntk_gram_cross(matrix_view<const float>, matrix_view<const float>, const recipe&, int,
                             matrix_view<float>);
template void ntk_gram_cross(matrix_view<const double>, matrix_view<const double>, const recipe&,
                             int, matrix_view<double>);

}  // namespace pyntk
