// A row as |x| = mantissa 2^exponent and its direction x / |x|: exact under scaling by powers of
// two, free of overflow and underflow for every finite row.
#pragma once

#include <cmath>

#include "power_of_two.hpp"

namespace pyntk {

struct row_norm {
  double mantissa = 0;  // in [1/2, 1), 0 for a zero row
  int exponent = 0;
};

// The exponent e for which the largest |x_k| 2^-e is in [1/2, 1); 0 for a zero row.
template <class T>
PYNTK_INLINE int row_exponent(const T* x, index d) {
  T largest = 0;
  for (index k = 0; k < d; ++k) {
    const T size = std::fabs(x[k]);
    largest = size > largest ? size : largest;
  }
  int exponent = 0;
  if (largest > 0) std::frexp(static_cast<double>(largest), &exponent);
  return exponent;
}

// sum_k (x_k 2^-scale)^2: chains of 64 terms, eight side by side, and the chains added by Kahan's
// sum, so that the error does not grow with d.
template <class T>
PYNTK_INLINE double sum_of_squares(const T* x, index d, int scale) {
  double total = 0, rest = 0;
  for (index begin = 0; begin < d; begin += 512) {
    const index end = begin + 512 < d ? begin + 512 : d;
    double chains[8] = {};
    index k = begin;
    for (; k + 8 <= end; k += 8) {
      for (int lane = 0; lane < 8; ++lane) {
        const double v = times_power_of_two(x[k + lane], -scale);
        chains[lane] += v * v;
      }
    }
    for (; k < end; ++k) {
      const double v = times_power_of_two(x[k], -scale);
      chains[k % 8] += v * v;
    }
    for (double chain : chains) rest += chain;
    const double before = total;
    total += rest;
    rest -= total - before;
  }
  return total;
}

// Writes x / |x| to unit (zeros for a zero row) and returns |x|.
template <class T>
PYNTK_INLINE row_norm normalise_row(const T* x, index d, T* unit) {
  row_norm norm;
  const int scale = row_exponent(x, d);
  const double length = std::sqrt(sum_of_squares(x, d, scale));
  if (length == 0) {
    for (index k = 0; k < d; ++k) unit[k] = 0;
    return norm;
  }
  scale_row(x, d, -scale, length, unit);
  norm.mantissa = std::frexp(length, &norm.exponent);
  norm.exponent += scale;
  return norm;
}

// |x||z| value, rounded once to T (and once more only where it is subnormal).
template <class T>
PYNTK_INLINE T times_norms(T value, const row_norm& x, const row_norm& z) {
  return static_cast<T>(times_power_of_two(x.mantissa * z.mantissa * static_cast<double>(value),
                                           x.exponent + z.exponent));
}

}  // namespace pyntk
