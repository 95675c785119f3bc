// A tile of entries times its rows of V, and transposed times those of its other side, while the
// entries are in the registers of pair_tile.
//
// Eight columns of V at a time. A thread makes eight sums for each of its rows over its own
// columns; the lanes that share these rows add theirs up, and the warps that do, in double.
//
// In the working type itself, since double would cost more than all the rest on many cards. On its
// way a term of a sum of floats is rounded at most 9 times: as a product, with the other 3 of its
// chain, with the other chain, in up to 3 steps from lane to lane, and when the sum is put down;
// and once more as the sum of all parts, which is made in double. Of p terms fewer meet so many:
// the chains of the first 64 are of 2, and lanes that have no term add zeros. So it is never more
// than 4
// + log2 p, the promise. A sum of doubles, in chains of 3, takes no more either.
// Equal terms, whose roundings all go the same way, lose at most 2.25 u in a chain of 4; in one of
// 16 it would be 6.7 u, and 16 u of a large term before small ones.
#pragma once

#include "pair_tile.cuh"

namespace pyntk {

constexpr int product_columns = 8;

// How the threads of a block share a tile.
template <class W>
struct tile_shares {
  using tile = pair_tile<W>;
  static constexpr int edge = tile::edge;
  static constexpr int column_groups = sizeof(W) == 4 ? 2 : 1;
  static constexpr int rows = tile::groups / column_groups * tile::rows;  // of a thread
  static constexpr int columns = column_groups * tile::columns;
  static constexpr int column_lanes = sizeof(W) == 4 ? 8 : 4, row_lanes = 32 / column_lanes;
  static constexpr int column_warps = sizeof(W) == 4 ? 2 : 4, row_warps = 8 / column_warps;

  __device__ static int row(int a) {
    return tile::row(a / tile::rows * column_groups, a % tile::rows);
  }
  __device__ static int column(int b) { return tile::column(b / tile::columns, b % tile::columns); }
  __device__ static W entry(const typename tile::sums& of, int a, int b) {
    return of[a / tile::rows * column_groups + b / tile::columns][a % tile::rows]
             [b % tile::columns];
  }
};

// The sums along one side of a tile: over its columns, one for each row, or over its rows.
template <class W, bool OverRows>
struct tile_side {
  using shares = tile_shares<W>;
  static constexpr int sums = OverRows ? shares::columns : shares::rows;  // of a thread
  static constexpr int terms = OverRows ? shares::rows : shares::columns;
  static constexpr int sum_run =
      OverRows ? pair_tile<W>::column_run : pair_tile<W>::row_run;  // neighbours in memory
  static constexpr int term_run = OverRows ? pair_tile<W>::row_run : pair_tile<W>::column_run;
  static constexpr int lanes = OverRows ? shares::row_lanes : shares::column_lanes;  // that add up
  static constexpr int stride = OverRows ? shares::column_lanes : 1;  // from one to the next
  static constexpr int warps = OverRows ? shares::row_warps : shares::column_warps;

  __device__ static int sum_place(int a) { return OverRows ? shares::column(a) : shares::row(a); }
  __device__ static int term_place(int b) { return OverRows ? shares::row(b) : shares::column(b); }
  __device__ static W entry(const typename pair_tile<W>::sums& of, int sum, int term) {
    return OverRows ? shares::entry(of, term, sum) : shares::entry(of, sum, term);
  }
  __device__ static int lane() { return lane_number() / stride % lanes; }
  __device__ static int warp() {
    return OverRows ? warp_number() / shares::column_warps : warp_number() % shares::column_warps;
  }
};

// What a product works in: the rows of V as [side][column][term], and the sums of each warp.
template <class W>
struct product_memory {
  static constexpr int edge = pair_tile<W>::edge;
  static constexpr int pitch = edge + (sizeof(W) == 4 ? 4 : 0);

  alignas(16) W V[2][product_columns][edge];
  W over_columns[tile_side<W, false>::warps][product_columns][pitch];
  W over_rows[tile_side<W, true>::warps][product_columns][pitch];

  template <bool OverRows>
  __device__ auto& sums() {
    if constexpr (OverRows)
      return over_rows;
    else
      return over_columns;
  }
};

// Products with one column of V, numbered w by this lane.
template <class W, bool OverRows>
using thread_sums_of = W[tile_side<W, OverRows>::sums];

template <bool OverRows, class W>
__device__ void multiply_column(const product_memory<W>& memory,
                                const typename pair_tile<W>::sums& entries, int w,
                                thread_sums_of<W, OverRows>& sums) {
  using side = tile_side<W, OverRows>;
  const W* from = memory.V[OverRows][w ^ side::lane()];
  W v[side::terms];
  for (int b = 0; b < side::terms; b += side::term_run) {
    const auto run = load_pack<side::term_run>(from + side::term_place(b));
    for (int n = 0; n < side::term_run; ++n) v[b + n] = run.at[n];
  }
  for (int a = 0; a < side::sums; ++a) {
    W chain[2] = {0, 0};
    for (int b = 0; b < side::terms; ++b) {
      W& sum = chain[b % 2];
      sum = std::fma(side::entry(entries, a, b), v[b], sum);
    }
    sums[a] = chain[0] + chain[1];
  }
}

// The sums of column w over every Apart-th of the lanes that add up. A lane has number w where the
// column is w ^ its own number, so what it gives to another lane has the same number in both: none
// has to choose.
template <int Apart, bool OverRows, class W>
__device__ void multiply_columns(const product_memory<W>& memory,
                                 const typename pair_tile<W>::sums& entries, int w,
                                 thread_sums_of<W, OverRows>& sums) {
  using side = tile_side<W, OverRows>;
  if constexpr (Apart == side::lanes) {
    multiply_column<OverRows>(memory, entries, w, sums);
  } else {
    thread_sums_of<W, OverRows> others;
    multiply_columns<2 * Apart, OverRows>(memory, entries, w, sums);
    multiply_columns<2 * Apart, OverRows>(memory, entries, w + Apart, others);
    for (int a = 0; a < side::sums; ++a)
      sums[a] += __shfl_xor_sync(0xFFFFFFFFU, others[a], Apart * side::stride);
  }
}

// The products of a warp's entries with V, put where its sums belong.
template <bool OverRows, class W>
__device__ void multiply_side(product_memory<W>& memory,
                              const typename pair_tile<W>::sums& entries) {
  using side = tile_side<W, OverRows>;
#pragma unroll
  for (int w = 0; w < product_columns; w += side::lanes) {
    thread_sums_of<W, OverRows> sums;
    multiply_columns<1, OverRows>(memory, entries, w, sums);
    W* to = memory.template sums<OverRows>()[side::warp()][w + side::lane()];
    for (int a = 0; a < side::sums; a += side::sum_run) {
      pack<W, side::sum_run> run;
      for (int n = 0; n < side::sum_run; ++n) run.at[n] = sums[a + n];
      store_pack(to + side::sum_place(a), run);
    }
  }
}

// The sum of a row or column over the tile.
template <bool OverRows, class W>
__device__ W sum_of_warps(product_memory<W>& memory, int place, int column) {
  const auto& from = memory.template sums<OverRows>();
  double result[2] = {0, 0};
  for (int warp = 0; warp < tile_side<W, OverRows>::warps; ++warp)
    result[warp % 2] += static_cast<double>(from[warp][column][place]);
  return static_cast<W>(result[0] + result[1]);
}

}  // namespace pyntk
