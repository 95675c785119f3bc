// In which order the blocks of a launch take the tiles of a matrix: in bands of a few rows of
// tiles, each band column by column. Blocks that run at the same time then share the rows that they
// read, and what they read at once stays in the second-level cache.
#pragma once

#include "../core/triangle.hpp"

namespace pyntk {

constexpr index band_tiles = 8;  // rows of tiles in a band

// All tiles of down x across.
PYNTK_INLINE tile_place rectangle_place(index number, index down, index across) {
  const index first = number / (band_tiles * across) * band_tiles;
  const index rows = down - first < band_tiles ? down - first : band_tiles;
  const index within = number - first * across;
  return {first + within % rows, within / rows};
}

// The tiles of a lower triangle of `down` rows: of each band a rectangle, then a small triangle.
PYNTK_INLINE tile_place banded_triangle_place(index number, index down) {
  const index first = triangle_place(number).I / band_tiles * band_tiles;
  const index rows = down - first < band_tiles ? down - first : band_tiles;
  const index within = number - triangle_size(first);
  if (within < first * rows) return {first + within % rows, within / rows};
  const tile_place end = triangle_place(within - first * rows);
  return {first + end.I, first + end.J};
}

}  // namespace pyntk
