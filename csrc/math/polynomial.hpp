// Polynomials by Horner's rule, one FMA a step where the target has it.
#pragma once

#include <cmath>

#include "../core/view.hpp"

namespace pyntk {

template <class T>
PYNTK_INLINE T multiply_add(T a, T b, T c) {
#if defined(__CUDA_ARCH__) || defined(__FMA__) || defined(__ARM_FEATURE_FMA)
  return std::fma(a, b, c);
#else
  return a * b + c;  // std::fma would be a call of a slow function
#endif
}

template <class T>
PYNTK_INLINE T polynomial(T, T c0) {
  return c0;
}

// c0 + c1 t + c2 t^2 + ...
template <class T, class... More>
PYNTK_INLINE T polynomial(T t, T c0, More... more) {
  return multiply_add(polynomial(t, more...), t, c0);
}

}  // namespace pyntk
