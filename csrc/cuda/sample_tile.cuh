// A tile of sums over samples, sum_i E_ir x_ik, by 256 threads: 256 neurons and 64 inputs by FMA
// where they are floats, 96 and 96 by the tensor cores where they are doubles.
//
// Chains of 16 samples are added up as in pair_tile.cuh. Both operands lie along the rows of the
// tile, so a slab of samples is read as it lies.
#pragma once

#include "network_pass.cuh"
#include "pair_tile.cuh"

namespace pyntk {

// One operand: columns of A from `first` on, of which the first `columns` are numbers. With weights
// g an entry is g_i times the slope of the activation there.
template <class T>
struct sample_columns {
  matrix_view<const T> A;
  index columns, first;
  const T* weights;
  by_sign<T> slopes;
};

template <class T, int Edge>
struct sample_slab;

template <int Edge>
struct sample_slab<float, Edge> {
  static constexpr int row_length = Edge + 4, size = slab_terms * row_length;
  static constexpr int width = 4, across = Edge / width, terms_at_once = slab_threads / across;
  static constexpr int parts = slab_terms / terms_at_once,
                       terms = parts;  // different ones
  __device__ static int place(int row, int k) { return k * row_length + row; }
  __device__ static int row(int) { return static_cast<int>(threadIdx.x) % across * width; }
  __device__ static int term(int part) {
    return static_cast<int>(threadIdx.x) / across + part * terms_at_once;
  }
};

// A warp reads 8 terms of 4 columns: whole sectors of memory, and few conflicts where they go.
template <>
struct sample_slab<double, slab_layout<double>::edge> {
  static constexpr int size = slab_layout<double>::size, width = 1;
  static constexpr int parts = slab_layout<double>::edge / 16, terms = 1;
  __device__ static int place(int row, int k) { return slab_layout<double>::place(row, k); }
  __device__ static int row(int part) {
    return warp_number() / 2 * 4 + lane_number() / 8 + part * 16;
  }
  __device__ static int term(int) { return warp_number() % 2 * 8 + lane_number() % 8; }
};

// A thread's share of the slabs of one operand, as slab_reader of slabs.cuh. What lies beyond the
// samples or the columns is 0.
template <class T, int Edge>
class sample_reader {
 public:
  __device__ explicit sample_reader(const sample_columns<T>& of)
      : of_(of),
        together_(of.A.columns % width == 0 &&
                  reinterpret_cast<std::uintptr_t>(of.A.data) % sizeof(pack<T, width>) == 0) {
    const index left = of.columns - of.first - layout::row(0);
    left_ = static_cast<int>(left < 2 * Edge ? left : 2 * Edge);
  }

  __device__ void begin(int number) {
#pragma unroll
    for (int p = 0; p < parts; ++p) {
      const index i = static_cast<index>(number) * slab_terms + layout::term(p);
      const int there = i < of_.A.rows ? left_ - (layout::row(p) - layout::row(0)) : 0;
      for (int n = 0; n < width; ++n) held_[p].at[n] = 0;
      if (of_.weights && p < terms) weights_[p] = i < of_.A.rows ? of_.weights[i] : T(0);
      if (there > 0)
        held_[p] = load_run<width>(of_.A.row(i) + of_.first + layout::row(p), there,
                                   together_ && there >= width);
    }
  }
  __device__ void end(T* slab) {
#pragma unroll
    for (int p = 0; p < parts; ++p) {
      if (of_.weights)
        for (int n = 0; n < width; ++n)
          held_[p].at[n] = weights_[p % terms] * of_.slopes(held_[p].at[n]);
      store_pack(slab + layout::place(layout::row(p), layout::term(p)), held_[p]);
    }
  }

 private:
  using layout = sample_slab<T, Edge>;
  static constexpr int width = layout::width, parts = layout::parts, terms = layout::terms;

