// Exact scaling by powers of two: what keeps every finite row, denormal or huge, inside the range.
#pragma once

#include <cmath>

#include "../core/view.hpp"

namespace pyntk {

// v 2^e, rounded once (only where the result is subnormal). ldexp alone is right but slow; inside
// the range where 2^e is a normal number a product with it is exact, so the same bits come out.
PYNTK_INLINE double times_power_of_two(double v, int e) {
  if (e < -1000 || e > 1000) return std::ldexp(v, e);
  union {
    std::uint64_t bits;
    double value;
  } power;
  power.bits = static_cast<std::uint64_t>(1023 + e) << 52;
  return v * power.value;
}

// out_k = x_k 2^e.
template <class T>
PYNTK_INLINE void scale_row(const T* x, index d, int e, T* out) {
  if (e < -1000 || e > 1000) {
    for (index k = 0; k < d; ++k) out[k] = static_cast<T>(std::ldexp(static_cast<double>(x[k]), e));
    return;
  }
  const double power = times_power_of_two(1.0, e);
  for (index k = 0; k < d; ++k) out[k] = static_cast<T>(static_cast<double>(x[k]) * power);
}

}  // namespace pyntk
