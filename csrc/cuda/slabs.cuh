// How a block reads its rows: a slab of 16 terms of them at a time, in shared memory, while the
// next slab is on its way from global memory into registers.
#pragma once

#include "device_primitives.cuh"
#include "tile.cuh"
#include "unit_rows.cuh"

namespace pyntk {

constexpr int slab_terms = chain_terms;
constexpr int slab_threads = 256;
static_assert(padded_to % slab_terms == 0, "slabs are whole, and their rows aligned");

// Where a slab keeps a term of a row, without bank conflicts where it is read.
template <class W>
struct slab_layout;

// Sums by FMA read four rows of one term at once. Rows of 132 also let the terms be put with no
// more than two of a warp's threads in one bank.
template <>
struct slab_layout<float> {
  static constexpr int edge = 128, row_length = edge + 4, size = slab_terms * row_length;
  __device__ static int place(int row, int k) { return k * row_length + row; }
};

// The tensor cores take four terms of eight rows. Those of four rows in turn are moved to different
// banks; pairs of terms stay together.
template <>
struct slab_layout<double> {
  static constexpr int edge = 96, size = edge * slab_terms;
  __device__ static int place(int row, int k) { return row * slab_terms + (k ^ (4 * (row % 4))); }
};

// Two slabs of both operands, in turn; free for other use between two passes over the terms.
template <class W>
struct slab_memory {
  alignas(16) W at[2][2][slab_layout<W>::size];
};

// A thread's share of the slabs of one operand: begin() sends for a slab, end() has it in shared
// memory, before the next __syncthreads(). Doubles go there by themselves, floats change their
// places on the way and wait in registers. Beyond the last row it is read again: these entries are
// never written.
template <class W>
class slab_reader {
 public:
  __device__ explicit slab_reader(const rows_from<W>& rows) {
    for (int p = 0; p < parts; ++p) {
      const index r = rows.first + row(p), last = rows.A.rows - 1;
      from_[p] = rows.A.row(r < last ? r : last) + term();
    }
  }
  __device__ void begin(int number, W* slab) {
    const index k0 = static_cast<index>(number) * slab_terms;
    for (int p = 0; p < parts; ++p) {
      if constexpr (sizeof(W) == 8)
        begin_copy(slab + layout::place(row(p), term()), from_[p] + k0);
      else
        held_[p] = load_pack<width>(from_[p] + k0);
    }
  }
  __device__ void end(W* slab) const {
    if constexpr (sizeof(W) == 8)
      end_copies();
    else
      for (int p = 0; p < parts; ++p)
        for (int k = 0; k < width; ++k) slab[layout::place(row(p), term() + k)] = held_[p].at[k];
  }

 private:
  using layout = slab_layout<W>;
  static constexpr int width = 16 / sizeof(W), across = slab_terms / width;
  static constexpr int rows_at_once = slab_threads / across, parts = layout::edge / rows_at_once;

  __device__ static int row(int part) {
    return static_cast<int>(threadIdx.x) / across + part * rows_at_once;
  }
  __device__ static int term() { return static_cast<int>(threadIdx.x) % across * width; }

  const W* from_[parts];
  pack<W, width> held_[parts];
};

// one(half, number) for one slab after the other, until it tells that there is no other.
template <class W, class One>
__device__ void in_halves(const One& one) {
  if constexpr (sizeof(W) == 8) {
#pragma unroll 1
    for (int number = 0; one(number % 2, number); ++number) {
    }
  } else {  // two copies of the code: see flush() of pair_tile.cuh
#pragma unroll 1
    for (int number = 0;; number += 2) {
      if (!one(0, number)) break;
      if (!one(1, number + 1)) break;
    }
  }
}

// step(a, b, half, number) for every slab of the rows of x and of z, in order; `half` of the memory
// holds it. Ends with __syncthreads().
template <class W, class Step>
__device__ void for_each_slab(slab_memory<W>& memory, const rows_from<W>& x, const rows_from<W>& z,
                              const Step& step) {
  slab_reader<W> a(x), b(z);
  const auto begin = [&](int half, int number) {
    a.begin(number, memory.at[half][0]);
    b.begin(number, memory.at[half][1]);
  };
  const auto end = [&](int half) {
    a.end(memory.at[half][0]);
    b.end(memory.at[half][1]);
  };
  begin(0, 0);
  end(0);
  __syncthreads();
  const int slabs = static_cast<int>(x.A.columns / slab_terms);
  // True if there is another slab.
  const auto one = [&](int half, int number) {
    const bool more = number + 1 < slabs;
    if (more) begin(1 - half, number + 1);
    step(memory.at[half][0], memory.at[half][1], half, number);
    if (more) end(1 - half);
    __syncthreads();
    return more;
  };
  in_halves<W>(one);
}

}  // namespace pyntk
