// One vector register of the instruction set that this file is compiled for. Plus, minus and times
// are the compiler's own on these types. Everything lies in a namespace of the instruction set's
// name: one version's inline functions can never be taken for another's.
#pragma once

#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "../core/view.hpp"

namespace pyntk::PYNTK_ISA {

template <class T>
struct simd;

#if defined(__AVX512F__)
template <>
struct simd<float> {
  using type = __m512;
  static type load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, type v) { _mm512_storeu_ps(p, v); }
  static void stream(float* p, type v) { _mm512_stream_ps(p, v); }
  static type broadcast(float x) { return _mm512_set1_ps(x); }
  static type fma(type a, type b, type c) { return _mm512_fmadd_ps(a, b, c); }
};
template <>
struct simd<double> {
  using type = __m512d;
  static type load(const double* p) { return _mm512_loadu_pd(p); }
  static void store(double* p, type v) { _mm512_storeu_pd(p, v); }
  static void stream(double* p, type v) { _mm512_stream_pd(p, v); }
  static type broadcast(double x) { return _mm512_set1_pd(x); }
  static type fma(type a, type b, type c) { return _mm512_fmadd_pd(a, b, c); }
};
#elif defined(__AVX2__) && defined(__FMA__)
template <>
struct simd<float> {
  using type = __m256;
  static type load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, type v) { _mm256_storeu_ps(p, v); }
  static void stream(float* p, type v) { _mm256_stream_ps(p, v); }
  static type broadcast(float x) { return _mm256_set1_ps(x); }
  static type fma(type a, type b, type c) { return _mm256_fmadd_ps(a, b, c); }
};
template <>
struct simd<double> {
  using type = __m256d;
  static type load(const double* p) { return _mm256_loadu_pd(p); }
  static void store(double* p, type v) { _mm256_storeu_pd(p, v); }
  static void stream(double* p, type v) { _mm256_stream_pd(p, v); }
  static type broadcast(double x) { return _mm256_set1_pd(x); }
  static type fma(type a, type b, type c) { return _mm256_fmadd_pd(a, b, c); }
};
#else
// 16 bytes, in the compiler's vector extension. Without an FMA instruction the product is rounded
// before the addition; where the target has one (aarch64) this file is compiled with contraction
// on.
template <class T>
struct simd {
  typedef T type __attribute__((vector_size(16)));
  static type load(const T* p) {
    type v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  static void store(T* p, type v) { __builtin_memcpy(p, &v, sizeof v); }
  static void stream(T* p, type v) { store(p, v); }
  static type broadcast(T x) { return type{} + x; }
  static type fma(type a, type b, type c) { return a * b + c; }
};
#endif

template <class T>
using vec = typename simd<T>::type;

template <class T>
constexpr int lanes = sizeof(vec<T>) / sizeof(T);

// What simd::stream wrote is visible to other threads after this.
inline void stream_fence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

// a_0 b_0 a_1 b_1 ... of the lower (Half = 0) or upper halves of two registers.
template <class T, int Half, int... Lane>
PYNTK_INLINE vec<T> interleave(vec<T> a, vec<T> b, std::integer_sequence<int, Lane...>) {
  constexpr int L = lanes<T>;
#if defined(__has_builtin) && __has_builtin(__builtin_shufflevector)
  return __builtin_shufflevector(a, b, (Lane % 2 * L + Lane / 2 + Half * (L / 2))...);
#else
  typedef std::conditional_t<sizeof(T) == 4, int, long long> integer;
  typedef integer places __attribute__((vector_size(sizeof(vec<T>))));
  return __builtin_shuffle(a, b, places{(Lane % 2 * L + Lane / 2 + Half * (L / 2))...});
#endif
}

// Transposes as many registers as each has lanes. Interleaving row i with row i + L/2 rotates the
// bits of (row, column) by one; after log2 L rounds rows and columns have changed places.
template <class T>
PYNTK_INLINE void transpose(vec<T> (&r)[lanes<T>]) {
  constexpr int L = lanes<T>;
  constexpr auto all = std::make_integer_sequence<int, L>{};
#pragma GCC unroll 4
  for (int round = 1; round < L; round *= 2) {
    vec<T> s[L];
#pragma GCC unroll 8
    for (int i = 0; i < L / 2; ++i) {
      s[2 * i] = interleave<T, 0>(r[i], r[i + L / 2], all);
      s[2 * i + 1] = interleave<T, 1>(r[i], r[i + L / 2], all);
    }
#pragma GCC unroll 16
    for (int i = 0; i < L; ++i) r[i] = s[i];
  }
}

}  // namespace pyntk::PYNTK_ISA
