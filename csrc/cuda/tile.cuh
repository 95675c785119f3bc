// The tile that all kernels share: 32 x 32 sums over k, by 64 threads with 4 x 4 sums each, both
// operands staged through shared memory 32 terms at a time.
//
// Each sum runs over k ascending with fixed flush points and touches its own row and column alone,
// so an entry is the same wherever its tile lies. Terms beyond the edges are zeros, which change
// no sum.
#pragma once

#include <cmath>

#include "launch.cuh"

namespace pyntk {

constexpr int tile_edge = 32;   // rows and columns of a tile, and terms staged at a time
constexpr int thread_edge = 8;  // a thread's entries lie so far apart: neighbours in a warp
constexpr int thread_sums = 4;  // ... touch neighbours in memory
constexpr int tile_threads = thread_edge * thread_edge;
constexpr int tile_size = tile_edge * tile_edge;
constexpr int chain_terms = 16;  // of a sum, between two flushes
constexpr int tile_blocks = 4;   // per multiprocessor; not told so, ptxas (13.0, sm_100) aims at
                                 // more than that and spills

// An odd row length: neither the staging (k along the threads) nor the reading meets bank
// conflicts.
template <class T>
using shared_tile = T[tile_edge][tile_edge + 1];

template <class T>
using thread_tile = T[thread_sums][thread_sums];

// What a tile product works in. After tile_sum both halves are free for the caller's use.
template <class T>
struct tile_memory {
  shared_tile<T> a, b;  // [k][row of the tile], [k][column of the tile]
};

// The place of a thread's sums within the tile.
__device__ inline int tile_row(int i) {
  return static_cast<int>(threadIdx.x) / thread_edge + i * thread_edge;
}
__device__ inline int tile_column(int j) {
  return static_cast<int>(threadIdx.x) % thread_edge + j * thread_edge;
}

// Operand of a tile: the rows of A from `first` on.
template <class T>
struct rows_from {
  matrix_view<const T> A;
  index first;

  __device__ void stage(shared_tile<T>& to, index k0) const {
    for (int e = static_cast<int>(threadIdx.x); e < tile_size; e += tile_threads) {
      const int k = e % tile_edge, r = e / tile_edge;
      const bool inside = first + r < A.rows && k0 + k < A.columns;
      to[k][r] = inside ? A(first + r, k0 + k) : T(0);
    }
  }
};

// Operand of a tile: the columns of A from `first` on, k is the row of A.
template <class T>
struct columns_from {
  matrix_view<const T> A;
  index first;

  template <class W>
  __device__ void stage(shared_tile<W>& to, index k0) const {
    for (int e = static_cast<int>(threadIdx.x); e < tile_size; e += tile_threads) {
      const int k = e / tile_edge, c = e % tile_edge;
      const bool inside = k0 + k < A.rows && first + c < A.columns;
      to[k][c] = inside ? static_cast<W>(A(k0 + k, first + c)) : W(0);
    }
  }
};

struct product_term {
  template <class T>
  __device__ T operator()(T sum, T x, T z, int, int) const {
    return std::fma(x, z, sum);
  }
};

// h_ij = sum_k term(x_ik, z_jk). Chains of chain_terms are added to h; what such an addition rounds
// off stays in the chain (Kahan's sum), so the error does not grow with the number of terms. The
// same steps are exact for unsigned integers. Chains are short because the roundings of equal terms
// all go the same way, and angles near the border of the chords multiply what they add up to.
template <class T, class A, class B, class Term>
__device__ void tile_sum(tile_memory<T>& memory, const A& a, const B& b, index terms,
                         const Term& term, thread_tile<T>& h) {
  thread_tile<T> c;
  for (int i = 0; i < thread_sums; ++i)
    for (int j = 0; j < thread_sums; ++j) h[i][j] = c[i][j] = 0;
  for (index k0 = 0; k0 < terms; k0 += tile_edge) {
    a.stage(memory.a, k0);
    b.stage(memory.b, k0);
    __syncthreads();
#pragma unroll 1
    for (int begin = 0; begin < tile_edge; begin += chain_terms) {
#pragma unroll 4
      for (int k = begin; k < begin + chain_terms; ++k) {
        T x[thread_sums], z[thread_sums];
        for (int i = 0; i < thread_sums; ++i) x[i] = memory.a[k][tile_row(i)];
        for (int j = 0; j < thread_sums; ++j) z[j] = memory.b[k][tile_column(j)];
        for (int i = 0; i < thread_sums; ++i)
          for (int j = 0; j < thread_sums; ++j) c[i][j] = term(c[i][j], x[i], z[j], i, j);
      }
      for (int i = 0; i < thread_sums; ++i) {
        for (int j = 0; j < thread_sums; ++j) {
          const T sum = h[i][j] + c[i][j];
          c[i][j] -= sum - h[i][j];
          h[i][j] = sum;
        }
      }
    }
    __syncthreads();
  }
  for (int i = 0; i < thread_sums; ++i)
    for (int j = 0; j < thread_sums; ++j) h[i][j] += c[i][j];
}

// Lays the sums of all threads out in shared memory; __syncthreads() before reading them.
template <class T>
__device__ void put_tile(const thread_tile<T>& h, shared_tile<T>& to) {
  for (int i = 0; i < thread_sums; ++i)
    for (int j = 0; j < thread_sums; ++j) to[tile_row(i)][tile_column(j)] = h[i][j];
}

// The entries that a thread writes: consecutive threads have consecutive columns.
template <class Use>
__device__ void for_each_entry(const Use& use) {
#pragma unroll 1
  for (int e = static_cast<int>(threadIdx.x); e < tile_size; e += tile_threads)
    use(e / tile_edge, e % tile_edge);
}

}  // namespace pyntk
