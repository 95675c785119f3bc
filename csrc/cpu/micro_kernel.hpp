// The register tile that every CPU kernel is built from, one version per instruction set.
#pragma once

#include "../core/view.hpp"

namespace pyntk {

// A register tile of `rows` x `columns` entries, over packed panels: A holds k groups of `rows`
// values, B k groups of `columns` values (64-byte aligned). Each writes the tile C, C order:
//   product     C_ij = sum_k A_ki B_kj
//   difference  C_ij = sum_k (A_ki - B_kj)^2
//   sum         C_ij = sum_k (A_ki + B_kj)^2
// Every entry is one chain of FMAs with k ascending, flushed after each 16 terms into a compensated
// sum: it depends on its row and column alone, so it has the same bits in every instruction set
// that has FMA, in every tile and on every thread, and an error of about 1 u for any number of
// terms.
template <class T>
struct micro_kernel {
  int rows, columns;
  void (*product)(index k, const T* A, const T* B, T* C);
  void (*difference)(index k, const T* A, const T* B, T* C);
  void (*sum)(index k, const T* A, const T* B, T* C);
  // Whether the tile has a cosine beyond chord_border: bit 0 near 1, bit 1 near -1.
  int (*poles)(const T* cosine);
};

// Rows and columns of every register tile divide this, so it is the edge of all larger tiles.
constexpr index tile_edge = 192;

template <class T>
const micro_kernel<T>& machine_kernel();

}  // namespace pyntk
