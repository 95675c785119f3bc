// The angle between two unit rows, as t = 1 - |cos theta| and the sign of the cosine.
//
// theta = arccos(c) loses half of the digits near c = +-1: d theta / d c = -1 / sin theta, so an
// error of u in a cosine that came out of a product is an error of up to sqrt(u) in the angle.
// There the chord of the two unit rows, taken by differences, has the whole precision: s = |x/|x|
// -+ z/|z||, and t = s^2 / 2 (W. Kahan, "How futile are mindless assessments of roundoff in
// floating-point computation", section 12).
#pragma once

#include <cmath>

#include "../core/view.hpp"

namespace pyntk {

// Cosines beyond this take the chord. At the border sin theta = 0.58: an error of the product grows
// 1.7 times, at most, on its way into theta. Sums of equal terms, which all round the same way, put
// entries off by 6.8 u at worst there; with a border of 31/32 it was 12.9 u, with 7/8 8.6 u. Deep
// kernels, which run in double, multiply it again, about depth / pi times.
template <class T>
PYNTK_INLINE constexpr T chord_border() {
  return T(0.8125);
}

template <class T>
struct angle {
  T cosine;     // |cos theta|
  T t;          // 1 - |cos theta|
  bool obtuse;  // cos theta < 0
};

// From a cosine that is not beyond chord_border.
template <class T>
PYNTK_INLINE angle<T> angle_of(T cosine) {
  const T size = std::fabs(cosine);
  return {size, 1 - size, cosine < 0};
}

// From the cosine that a product gave, and the squared chord |u - v|^2 where it is positive, |u +
// v|^2 where it is negative; the chord is looked at only beyond chord_border.
template <class T>
PYNTK_INLINE angle<T> angle_between(T cosine, T squared_chord) {
  const T size = std::fabs(cosine);
  const bool pole = size > chord_border<T>();
  const T t = pole ? squared_chord / 2 : 1 - size;
  return {pole ? 1 - t : size, t, cosine < 0};
}

}  // namespace pyntk