  sample_columns<T> of_;
  bool together_;
  int left_;  // columns from this thread's first on
  pack<T, width> held_[parts];
  T weights_[terms] = {};
};

template <class T>
struct sample_tile;

// 16 x 4 sums a thread, as four groups of 4 x 4 that lie 64 rows apart. A tile with few columns
// leaves whole warps idle, one of two in each quarter of the multiprocessor.
template <>
struct sample_tile<float> {
  static constexpr int down = 256, across = 64, groups = 4, rows = 4, columns = 4, column_run = 4;
  using sums = float[groups][rows][columns];

  __device__ static int warp_row() { return warp_number() % 4 * 16; }
  __device__ static int warp_column() { return warp_number() / 4 * 32; }
  __device__ static int row(int group, int r) {
    return group * 64 + warp_row() + lane_number() / 8 * 4 + r;
  }
  __device__ static int column(int, int c) { return warp_column() + lane_number() % 8 * 4 + c; }

  __device__ static void add_slab(const float* a, const float* b, sums& c) {
#pragma unroll
    for (int k = 0; k < slab_terms; ++k) {
      const auto z = load_pack<4>(b + sample_slab<float, across>::place(column(0, 0), k));
      pack<float, 4> x[groups];
      for (int q = 0; q < groups; ++q)
        x[q] = load_pack<4>(a + sample_slab<float, down>::place(row(q, 0), k));
      for (int q = 0; q < groups; ++q)
        for (int r = 0; r < rows; ++r)
          for (int s = 0; s < columns; ++s) c[q][r][s] = std::fma(x[q].at[r], z.at[s], c[q][r][s]);
    }
  }
};

template <>
struct sample_tile<double> : pair_tile<double> {
  static constexpr int down = edge, across = edge;
};

// Two slabs of both operands, in turn.
template <class T>
struct sample_memory {
  static constexpr int a_size = sample_slab<T, sample_tile<T>::down>::size;
  alignas(16) T at[2][a_size + sample_slab<T, sample_tile<T>::across>::size];
};

// h = the sums of a tile: rows are columns of E, columns those of X.
template <class T>
__device__ void sum_samples(sample_memory<T>& memory, const sample_columns<T>& E,
                            const sample_columns<T>& X, typename sample_tile<T>::sums& h) {
  using tile = sample_tile<T>;
  constexpr int b_begins = sample_memory<T>::a_size;
  typename tile::sums c;
  for (int q = 0; q < tile::groups; ++q)
    for (int r = 0; r < tile::rows; ++r)
      for (int s = 0; s < tile::columns; ++s) h[q][r][s] = c[q][r][s] = 0;
  const bool busy =
      E.first + tile::warp_row() < E.columns && X.first + tile::warp_column() < X.columns;
  sample_reader<T, tile::down> a(E);
  sample_reader<T, tile::across> b(X);
  const int slabs = static_cast<int>(ceil_div(E.A.rows, slab_terms));
  a.begin(0);
  b.begin(0);
  a.end(memory.at[0]);
  b.end(memory.at[0] + b_begins);
  __syncthreads();
  // True if there is another slab. Doubles have no registers for both operands of it: those of the
  // second wait while the chains are added.
  const auto one = [&](int half, int number) {
    const bool more = number + 1 < slabs;
    T* const next = memory.at[1 - half];
    if (more) a.begin(number + 1);
    if (more && sizeof(T) == 4) b.begin(number + 1);
    if (busy) tile::add_slab(memory.at[half], memory.at[half] + b_begins, c);
    if (more) a.end(next);
    if (more && sizeof(T) == 8) b.begin(number + 1);
    flush(h, c, sizeof(T) == 4 && half == 1);
    if (more) b.end(next + b_begins);
    __syncthreads();
    return more;
  };
  in_halves<T>(one);
  for (int q = 0; q < tile::groups; ++q)
    for (int r = 0; r < tile::rows; ++r)
      for (int s = 0; s < tile::columns; ++s) h[q][r][s] += c[q][r][s];
}

}  // namespace pyntk
