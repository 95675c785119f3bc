// What the kernels of a tile of entries share: how long its chains are, and where a group of pairs
// waits for its formula.
#pragma once

#include "pair_tile.cuh"

namespace pyntk {

// Entries that are rounded once from double may have longer chains.
//
// A chain of L terms is off by at most L u / 2 times the size of its terms, u = 2^-53, and a row of
// unit length has terms of size 1 in all. 64 of them put a cosine off by 32 u = 2^-48: where |cos|
// > 1e-5 that is less than 0.01 of half a unit in the last place of a float, the promise for
// accumulate="float64".
template <class T, class W>
constexpr int slabs_of_a_chain = sizeof(T) < sizeof(W) ? 4 : 1;

// The entries of one group, kept in shared memory with the stride of the threads: a thread reads
// none but its own.
template <class W>
__device__ W& kept(slab_memory<W>& memory, int what, int entry) {
  constexpr int entries = pair_tile<W>::rows * pair_tile<W>::columns;
  static_assert(2 * entries * slab_threads <= 4 * slab_layout<W>::size);
  return (&memory.at[0][0][0])[(what * entries + entry) * slab_threads + threadIdx.x];
}
enum : int { cosines = 0, chords = 1 };  // of a group; the entries take the place of the cosines

template <class W>
__device__ void keep(slab_memory<W>& memory, int what, const pair_group<W>& group) {
  for (int r = 0; r < pair_tile<W>::rows; ++r)
    for (int s = 0; s < pair_tile<W>::columns; ++s)
      kept(memory, what, r * pair_tile<W>::columns + s) = group[0][r][s];
}

// Keeps a group of a thread's cosines, and its chords if the block has a pair beyond chord_border:
// true then. They are a second sum, made only for such groups; whether an entry takes its chord
// depends on its own cosine alone. A row and itself have chord 0, so the diagonal is the entry at
// t = 0 (at t = 1 if the row is zero) without a case of its own.
template <class W>
__device__ bool keep_pairs(slab_memory<W>& memory, const rows_from<W>& x, const rows_from<W>& z,
                           const typename pair_tile<W>::sums& cosines_of_all, int q) {
  pair_group<W> cosine, chord;
  take_group<W>(cosines_of_all, q, cosine);
  const bool flagged = __syncthreads_or(any_beyond_border<W>(cosine));
  if (flagged) {
    sum_chords(memory, x, z, q, cosine, chord);
    keep(memory, chords, chord);
    take_group<W>(cosines_of_all, anew(q), cosine);  // no need to hold them meanwhile
  }
  keep(memory, cosines, cosine);
  return flagged;
}

// The entries of a group take the place of its cosines, rounded to the type T; 0 where the place of
// the tile holds none. Some at a time: more hide each other's latency, fewer are less code.
template <class T, int Together, class W, class Place, class Entry>
__device__ void keep_entries(slab_memory<W>& memory, const Place& place, const Entry& k, int q,
                             bool flagged) {
  using tile = pair_tile<W>;
#pragma unroll 1
  for (int first = 0; first < tile::rows * tile::columns; first += Together) {
#pragma unroll
    for (int e = first; e < first + Together; ++e) {
      const int r = tile::row(q, e / tile::columns), c = tile::column(q, e % tile::columns);
      T entry = 0;
      if (place.holds(r, c)) {
        const W chord = flagged ? kept(memory, chords, e) : W(0);
        const auto at = angle_between(kept(memory, cosines, e), chord);
        entry = static_cast<T>(k(at, place.i0 + r, place.j0 + c));
      }
      kept(memory, cosines, e) = entry;
    }
  }
}

}  // namespace pyntk
