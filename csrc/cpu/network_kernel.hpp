// What the passes of a two-layer network do to a row C of a register tile of pre-activations, one
// version per instruction set. C is scaled by powers of two, of its row and of its columns; each is
// held as two factors, so that neither is beyond the range where their product with C is not.
#pragma once

#include <cstdint>

#include "../core/activation.hpp"
#include "../math/row_norm.hpp"

namespace pyntk {

// 2^exponent = first second.
struct power_halves {
  double first = 1, second = 1;
};

struct column_halves {
  const double *first, *second;
};

template <class T>
struct network_kernel {
  // The largest entry of each row as {1, exponent}, {0, 0} for a zero row: what gram_kernel::pack
  // takes to scale rows by powers of two.
  void (*exponents)(const T* X, index rows, index d, row_norm* scales);
  // Homogeneous: sums[v % 4] += a_v sigma(C_v).
  void (*add_output)(const T* C, const activation& s, const double* a, double* sums);
  // values_v = sigma(C_v 2^(row + column)).
  void (*activate)(const T* C, const activation& s, const power_halves& row,
                   const column_halves& columns, double* values);
  // Homogeneous: bit v is whether C_v is beyond the knot.
  std::uint32_t (*gates)(const T* C, bool right);
  // E_v = g sigma'_v and E_v = weights_v sigma'_v, from such bits.
  void (*through_gates)(std::uint32_t gates, const activation& s, T g, T* E);
  void (*weighted_gates)(std::uint32_t gates, const activation& s, const T* weights, T* E);
  // E_v = weights_v sigma'_v.
  void (*weighted_slopes)(const T* C, const activation& s, const power_halves& row,
                          const column_halves& columns, const T* weights, T* E);
  // to_v + rest_v += from_v.
  void (*add_row)(const T* from, T* to, T* rest);
};

template <class T>
const network_kernel<T>& machine_network_kernel();

}  // namespace pyntk
