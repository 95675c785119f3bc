// The angle between two rows, and what the kernels need of it.
//
// theta = arccos(c) loses half of the digits near c = +-1: d theta / d c = -1 / sin theta, so an
// error of u in a cosine that came out of a product is an error of up to sqrt(u) in the angle.
// There the chord of the two unit rows, taken by differences, has the whole precision: s = |x/|x|
// -+ z/|z||, theta = 2 arcsin(s / 2) (W. Kahan, "How futile are mindless assessments of roundoff in
// floating-point computation", section 12).
#pragma once

#include <cmath>

#include "../core/view.hpp"

namespace pyntk {

template <class T>
PYNTK_HD constexpr T pi() {
  return static_cast<T>(3.14159265358979323846264338327950288);
}

// Cosines beyond this take the chord. At the border sin theta = 0.25: the product's error grows at
// most fourfold on its way into theta.
template <class T>
PYNTK_HD constexpr T chord_border() {
  return static_cast<T>(0.96875);
}

template <class T>
struct angle {
  T cosine;      // cos theta
  T sine;        // sin theta >= 0
  T supplement;  // phi = pi - theta
};

template <class T>
PYNTK_HD inline angle<T> angle_from_cosine(T c) {
  return {c, std::sqrt((1 - c) * (1 + c)), std::acos(-c)};
}

// From s2 = |u - v|^2 of unit rows, theta near 0: cos theta = 1 - s2/2, sin theta = s sqrt(1 -
// s2/4).
template <class T>
PYNTK_HD inline angle<T> angle_from_difference(T s2) {
  const T s = std::sqrt(s2);
  return {1 - s2 / 2, s * std::sqrt(1 - s2 / 4), pi<T>() - 2 * std::asin(s / 2)};
}

// From s2 = |u + v|^2, theta near pi: then phi itself is the small angle.
template <class T>
PYNTK_HD inline angle<T> angle_from_sum(T s2) {
  const T s = std::sqrt(s2);
  return {s2 / 2 - 1, s * std::sqrt(1 - s2 / 4), 2 * std::asin(s / 2)};
}

}  // namespace pyntk
