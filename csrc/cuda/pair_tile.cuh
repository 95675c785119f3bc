// A tile of pairs of unit rows by 256 threads: their cosines, which stay in registers, and for some
// of them the squared chords. 128 x 128 pairs by FMA where the rows are floats, 96 x 96 by the
// tensor cores where they are doubles.
//
// A thread's pairs come in groups of some rows and columns. As everywhere (tile.cuh) a sum runs
// over the terms in order, in chains that are added up by Kahan's sum, and touches its own two rows
// alone, so an entry is the same in whatever tile it lies.
#pragma once

#include "pairs.cuh"
#include "slabs.cuh"

namespace pyntk {

// Whether there is such a row: what lies beyond is not computed.
template <class W>
__device__ bool has(const rows_from<W>& rows, int row) {
  return rows.first + row < rows.A.rows;
}

__device__ inline int warp_number() { return static_cast<int>(threadIdx.x) / 32; }
__device__ inline int lane_number() { return static_cast<int>(threadIdx.x) % 32; }

template <class W>
struct pair_tile;

// 8 x 8 pairs a thread, as 2 x 2 groups of 4 x 4 that lie 64 apart. A warp is 4 x 8 threads: it
// reads 16 rows and 32 columns, and writes 128 bytes of 4 rows, or mirrored 64 bytes of 8.
template <>
struct pair_tile<float> {
  static constexpr int edge = slab_layout<float>::edge;
  static constexpr int groups = 4, rows = 4, columns = 4;
  static constexpr int row_run = 4, column_run = 4;  // neighbours in memory

  __device__ static int warp_row() { return warp_number() / 2 * 16; }
  __device__ static int warp_column() { return warp_number() % 2 * 32; }
  __device__ static int row(int group, int r) {
    return group / 2 * 64 + warp_row() + lane_number() / 8 * 4 + r;
  }
  __device__ static int column(int group, int c) {
    return group % 2 * 64 + warp_column() + lane_number() % 8 * 4 + c;
  }

  using sums = float[groups][rows][columns];

  // c += the products of a slab.
  __device__ static void add_slab(const float* a, const float* b, sums& c) {
#pragma unroll
    for (int k = 0; k < slab_terms; ++k) {
      pack<float, 4> x[2], z[2];
      for (int half = 0; half < 2; ++half) {
        x[half] = load_pack<4>(a + slab_layout<float>::place(row(2 * half, 0), k));
        z[half] = load_pack<4>(b + slab_layout<float>::place(column(half, 0), k));
      }
      for (int q = 0; q < groups; ++q)
        for (int r = 0; r < rows; ++r)
          for (int s = 0; s < columns; ++s)
            c[q][r][s] = std::fma(x[q / 2].at[r], z[q % 2].at[s], c[q][r][s]);
    }
  }

  // Term k of a group's rows and columns.
  __device__ static void take(const float* a, const float* b, int group, int k, float (&u)[rows],
                              float (&v)[columns]) {
    const auto x = load_pack<4>(a + slab_layout<float>::place(row(group, 0), k));
    const auto z = load_pack<4>(b + slab_layout<float>::place(column(group, 0), k));
    for (int r = 0; r < rows; ++r) u[r] = x.at[r];
    for (int s = 0; s < columns; ++s) v[s] = z.at[s];
  }
};

// A warp has 48 x 24 pairs, 3 x 3 products of the tensor cores. A group is a row of three: two rows
// and three pairs of columns for each thread.
template <>
struct pair_tile<double> {
  static constexpr int edge = slab_layout<double>::edge;
  static constexpr int groups = 3, rows = 2, columns = 6;
  static constexpr int row_run = 1, column_run = 2;

  __device__ static int warp_row() { return warp_number() / 4 * 48; }
  __device__ static int warp_column() { return warp_number() % 4 * 24; }
  __device__ static int row(int group, int r) {
    return warp_row() + group * 16 + r * 8 + lane_number() / 4;
  }
  __device__ static int column(int, int c) {
    return warp_column() + c / 2 * 8 + lane_number() % 4 * 2 + c % 2;
  }

  using sums = double[groups][rows][columns];

  __device__ static void add_slab(const double* a, const double* b, sums& c) {
    const int of_row = lane_number() / 4, term = lane_number() % 4;
    a += (warp_row() + of_row) * slab_terms + term;
    b += (warp_column() + of_row) * slab_terms + term;
#pragma unroll 1
    for (int k0 = 0; k0 < slab_terms; k0 += 8) {
      double x[groups][2][2], z[columns / 2][2];
      for (int k = 0; k < 2; ++k) {
        const int moved = (k0 + 4 * k) ^ (4 * (of_row % 4));
        for (int q = 0; q < groups; ++q)
          for (int r = 0; r < rows; ++r) x[q][k][r] = a[moved + (q * 16 + r * 8) * slab_terms];
        for (int s = 0; s < columns / 2; ++s) z[s][k] = b[moved + s * 8 * slab_terms];
      }
      for (int q = 0; q < groups; ++q)
        for (int s = 0; s < columns / 2; ++s)
          mma_16x8x8(c[q][0][2 * s], c[q][0][2 * s + 1], c[q][1][2 * s], c[q][1][2 * s + 1], x[q],
                     z[s]);
    }
  }

