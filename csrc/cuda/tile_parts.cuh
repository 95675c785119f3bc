// What the tiles of K contribute to the rows of Y = K V, until it is added up.
//
// A tile writes what it contributes to its rows, and below the diagonal of a symmetric matrix what
// it contributes, transposed, to the rows of its columns, to places of its own. Tiles are taken
// in chunks of some rows, or of a part of one, which bounds the workspace; after each its parts are
// added to the sums of Y. No
// sum is shared between blocks, and every sum has one order, whatever the chunks are: row i takes
// the tiles of its own row, then those below it.
#pragma once

#include <algorithm>
#include <type_traits>

#include "launch.cuh"

namespace pyntk {

constexpr index chunk_bytes = index{128} << 20;  // of workspace

// The parts of one chunk, the tile rows [first, end) from tile column `left` on. Tile (I, J) has
// the rows from place(I, J) on.
template <class W>
struct tile_parts {
  matrix_view<W> own, transposed;
  index first, end, left, edge;
  index across;    // tiles in a row of the chunk
  bool symmetric;  // none of a row beyond the diagonal

  struct tile {
    index I, J;
  };
  // Column by column: blocks that run at the same time share the rows that they read.
  __device__ tile tile_of(int block) const {
    const int rows = static_cast<int>(end - first);
    return {first + block % rows, left + block / rows};
  }
  __device__ index place(index I, index J) const {
    return ((I - first) * across + J - left) * edge;
  }
};

// use(parts, blocks) for the chunks of a matrix of down x across tiles, from tile row `first` on.
template <class W, class Use>
void for_each_tile_chunk(index down, index across, index edge, index columns, index first,
                         bool symmetric, const Use& use) {
  if (first >= down || across == 0 || columns == 0) return;
  const index tile = edge * columns;
  const index tile_bytes = (symmetric ? 2 : 1) * tile * static_cast<index>(sizeof(W));
  const index tiles = std::max<index>(chunk_bytes / tile_bytes, 1);
  const index rows = std::clamp<index>(tiles / across, 1, down - first);
  const index in_row = std::min(tiles, across);  // all of them, if there are several rows
  const index size = rows * in_row * tile;
  const device_memory<W> own(size), transposed(symmetric ? size : 0);
  for (index I = first; I < down; I += rows) {
    const index end = std::min(I + rows, down), all = symmetric ? end : across;
    for (index J = 0; J < all; J += in_row) {
      const index here = std::min(in_row, all - J), length = (end - I) * here * edge;
      use(tile_parts<W>{{own.get(), length, columns},
                        {transposed.get(), symmetric ? length : 0, columns},
                        I,
                        end,
                        J,
                        edge,
                        here,
                        symmetric},
          (end - I) * here);
    }
  }
}

// A sum of parts: of doubles by Kahan, of floats without, since it is in double anyway.
template <class W>
struct part_sum {
  double total, rest;

  __device__ void add(W part) {
    if constexpr (std::is_same_v<W, float>) {
      total += static_cast<double>(part);
    } else {
      rest += part;
      const double before = total;
      total += rest;
      rest -= total - before;
    }
  }
};

// What a chunk adds to row i of Y.
template <class W>
__device__ void add_parts(const tile_parts<W>& from, index i, index column, part_sum<W>& sum) {
  const index K = i / from.edge, r = i % from.edge;
  if (K >= from.end) return;
  if (K >= from.first) {
    const index end = from.left + from.across;
    const index stop = from.symmetric && K < end ? K + 1 : end;
#pragma unroll 8
    for (index J = from.left; J < stop; ++J) sum.add(from.own(from.place(K, J) + r, column));
  }
  if (!from.symmetric || K < from.left || K >= from.left + from.across) return;
  for (index I = K < from.first ? from.first : K + 1; I < from.end; ++I)
    sum.add(from.transposed(from.place(I, K) + r, column));
}

}  // namespace pyntk
