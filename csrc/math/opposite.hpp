// The angle between two rows of floats that are nearly opposite, for entries that vanish with it.
//
// Unit rows rounded to double are off by 1e-16 in every direction, so their chord, and an entry
// like H that is proportional to pi - theta, is off by 1e-16 / (pi - theta) relatively. From the
// rows as they are nothing is lost: with e = x/|x| - z/|z|, along which both lie, and j its largest
// entry,
//   w_k = z_k x_j - z_j x_k
// is a difference of exact products (24 + 24 bits), 0 if the rows are parallel, and its part across
// e is sin((pi - theta) / 2) |x||z| e_j long. So t = 1 - |cos theta| = 2 |w across|^2 / (|x||z|
// e_j)^2. The same for (x, z) and (z, x): e and w only change their signs.
#pragma once

#include <cmath>

#include "angle.hpp"
#include "row_norm.hpp"

namespace pyntk {

// Below this t (pi - theta = 1.3e-6) the unit rows' error reaches 1e-10 of an entry.
PYNTK_INLINE constexpr double opposite_border() { return 0x1p-40; }

// The rows over their powers of two, which keeps every product in range.
struct opposite_rows {
  const float *x, *z;
  double x_power, z_power, x_inverse, z_inverse;  // inverse: over the mantissa too

  PYNTK_INLINE double x_at(index k) const { return static_cast<double>(x[k]) * x_power; }
  PYNTK_INLINE double z_at(index k) const { return static_cast<double>(z[k]) * z_power; }
  PYNTK_INLINE double e(index k) const { return x_at(k) * x_inverse - z_at(k) * z_inverse; }
};

// t = 1 - |cos theta|. Neither row is zero.
PYNTK_INLINE double opposite_t(const float* x, const row_norm& x_norm, const float* z,
                               const row_norm& z_norm, index d) {
  const opposite_rows rows{x,
                           z,
                           times_power_of_two(1.0, -x_norm.exponent),
                           times_power_of_two(1.0, -z_norm.exponent),
                           1 / x_norm.mantissa,
                           1 / z_norm.mantissa};
  index j = 0;
  double largest = 0, ee = 0;
  for (index k = 0; k < d; ++k) {
    const double e = rows.e(k);
    ee += e * e;
    if (std::fabs(e) > largest) {
      largest = std::fabs(e);
      j = k;
    }
  }
  const double xj = rows.x_at(j), zj = rows.z_at(j);
  double we = 0;
  for (index k = 0; k < d; ++k) we += (rows.z_at(k) * xj - zj * rows.x_at(k)) * rows.e(k);
  double across = 0;
  for (index k = 0; k < d; ++k) {
    const double w = rows.z_at(k) * xj - zj * rows.x_at(k) - we / ee * rows.e(k);
    across += w * w;
  }
  const double length = x_norm.mantissa * z_norm.mantissa * largest;
  return 2 * across / (length * length);
}

// The angle of unit_rows in double made of rows of floats, mended where they are nearly opposite.
PYNTK_INLINE angle<double> mended(const angle<double>& at, const float* x, const row_norm& x_norm,
                                  const float* z, const row_norm& z_norm, index d) {
  if (!at.obtuse || at.t >= opposite_border()) return at;
  const double t = opposite_t(x, x_norm, z, z_norm, d);
  return {1 - t, t, true};
}

}  // namespace pyntk
