// A row as |x| = mantissa 2^exponent and its direction x / |x|: exact under scaling by powers of
// two, free of overflow and underflow for every finite row.
#pragma once

#include <cmath>
#include <type_traits>

#include "power_of_two.hpp"

namespace pyntk {

struct row_norm {
  double mantissa = 0;  // in [1/2, 1), 0 for a zero row
  int exponent = 0;
};

// The exponent e for which the largest |x_k| 2^-e is in [1/2, 1); 0 for a zero row. Finite numbers
// without their sign are in the order of their bits, and the largest integer is a loop of vectors.
template <class T>
PYNTK_INLINE int row_exponent(const T* x, index d) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  union number {
    T value;
    bits pattern;
  };
  bits largest = 0;
  for (index k = 0; k < d; ++k) {
    number n;
    n.value = x[k];
    const bits size = n.pattern & (static_cast<bits>(-1) >> 1);
    largest = size > largest ? size : largest;
  }
  int exponent = 0;
  number n;
  n.pattern = largest;
  if (largest > 0) std::frexp(static_cast<double>(n.value), &exponent);
  return exponent;
}

// x 2^-scale: a product where the power is a normal number, else the slower ldexp.
struct times_factor {
  double factor;
  PYNTK_INLINE double operator()(double x) const { return x * factor; }
};
struct shifted {
  int shift;
  PYNTK_INLINE double operator()(double x) const { return std::ldexp(x, shift); }
};

// sum_k (x_k 2^-scale)^2: chains of 64 terms, eight side by side, and the chains added by Kahan's
// sum, so that the error does not grow with d; `scaled` is one of the two above.
template <class T, class Scaled>
PYNTK_INLINE double sum_of_squares(const T* x, index d, const Scaled& scaled) {
  double total = 0, rest = 0;
  for (index begin = 0; begin < d; begin += 512) {
    const index end = begin + 512 < d ? begin + 512 : d;
    double chains[8] = {};
    index k = begin;
    for (; k + 8 <= end; k += 8) {
      for (int lane = 0; lane < 8; ++lane) {
        const double v = scaled(x[k + lane]);
        chains[lane] += v * v;
      }
    }
    for (; k < end; ++k) {
      const double v = scaled(x[k]);
      chains[k % 8] += v * v;
    }
    for (double chain : chains) rest += chain;
    const double before = total;
    total += rest;
    rest -= total - before;
  }
  return total;
}

template <class T>
PYNTK_INLINE row_norm norm_of_row(const T* x, index d) {
  row_norm norm;
  const int scale = row_exponent(x, d);
  double squares;
  if (scale > -1000 && scale < 1000)
    squares = sum_of_squares(x, d, times_factor{times_power_of_two(1.0, -scale)});
  else
    squares = sum_of_squares(x, d, shifted{-scale});
  if (squares == 0) return norm;
  norm.mantissa = std::frexp(std::sqrt(squares), &norm.exponent);
  norm.exponent += scale;
  return norm;
}

// Writes x / |x| to unit (zeros for a zero row) and returns |x|.
template <class T, class C>
PYNTK_INLINE row_norm normalise_row(const T* x, index d, C* unit) {
  const row_norm norm = norm_of_row(x, d);
  if (norm.mantissa > 0)
    scale_row(x, d, -norm.exponent, norm.mantissa, unit);
  else
    for (index k = 0; k < d; ++k) unit[k] = 0;
  return norm;
}

// |x||z| value, rounded once to T (and once more only where it is subnormal).
template <class T>
PYNTK_INLINE T times_norms(T value, const row_norm& x, const row_norm& z) {
  return static_cast<T>(times_power_of_two(x.mantissa * z.mantissa * static_cast<double>(value),
                                           x.exponent + z.exponent));
}

}  // namespace pyntk
