// Value and slope of an activation function at one pre-activation.
#pragma once

#include "../core/activation.hpp"
#include "../core/view.hpp"

namespace pyntk {

PYNTK_INLINE bool beyond_knot(double p, double knot, bool right) {
  return right ? p >= knot : p > knot;
}

// Piece by piece from the first knot on: nothing cancels, a flat piece stays flat, and NaN
// stays NaN.
PYNTK_INLINE double sigma(const activation& s, double p) {
  double v = s.value;
  if (!(p >= s.at[0])) return v + s.slopes[0] * (p - s.at[0]);
  for (int j = 0; j < s.knots && p > s.at[j]; ++j) {
    const double end = j + 1 < s.knots && p > s.at[j + 1] ? s.at[j + 1] : p;
    v += s.slopes[j + 1] * (end - s.at[j]);
  }
  return v;
}

PYNTK_INLINE double sigma_slope(const activation& s, double p) {
  double slope = s.slopes[0];
  for (int j = 0; j < s.knots; ++j)
    if (beyond_knot(p, s.at[j], s.right)) slope = s.slopes[j + 1];
  return slope;
}

}  // namespace pyntk
