// A row as |x| = mantissa 2^exponent and its direction x / |x|: exact under scaling by powers of
// two, free of overflow and underflow for every finite row. A direction in double is rounded once,
// so those of x and -c x differ by 2 u at most, and an entry that vanishes between them is off by
// (2 / pi) u |x||z|.
#pragma once

#include <cmath>
#include <type_traits>

#include "exact.hpp"
#include "power_of_two.hpp"

namespace pyntk {

struct row_norm {
  double mantissa = 0;  // in [1/2, 1), 0 for a zero row
  int exponent = 0;
  double rest = 0;  // |x| = (mantissa + rest) 2^exponent, for rows of doubles
};

// The largest |x_k|. Finite numbers without their sign are in the order of their bits, and the
// largest integer is a loop of vectors.
template <class T>
PYNTK_INLINE T largest_size(const T* x, index d) {
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
  number n;
  n.pattern = largest;
  return n.value;
}

// The exponent e for which size 2^-e is in [1/2, 1); 0 for 0.
PYNTK_INLINE int exponent_of_size(double size) {
  int exponent = 0;
  if (size > 0) std::frexp(size, &exponent);
  return exponent;
}

// That of the largest |x_k|.
template <class T>
PYNTK_INLINE int row_exponent(const T* x, index d) {
  return exponent_of_size(static_cast<double>(largest_size(x, d)));
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

// chain += v^2; `lost` collects what rounding loses where T is double.
template <class T>
PYNTK_INLINE void add_square(double v, double& chain, double& lost) {
  if constexpr (sizeof(T) == 8) {
    const double_double square = exact_product(v, v), sum = exact_sum(chain, square.value);
    chain = sum.value;
    lost += sum.rest + square.rest;
  } else {
    chain += v * v;
  }
}

// sum_k (x_k 2^-scale)^2: chains of 64 terms, eight side by side, and the chains added by Kahan's
// sum, so that the error does not grow with d; `scaled` is one of the two above. The squares of
// doubles, and the sums of a chain, leave what their rounding lost.
template <class T, class Scaled>
PYNTK_INLINE double_double sum_of_squares(const T* x, index d, const Scaled& scaled) {
  double total = 0, rest = 0;
  for (index begin = 0; begin < d; begin += 512) {
    const index end = begin + 512 < d ? begin + 512 : d;
    double chains[8] = {}, lost[8] = {};
    index k = begin;
    for (; k + 8 <= end; k += 8)
      for (int lane = 0; lane < 8; ++lane)
        add_square<T>(scaled(x[k + lane]), chains[lane], lost[lane]);
    for (; k < end; ++k) add_square<T>(scaled(x[k]), chains[k % 8], lost[k % 8]);
    for (int lane = 0; lane < 8; ++lane) {
      const double_double sum = exact_sum(total, chains[lane]);
      total = sum.value;
      rest += sum.rest + lost[lane];
    }
  }
  return exact_sum(total, rest);
}

template <class T>
PYNTK_INLINE row_norm norm_of_row(const T* x, index d) {
  row_norm norm;
  const int scale = row_exponent(x, d);
  double_double squares;
  if (scale > -1000 && scale < 1000)
    squares = sum_of_squares(x, d, times_factor{times_power_of_two(1.0, -scale)});
  else
    squares = sum_of_squares(x, d, shifted{-scale});
  if (squares.value == 0) return norm;
  const double root = std::sqrt(squares.value);
  const double_double square = exact_product(root, root);
  const double rest = ((squares.value - square.value) - square.rest + squares.rest) / (2 * root);
  norm.mantissa = std::frexp(root, &norm.exponent);
  norm.rest = times_power_of_two(rest, -norm.exponent);
  norm.exponent += scale;
  return norm;
}

// 1 / (mantissa + rest) = high + low; of a row that is not zero.
struct inverse_norm {
  double high, low;

  PYNTK_INLINE explicit inverse_norm(const row_norm& norm) : high(1 / norm.mantissa) {
    const double_double one = exact_product(high, norm.mantissa);
    low = high * ((1 - one.value) - one.rest - high * norm.rest);
  }
  PYNTK_INLINE double operator()(double v) const {
    const double_double product = exact_product(v, high);
    return product.value + (product.rest + v * low);
  }
};

// out_k = x_k / |x| for a part of a row that is not zero.
template <class T, class C>
PYNTK_INLINE void divide_by_norm(const T* x, index d, const row_norm& norm, C* out) {
  const inverse_norm times_inverse(norm);
  const int e = -norm.exponent;
  if (e < -1000 || e > 1000) {
    for (index k = 0; k < d; ++k)
      out[k] = static_cast<C>(times_inverse(std::ldexp(static_cast<double>(x[k]), e)));
    return;
  }
  const double power = times_power_of_two(1.0, e);
  for (index k = 0; k < d; ++k)
    out[k] = static_cast<C>(times_inverse(static_cast<double>(x[k]) * power));
}

// Writes x / |x| to unit (zeros for a zero row) and returns |x|.
template <class T, class C>
PYNTK_INLINE row_norm normalise_row(const T* x, index d, C* unit) {
  const row_norm norm = norm_of_row(x, d);
  if (norm.mantissa > 0)
    divide_by_norm(x, d, norm, unit);
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