  __device__ static void take(const double* a, const double* b, int group, int k, double (&u)[rows],
                              double (&v)[columns]) {
    const int first = row(group, 0), left = column(group, 0);
    for (int r = 0; r < rows; ++r)
      u[r] = a[slab_layout<double>::place(first, k) + r * 8 * slab_terms];
    for (int s = 0; s < columns; ++s)
      v[s] = b[slab_layout<double>::place(left + s % 2, k) + s / 2 * 8 * slab_terms];
  }
};

// Adds chains to h; what such an addition rounds off begins the next chain: Kahan's sum, as in
// tile_sum() of tile.cuh.
//
// The new h cannot be where the old one is, which is needed once more. Of floats there are two
// slabs in turn, the second goes backwards through the sums, and every h is again where it was.
// Doubles have no registers for that: their h is added to once more, by the number that the chain
// has lost.
template <class W, int Groups, int Rows, int Columns>
__device__ void flush(W (&h)[Groups][Rows][Columns], W (&c)[Groups][Rows][Columns],
                      bool backwards) {
  constexpr int all = Groups * Rows * Columns;
#pragma unroll
  for (int n = 0; n < all; ++n) {
    const int e = backwards ? all - 1 - n : n;
    const int q = e / (Rows * Columns), r = e / Columns % Rows, s = e % Columns;
    const W sum = h[q][r][s] + c[q][r][s];
    const W added = sum - h[q][r][s];
    c[q][r][s] -= added;
    if constexpr (sizeof(W) == 8)
      h[q][r][s] += added;
    else
      h[q][r][s] = sum;
  }
}

// The cosines of a tile, in chains of so many slabs.
template <int Slabs, class W>
__device__ void sum_products(slab_memory<W>& memory, const rows_from<W>& x, const rows_from<W>& z,
                             typename pair_tile<W>::sums& h) {
  using tile = pair_tile<W>;
  typename tile::sums c;
  for (int q = 0; q < tile::groups; ++q)
    for (int r = 0; r < tile::rows; ++r)
      for (int s = 0; s < tile::columns; ++s) h[q][r][s] = c[q][r][s] = 0;
  const bool busy = has(x, tile::warp_row()) && has(z, tile::warp_column());
  for_each_slab(memory, x, z, [&](const W* a, const W* b, int half, int number) {
    if (busy) tile::add_slab(a, b, c);
    if (number % Slabs == Slabs - 1) flush(h, c, sizeof(W) == 4 && half == 1);
  });
  for (int q = 0; q < tile::groups; ++q)
    for (int r = 0; r < tile::rows; ++r)
      for (int s = 0; s < tile::columns; ++s) h[q][r][s] += c[q][r][s];
}

// One group of a thread's pairs.
template <class W>
using pair_group = W[1][pair_tile<W>::rows][pair_tile<W>::columns];

// Registers have no numbers that a program could compute: what is not this group is passed over.
template <class W>
__device__ void take_group(const typename pair_tile<W>::sums& from, int group, pair_group<W>& to) {
#pragma unroll
  for (int q = 0; q < pair_tile<W>::groups; ++q)
    if (q == group)
      for (int r = 0; r < pair_tile<W>::rows; ++r)
        for (int s = 0; s < pair_tile<W>::columns; ++s) to[0][r][s] = from[q][r][s];
}

template <class W>
__device__ bool any_beyond_border(const pair_group<W>& cosine) {
  bool beyond = false;
  for (int r = 0; r < pair_tile<W>::rows; ++r)
    for (int s = 0; s < pair_tile<W>::columns; ++s)
      beyond |= std::fabs(cosine[0][r][s]) > chord_border<W>();
  return beyond;
}

// |u - v|^2 where the cosine is positive, |u + v|^2 where it is negative, for one group of every
// thread. The product with the sign is exact, so this is chord_term of pairs.cuh.
template <class W>
__device__ void sum_chords(slab_memory<W>& memory, const rows_from<W>& x, const rows_from<W>& z,
                           int group, const pair_group<W>& cosine, pair_group<W>& h) {
  using tile = pair_tile<W>;
  pair_group<W> c;
  for (int r = 0; r < tile::rows; ++r)
    for (int s = 0; s < tile::columns; ++s) h[0][r][s] = c[0][r][s] = 0;
  const bool busy = has(x, tile::row(group, 0)) && has(z, tile::column(group, 0));
  for_each_slab(memory, x, z, [&](const W* a, const W* b, int half, int) {
    if (!busy) return;
#pragma unroll 2
    for (int k = 0; k < slab_terms; ++k) {
      W u[tile::rows], v[tile::columns];
      tile::take(a, b, group, k, u, v);
      for (int r = 0; r < tile::rows; ++r) {
        for (int s = 0; s < tile::columns; ++s) {
          const W t = std::fma(std::copysign(W(1), -cosine[0][r][s]), v[s], u[r]);
          c[0][r][s] = std::fma(t, t, c[0][r][s]);
        }
      }
    }
    flush(h, c, sizeof(W) == 4 && half == 1);
  });
  for (int r = 0; r < tile::rows; ++r)
    for (int s = 0; s < tile::columns; ++s) h[0][r][s] += c[0][r][s];
}

}  // namespace pyntk
