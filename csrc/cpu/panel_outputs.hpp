// From panels of neurons to the outputs of a network: sigma, and sums over neurons.
// For one instruction set, as micro_kernel.cpp is.
#pragma once

#include "../core/activation.hpp"
#include "descent_kernel.hpp"
#include "simd.hpp"

namespace pyntk::PYNTK_ISA {

// Samples, and outputs, whose sums fill the registers.
#if defined(__AVX512F__)
constexpr int pairs_edge = 4;
#else
constexpr int pairs_edge = 2;
#endif

// An activation in the arithmetic of T.
template <class T>
struct pieces {
  int knots;
  bool homogeneous, right;
  T value, at[activation::most_knots], slopes[activation::most_knots + 1];

  explicit PYNTK_INLINE pieces(const activation& s)
      : knots(s.knots),
        homogeneous(s.knots == 1 && s.at[0] == 0 && s.value == 0),
        right(s.right),
        value(static_cast<T>(s.value)) {
    for (int j = 0; j < knots; ++j) at[j] = static_cast<T>(s.at[j]);
    for (int j = 0; j <= knots; ++j) slopes[j] = static_cast<T>(s.slopes[j]);
  }
};

// sigma and sigma' of math/activation.hpp for a register; NaN stays NaN.
template <class T>
PYNTK_INLINE void activate_homogeneous(vec<T> p, const pieces<T>& s, vec<T>& h, vec<T>& d) {
  const vec<T> zero = simd<T>::broadcast(0);
  const vec<T> below = simd<T>::broadcast(s.slopes[0]), above = simd<T>::broadcast(s.slopes[1]);
  const auto active = s.right ? p >= zero : p > zero;
  d = active ? above : below;
  h = d * p;
}

template <class T>
PYNTK_INLINE void activate_pieces(vec<T> p, const pieces<T>& s, vec<T>& h, vec<T>& d) {
  const auto all = [](T x) { return simd<T>::broadcast(x); };
  const vec<T> zero = all(0), first = all(s.at[0]);
  d = all(s.slopes[0]);
  h = all(s.value) + (p >= first ? zero : d * (p - first));
  for (int j = 0; j < s.knots; ++j) {
    const vec<T> begin = all(s.at[j]), slope = all(s.slopes[j + 1]);
    vec<T> reached = p;
    if (j + 1 < s.knots) reached = p > all(s.at[j + 1]) ? all(s.at[j + 1]) : p;
    const auto beyond = p > begin, active = s.right ? p >= begin : beyond;
    h += beyond ? slope * (reached - begin) : zero;
    d = active ? slope : d;
  }
}

// H = sigma(P), D = sigma'(P), rows of a panel; 0 past its neurons.
template <class T>
PYNTK_INLINE void activate(const T* P, index rows, const pieces<T>& s, index neurons, T* H, T* D) {
  for (index i = 0; i < rows * panel_width<T>; i += lanes<T>) {
    vec<T> h, d;
    if (s.homogeneous)
      activate_homogeneous(simd<T>::load(P + i), s, h, d);
    else
      activate_pieces(simd<T>::load(P + i), s, h, d);
    simd<T>::store(H + i, h);
    simd<T>::store(D + i, d);
  }
  for (index i = 0; i < rows && neurons < panel_width<T>; ++i)
    for (index v = neurons; v < panel_width<T>; ++v)
      H[i * panel_width<T> + v] = D[i * panel_width<T> + v] = 0;
}

// Sums over the lanes of a 64-byte row, half to half, of as many rows as there are: interleaving
// the halves of two registers adds the lanes of both at once.
template <class T, int Rows>
PYNTK_INLINE void sums_of_lanes(vec<T> (&r)[Rows], T* sums) {
  constexpr int L = lanes<T>;
  constexpr auto all = std::make_integer_sequence<int, L>{};
  static_assert(Rows <= L);
#pragma GCC unroll 4
  for (int half = Rows / 2; half >= 1; half /= 2)
#pragma GCC unroll 8
    for (int i = 0; i < half; ++i)
      r[i] = interleave<T, 0>(r[i], r[i + half], all) + interleave<T, 1>(r[i], r[i + half], all);
  T at[L];
  simd<T>::store(at, r[0]);
#pragma GCC unroll 4
  for (int half = L / 2; half >= Rows; half /= 2)
    for (int i = 0; i < half; ++i) at[i] += at[i + half];
  for (int i = 0; i < Rows; ++i) sums[i] = at[i];
}

// Outputs b ... b + Samples - 1 of k ... k + Outputs - 1. The chains run through the panels, two
// terms in each.
template <class T, int Samples, int Outputs>
void some_outputs(const T* A, const T* H, index panels, index batch, index k, T* F) {
  using v = simd<T>;
  constexpr int L = lanes<T>, row = 64 / sizeof(T), parts = row / L, pairs = Samples * Outputs;
  vec<T> sum[pairs][parts];
#pragma GCC unroll 16
  for (int p = 0; p < pairs; ++p)
#pragma GCC unroll 4
    for (int q = 0; q < parts; ++q) sum[p][q] = v::broadcast(0);
  for (index panel = 0; panel < panels; ++panel) {
    const T *a = A + panel * k * panel_width<T>, *h = H + panel * batch * panel_width<T>;
#pragma GCC unroll 1
    for (int at = 0; at < panel_width<T>; at += row) {
#pragma GCC unroll 4
      for (int q = 0; q < parts; ++q) {
        vec<T> weights[Outputs];
#pragma GCC unroll 4
        for (int j = 0; j < Outputs; ++j) weights[j] = v::load(a + j * panel_width<T> + at + q * L);
#pragma GCC unroll 4
        for (int i = 0; i < Samples; ++i) {
          const vec<T> value = v::load(h + i * panel_width<T> + at + q * L);
#pragma GCC unroll 4
          for (int j = 0; j < Outputs; ++j)
            sum[i * Outputs + j][q] = v::fma(weights[j], value, sum[i * Outputs + j][q]);
        }
      }
    }
  }
  constexpr int at_once = pairs < L ? pairs : L;
  T sums[pairs];
#pragma GCC unroll 8
  for (int p = 0; p < pairs; p += at_once) {
    vec<T> r[at_once];
#pragma GCC unroll 16
    for (int i = 0; i < at_once; ++i) {
      if constexpr (parts == 4)
        r[i] = (sum[p + i][0] + sum[p + i][2]) + (sum[p + i][1] + sum[p + i][3]);
      else if constexpr (parts == 2)
        r[i] = sum[p + i][0] + sum[p + i][1];
      else
        r[i] = sum[p + i][0];
    }
    sums_of_lanes<T, at_once>(r, sums + p);
  }
  for (int i = 0; i < Samples; ++i)
    for (int j = 0; j < Outputs; ++j) F[i * k + j] = sums[i * Outputs + j];
}

// F_bk = sum_r A_rk H_br over most_panels at most: A (panels, k, width), H (panels, batch, width),
// F (batch, k).
template <class T>
PYNTK_INLINE void outputs(const T* A, const T* H, index panels, index batch, index k, T* F) {
  constexpr int edge = pairs_edge, w = panel_width<T>;
  index b = 0;
  for (; b + edge <= batch; b += edge) {
    index j = 0;
    for (; j + edge <= k; j += edge)
      some_outputs<T, edge, edge>(A + j * w, H + b * w, panels, batch, k, F + b * k + j);
    for (; j < k; ++j)
      some_outputs<T, edge, 1>(A + j * w, H + b * w, panels, batch, k, F + b * k + j);
  }
  for (; b < batch; ++b) {
    index j = 0;
    for (; j + edge <= k; j += edge)
      some_outputs<T, 1, edge>(A + j * w, H + b * w, panels, batch, k, F + b * k + j);
    for (; j < k; ++j) some_outputs<T, 1, 1>(A + j * w, H + b * w, panels, batch, k, F + b * k + j);
  }
}

}  // namespace pyntk::PYNTK_ISA
