// The pre-activations of a block of samples, and the activation of each.
#pragma once

#include <cmath>

#include "../math/activation.hpp"
#include "../math/power_of_two.hpp"

namespace pyntk {

// Of a homogeneous activation only the sign of a pre-activation matters for its slope, and the
// powers of two of samples and neurons are factors of the result: no pre-activation is formed that
// could overflow.
template <class T>
struct preactivations {
  matrix_view<T> P;  // its rows are filled up, with anything
  index neurons;
  const int *of_samples, *of_neurons;  // the powers of two
  activation s;
  bool homogeneous;

  // Beyond the range of double: its largest number, so that no 0 inf is formed.
  __device__ double at(index i, index r) const {
    constexpr double largest = 1.7976931348623157e308;
    const double p = static_cast<double>(P(i, r));
    if (homogeneous || p != p) return p;  // fmin and fmax make a number of a NaN
    return std::fmin(std::fmax(times_power_of_two(p, of_samples[i] + of_neurons[r]), -largest),
                     largest);
  }
  __device__ double value(index i, index r) const {
    const double p = at(i, r);
    return homogeneous ? sigma_slope(s, p) * p : sigma(s, p);
  }
  __device__ T slope(index i, index r) const { return static_cast<T>(sigma_slope(s, at(i, r))); }
};

// Two numbers, of which the sign of a pre-activation chooses one: the slopes of a homogeneous
// activation, or their multiples.
template <class N>
struct by_sign {
  N left, right;
  bool right_at_zero;

  template <class T>
  __device__ N operator()(T p) const {
    return p > 0 || (right_at_zero && p == 0) ? right : left;
  }
};

template <class N>
PYNTK_HD by_sign<N> slopes_of(const activation& s, double factor) {
  return {static_cast<N>(s.slopes[0] * factor), static_cast<N>(s.slopes[1] * factor), s.right};
}

// A power of two that is one factor of a term of a sum, in halves: neither the value nor what it is
// multiplied by becomes infinite, which the other might be 0 against.
PYNTK_INLINE double of_the_value(int exponent) { return times_power_of_two(1.0, exponent / 2); }
PYNTK_INLINE double of_the_other(double v, int exponent) {
  return times_power_of_two(v, exponent - exponent / 2);
}

}  // namespace pyntk
