// One vector register of the instruction set that this file is compiled for, and its FMA. Plus and
// minus are the compiler's own on these types.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace pyntk::simd {

template <class T>
struct vector;

#if defined(__AVX512F__)
template <>
struct vector<float> {
  using type = __m512;
  static type load(const float* p) { return _mm512_loadu_ps(p); }
  static void store(float* p, type v) { _mm512_storeu_ps(p, v); }
  static type broadcast(float x) { return _mm512_set1_ps(x); }
  static type fma(type a, type b, type c) { return _mm512_fmadd_ps(a, b, c); }
};
template <>
struct vector<double> {
  using type = __m512d;
  static type load(const double* p) { return _mm512_loadu_pd(p); }
  static void store(double* p, type v) { _mm512_storeu_pd(p, v); }
  static type broadcast(double x) { return _mm512_set1_pd(x); }
  static type fma(type a, type b, type c) { return _mm512_fmadd_pd(a, b, c); }
};
#elif defined(__AVX2__) && defined(__FMA__)
template <>
struct vector<float> {
  using type = __m256;
  static type load(const float* p) { return _mm256_loadu_ps(p); }
  static void store(float* p, type v) { _mm256_storeu_ps(p, v); }
  static type broadcast(float x) { return _mm256_set1_ps(x); }
  static type fma(type a, type b, type c) { return _mm256_fmadd_ps(a, b, c); }
};
template <>
struct vector<double> {
  using type = __m256d;
  static type load(const double* p) { return _mm256_loadu_pd(p); }
  static void store(double* p, type v) { _mm256_storeu_pd(p, v); }
  static type broadcast(double x) { return _mm256_set1_pd(x); }
  static type fma(type a, type b, type c) { return _mm256_fmadd_pd(a, b, c); }
};
#else
// 16 bytes, in the compiler's vector extension. Without an FMA instruction the product is rounded
// before the addition; where the target has one (aarch64) this file is compiled with contraction
// on.
template <class T>
struct vector {
  typedef T type __attribute__((vector_size(16)));
  static type load(const T* p) {
    type v;
    __builtin_memcpy(&v, p, sizeof v);
    return v;
  }
  static void store(T* p, type v) { __builtin_memcpy(p, &v, sizeof v); }
  static type broadcast(T x) { return type{} + x; }
  static type fma(type a, type b, type c) { return a * b + c; }
};
#endif

}  // namespace pyntk::simd
