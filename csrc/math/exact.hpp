// Sums and products with what their rounding lost, as a second number.
#pragma once

#include <cmath>

#include "../core/view.hpp"

namespace pyntk {

// value + rest, the rest below half a unit in the last place of the value.
struct double_double {
  double value = 0, rest = 0;
};

// a b = value + rest, where nothing underflows.
PYNTK_INLINE double_double exact_product(double a, double b) {
  const double product = a * b;
#if defined(__CUDA_ARCH__) || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return {product, std::fma(a, b, -product)};
#else
  // Dekker: the factors in halves of 26 bits (|a|, |b| below 2^990).
  const double shift = 134217729.0;  // 2^27 + 1
  const double a_high = a * shift - (a * shift - a), b_high = b * shift - (b * shift - b);
  const double a_low = a - a_high, b_low = b - b_high;
  return {product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low};
#endif
}

// a + b = value + rest (Knuth), for any order of sizes.
PYNTK_INLINE double_double exact_sum(double a, double b) {
  const double sum = a + b, in_sum = sum - a;
  return {sum, (a - (sum - in_sum)) + (b - in_sum)};
}

}  // namespace pyntk
