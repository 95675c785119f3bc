// Sums over the columns of a Gram matrix that is never stored: Y_i = sum_j K_ij V_j.
//
// The columns are cut into strips, so that few rows still fill the device. A block takes 32 rows
// through one strip, a tile of K at a time, and adds what the tile contributes to sums of its own
// in workspace; then the strips are added. No sum is shared between blocks and all orders are
// fixed, so Y_i depends on x_i, Z and V alone, to the bit. Rows are taken in chunks, which bounds
// the workspace.
#pragma once

#include <algorithm>

#include "tile.cuh"

namespace pyntk {

constexpr index shortest_strip = 256, most_strips = 64;
constexpr index strip_bytes = index{64} << 20;  // of workspace; more only where it takes more ...
constexpr index strip_blocks = 256;             // ... for so many blocks, which fill a device

// Kahan's sums of one chunk: row S n + r, n rows a chunk, belongs to strip S and row r.
struct strip_sums {
  matrix_view<double> total, rest;
  index first_row, rows, strips, strip, terms;  // of the chunk; strip: terms in each but the last

  // Where block `number` works: rows from first_row + r0 on, terms [begin, end).
  struct place {
    index r0, begin, end, sums;
  };
  __device__ place place_of(index number) const {
    const index S = number % strips, r0 = number / strips * tile_edge, begin = S * strip;
    return {r0, begin, begin + strip < terms ? begin + strip : terms, S * rows + r0};
  }

  // The sum over all strips.
  __device__ double sum(index r, index column) const {
    double result = 0, carry = 0;
    for (index S = 0; S < strips; ++S) {
      carry += rest(S * rows + r, column);
      carry += total(S * rows + r, column);
      const double before = result;
      result += carry;
      carry -= result - before;
    }
    return result + carry;
  }
};

// use(sums, blocks) for each chunk of the rows of an (n, columns) result of `terms` terms.
template <class Use>
void for_each_chunk(index n, index terms, index columns, const Use& use) {
  const index across = ceil_div(terms, tile_edge);
  const index strip = std::max(shortest_strip, ceil_div(across, most_strips) * tile_edge);
  const index strips = ceil_div(terms, strip);
  const index block_bytes = 2 * tile_edge * columns * static_cast<index>(sizeof(double));
  const index blocks = std::max(strip_blocks, strip_bytes / std::max<index>(block_bytes, 1));
  const index down = std::clamp<index>(blocks / std::max<index>(strips, 1), 1,
                                       std::max<index>(ceil_div(n, tile_edge), 1));
  const index rows = down * tile_edge;
  const device_memory<double> total(strips * rows * columns), rest(strips * rows * columns);
  for (index first = 0; first < n; first += rows) {
    const index here = ceil_div(std::min(rows, n - first), tile_edge);
    use(strip_sums{{total.get(), strips * rows, columns},
                   {rest.get(), strips * rows, columns},
                   first,
                   rows,
                   strips,
                   strip,
                   terms},
        here * strips);
  }
}

// Adds a term to a sum kept in workspace; the first of a strip finds it unwritten.
__device__ inline void add_to(double& total, double& rest, bool first, double chain) {
  const double before = first ? 0 : total;
  if (!first) chain += rest;
  const double sum = before + chain;
  rest = chain - (sum - before);
  total = sum;
}

struct tile_product {
  __device__ double operator()(double sum, double k, double v, int, int, int) const {
    return std::fma(k, v, sum);
  }
};

// Adds the product of a tile of K, in memory.a as [row][term], and the tile of V from `column` on,
// in memory.b as [term][column], to the sums of a block. term(sum, k, v, u, w, t): u and w number
// the thread's rows and columns, t the term. 8 Columns is the width, for few columns; those from
// `columns` on are not kept.
template <int Columns, class W, class Term>
__device__ void add_tile(const tile_memory<W>& memory, const Term& term, const strip_sums& to,
                         index row, index column, index columns, bool first) {
  double chain[thread_sums][Columns] = {};
#pragma unroll 4
  for (int t = 0; t < tile_edge; ++t) {
    double k[thread_sums], v[Columns];
    for (int u = 0; u < thread_sums; ++u) k[u] = memory.a[tile_row(u)][t];
    for (int w = 0; w < Columns; ++w) v[w] = memory.b[t][tile_column(w)];
    for (int u = 0; u < thread_sums; ++u)
      for (int w = 0; w < Columns; ++w) chain[u][w] = term(chain[u][w], k[u], v[w], u, w, t);
  }
  for (int u = 0; u < thread_sums; ++u) {
    for (int w = 0; w < Columns; ++w) {
      const index r = row + tile_row(u), c = column + tile_column(w);
      if (c < columns) add_to(to.total(r, c), to.rest(r, c), first, chain[u][w]);
    }
  }
}

}  // namespace pyntk
