// A tile of the entries of a Gram matrix, in the registers of pair_tile.
#pragma once

#include "kept_pairs.cuh"

namespace pyntk {

// Which entries of a tile count.
template <class W>
struct tile_bounds {
  index i0, j0;
  int rows, columns;                  // of the tile that are in K
  int leading_rows, leading_columns;  // of the square whose entries are 0

  __device__ tile_bounds(int I, int J, index down, index across, index first)
      : i0(I * index{edge}),
        j0(J * index{edge}),
        rows(up_to_edge(down - i0)),
        columns(up_to_edge(across - j0)),
        leading_rows(up_to_edge(first - i0)),
        leading_columns(up_to_edge(first - j0)) {}
  __device__ bool holds(int r, int c) const {
    return r < rows && c < columns && (r >= leading_rows || c >= leading_columns);
  }

 private:
  static constexpr int edge = pair_tile<W>::edge;
  __device__ static int up_to_edge(index size) {
    return size < 0 ? 0 : size < edge ? static_cast<int>(size) : edge;
  }
};

// The entries take the places of a group's cosines in registers: see take_group().
template <class W>
__device__ void put_group(slab_memory<W>& memory, int group, typename pair_tile<W>::sums& to) {
#pragma unroll
  for (int q = 0; q < pair_tile<W>::groups; ++q)
    if (q == group)
      for (int r = 0; r < pair_tile<W>::rows; ++r)
        for (int s = 0; s < pair_tile<W>::columns; ++s)
          to[q][r][s] = kept(memory, cosines, r * pair_tile<W>::columns + s);
}

// The entries of tile (I, J), those of ntk_gram to the bit, not yet rounded to the type of the
// result.
template <int Slabs, int Together, class W, class Entry>
__device__ void make_entries(slab_memory<W>& memory, const Entry& k, int I, int J, index first,
                             typename pair_tile<W>::sums& entries) {
  constexpr index edge = pair_tile<W>::edge;
  sum_products<Slabs>(memory, rows_from<W>{k.X.rows, I * edge}, rows_from<W>{k.Z.rows, J * edge},
                      entries);
  const tile_bounds<W> bounds(anew(I), anew(J), k.X.rows.rows, k.Z.rows.rows, first);
  const rows_from<W> x{k.X.rows, bounds.i0}, z{k.Z.rows, bounds.j0};
#pragma unroll 1
  for (int q = 0; q < pair_tile<W>::groups; ++q) {
    const bool flagged = keep_pairs(memory, x, z, entries, q);
    keep_entries<W, Together>(memory, bounds, k, q, flagged);
    put_group(memory, q, entries);
  }
}

}  // namespace pyntk
