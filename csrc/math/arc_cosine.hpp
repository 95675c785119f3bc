// The kernels of the two-layer ReLU network on unit rows, one entry at a time. Y. Cho and L. Saul,
// "Kernel methods for deep learning", 2009 (arc-cosine kernels of degree 0 and 1); A. Jacot et al.,
// "Neural tangent kernel", 2018; S. Arora et al., arXiv 1901.08584, equation (4).
#pragma once

#include "../core/kernels.hpp"
#include "angle.hpp"

namespace pyntk {

// sin phi - phi cos phi with phi = pi - theta, that is sin theta + (pi - theta) cos theta. For
// small phi both terms nearly cancel, so there the series sum_{k>=1} (-1)^(k+1) 2k phi^(2k+1) /
// (2k+1)!: below 0.7 eight terms leave less than 1e-17 of it.
template <class T>
PYNTK_HD inline T degree_one_bracket(const angle<T>& t) {
  const T phi = t.supplement;
  if (phi >= static_cast<T>(0.7)) return t.sine + phi * t.cosine;
  const T p = phi * phi;
  const T tail = static_cast<T>(1.0 / 22230464256000.0);   // 16 / 17!
  T sum = static_cast<T>(1.0 / 93405312000.0) - p * tail;  // 14 / 15!
  sum = static_cast<T>(1.0 / 518918400.0) - p * sum;       // 12 / 13!
  sum = static_cast<T>(1.0 / 3991680.0) - p * sum;         // 10 / 11!
  sum = static_cast<T>(1.0 / 45360.0) - p * sum;           //  8 / 9!
  sum = static_cast<T>(1.0 / 840.0) - p * sum;             //  6 / 7!
  sum = static_cast<T>(1.0 / 30.0) - p * sum;              //  4 / 5!
  sum = static_cast<T>(1.0 / 3.0) - p * sum;               //  2 / 3!
  return phi * p * sum;
}

// The entry for unit rows at this angle; rows of any norm are |x||z| times it. Duplicates give
// exactly the diagonal, 1/2 (first, last) or 1 (all): cosine 1 and supplement pi divide out without
// rounding.
template <class T>
PYNTK_HD inline T unit_kernel(const angle<T>& t, int trained) {
  const T two_pi = 2 * pi<T>();
  const T H = t.cosine * t.supplement / two_pi;
  if (trained == trained_first) return H + 0;  // + 0: no negative zero from opposite rows
  const T S = degree_one_bracket(t) / two_pi;
  return trained == trained_last ? S : H + S;
}

// kernel(x, x) / |x|^2.
PYNTK_HD inline double unit_diagonal(int trained) { return trained == trained_all ? 1.0 : 0.5; }

}  // namespace pyntk
