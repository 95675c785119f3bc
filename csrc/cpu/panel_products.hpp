// Products with a panel of neurons: what a small step of gradient descent spends its time on.
// For one instruction set, as micro_kernel.cpp is.
#pragma once

#include <type_traits>

#include "descent_kernel.hpp"
#include "simd.hpp"

namespace pyntk::PYNTK_ISA {

// The factors a(i, l) = data[i row_stride + l term_stride] of a product.
template <class T>
struct strided {
  const T* data;
  index row_stride, term_stride;
};

// Sums are chains of sixteen terms, chains of sixteen of those, and Kahan's sum of blocks.
constexpr index chain = 16, block = chain * chain;

#if defined(__AVX512F__)
constexpr int most_rows = 8;
#else
constexpr int most_rows = 4;
#endif

// Sums of a block of terms for rows of C, from two registers of every row of B. Few rows have few
// chains at once: their terms go to several chains in turn.
template <class T, int Rows>
PYNTK_INLINE void sums_of_block(strided<T> a, const T* B, index terms, vec<T> (&total)[Rows][2]) {
  using v = simd<T>;
  constexpr int chains = Rows >= 4 ? 1 : 4 / Rows, L = lanes<T>;
  const vec<T> zero = v::broadcast(0);
#pragma GCC unroll 8
  for (int i = 0; i < Rows; ++i) total[i][0] = total[i][1] = zero;
  for (index begin = 0; begin < terms; begin += chain * chains) {
    const index end = begin + chain * chains < terms ? begin + chain * chains : terms;
    vec<T> part[chains][Rows][2];
#pragma GCC unroll 4
    for (int s = 0; s < chains; ++s)
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) part[s][i][0] = part[s][i][1] = zero;
    index l = begin;
    for (; l + chains <= end; l += chains) {
#pragma GCC unroll 4
      for (int s = 0; s < chains; ++s) {
        const T* b = B + (l + s) * panel_width<T>;
        const vec<T> b0 = v::load(b), b1 = v::load(b + L);
#pragma GCC unroll 8
        for (int i = 0; i < Rows; ++i) {
          const vec<T> factor = v::broadcast(a.data[i * a.row_stride + (l + s) * a.term_stride]);
          part[s][i][0] = v::fma(factor, b0, part[s][i][0]);
          part[s][i][1] = v::fma(factor, b1, part[s][i][1]);
        }
      }
    }
    for (; l < end; ++l) {
      const T* b = B + l * panel_width<T>;
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) {
        const vec<T> factor = v::broadcast(a.data[i * a.row_stride + l * a.term_stride]);
        part[0][i][0] = v::fma(factor, v::load(b), part[0][i][0]);
        part[0][i][1] = v::fma(factor, v::load(b + L), part[0][i][1]);
      }
    }
#pragma GCC unroll 4
    for (int s = 0; s < chains; ++s) {
#pragma GCC unroll 8
      for (int i = 0; i < Rows; ++i) {
        total[i][0] += part[s][i][0];
        total[i][1] += part[s][i][1];
      }
    }
  }
}

template <class T, int Rows>
PYNTK_INLINE void sums_of_rows(strided<T> a, const T* B, index terms, vec<T> (&total)[Rows][2]) {
  sums_of_block<T, Rows>(a, B, terms < block ? terms : block, total);
  if (terms <= block) return;
  vec<T> rest[Rows][2];
  for (int i = 0; i < Rows; ++i) rest[i][0] = rest[i][1] = simd<T>::broadcast(0);
  for (index begin = block; begin < terms; begin += block) {
    const strided<T> from = {a.data + begin * a.term_stride, a.row_stride, a.term_stride};
    const index count = terms - begin < block ? terms - begin : block;
    vec<T> part[Rows][2];
    sums_of_block<T, Rows>(from, B + begin * panel_width<T>, count, part);
    for (int i = 0; i < Rows; ++i) {
      for (int half = 0; half < 2; ++half) {
        const vec<T> added = part[i][half] - rest[i][half], sum = total[i][half] + added;
        rest[i][half] = (sum - total[i][half]) - added;
        total[i][half] = sum;
      }
    }
  }
}

// C = sum.
template <class T>
struct set_row {
  static vec<T> of_sum(vec<T> sum, vec<T>) { return sum; }
  static vec<T> of_term(vec<T> a, vec<T> b, vec<T>) { return a * b; }
};

// C = C + sum.
template <class T>
struct add_row {
  static vec<T> of_sum(vec<T> sum, vec<T> C) { return C + sum; }
  static vec<T> of_term(vec<T> a, vec<T> b, vec<T> C) { return simd<T>::fma(a, b, C); }
};

// C = keep C + sum.
template <class T>
struct keep_row {
  vec<T> keep;
  vec<T> of_sum(vec<T> sum, vec<T> C) const { return simd<T>::fma(keep, C, sum); }
  vec<T> of_term(vec<T> a, vec<T> b, vec<T> C) const { return of_sum(a * b, C); }
};

template <class T, int Rows, class Change>
void some_rows(strided<T> a, const T* B, index terms, const Change& change, T* C) {
  constexpr int L = lanes<T>;
  for (int at = 0; at < panel_width<T>; at += 2 * L) {
    vec<T> total[Rows][2];
    sums_of_rows<T, Rows>(a, B + at, terms, total);
#pragma GCC unroll 8
    for (int i = 0; i < Rows; ++i) {
      T* c = C + i * panel_width<T> + at;
      simd<T>::store(c, change.of_sum(total[i][0], simd<T>::load(c)));
      simd<T>::store(c + L, change.of_sum(total[i][1], simd<T>::load(c + L)));
    }
  }
}

// Steps of one sample are sums of one term.
template <class T, class Change>
PYNTK_INLINE void one_term(strided<T> a, const T* B, index rows, const Change& change, T* C) {
  constexpr int L = lanes<T>;
  for (int at = 0; at < panel_width<T>; at += 2 * L) {
    const vec<T> b0 = simd<T>::load(B + at), b1 = simd<T>::load(B + at + L);
    for (index i = 0; i < rows; ++i) {
      const vec<T> factor = simd<T>::broadcast(a.data[i * a.row_stride]);
      T* c = C + i * panel_width<T> + at;
      simd<T>::store(c, change.of_term(factor, b0, simd<T>::load(c)));
      simd<T>::store(c + L, change.of_term(factor, b1, simd<T>::load(c + L)));
    }
  }
}

template <class T, class Change>
PYNTK_INLINE void all_rows(strided<T> a, const T* B, index rows, index terms, const Change& change,
                           T* C) {
  if (terms == 1) return one_term(a, B, rows, change, C);
  const auto take = [&](auto some, index i) {
    const strided<T> from = {a.data + i * a.row_stride, a.row_stride, a.term_stride};
    some_rows<T, decltype(some)::value>(from, B, terms, change, C + i * panel_width<T>);
  };
  index i = 0;
  for (; i + most_rows <= rows; i += most_rows) take(std::integral_constant<int, most_rows>{}, i);
  if (most_rows > 4 && i + 4 <= rows) take(std::integral_constant<int, 4>{}, i), i += 4;
  if (i + 2 <= rows) take(std::integral_constant<int, 2>{}, i), i += 2;
  if (i < rows) take(std::integral_constant<int, 1>{}, i);
}

// C_i = sum_l a(i, l) B_l, rows of a panel.
template <class T>
PYNTK_INLINE void product(strided<T> a, const T* B, index rows, index terms, T* C) {
  all_rows(a, B, rows, terms, set_row<T>{}, C);
}

// C_i = keep C_i + sum_l a(i, l) B_l.
template <class T>
PYNTK_INLINE void update(strided<T> a, const T* B, index rows, index terms, T keep, T* C) {
  if (keep == 1)
    all_rows(a, B, rows, terms, add_row<T>{}, C);
  else
    all_rows(a, B, rows, terms, keep_row<T>{simd<T>::broadcast(keep)}, C);
}

// Both for one sample, W read once: W_j changes by before_j E, and P = sum_j now_j W_j, in the
// order of sums_of_rows.
template <class T, class Change>
PYNTK_INLINE void change_and_product(const T* before, const T* E, const Change& change,
                                     const T* now, index d, T* W, T* P) {
  using v = simd<T>;
  constexpr int L = lanes<T>, chains = 4;
  for (int at = 0; at < panel_width<T>; at += 2 * L) {
    const vec<T> e0 = v::load(E + at), e1 = v::load(E + at + L), zero = v::broadcast(0);
    vec<T> total[2] = {zero, zero};
    const auto take = [&](index j, vec<T>(&part)[2]) {
      T* w = W + j * panel_width<T> + at;
      const vec<T> x = v::broadcast(before[j]), z = v::broadcast(now[j]);
      const vec<T> w0 = change.of_term(x, e0, v::load(w));
      const vec<T> w1 = change.of_term(x, e1, v::load(w + L));
      v::store(w, w0);
      v::store(w + L, w1);
      part[0] = v::fma(z, w0, part[0]);
      part[1] = v::fma(z, w1, part[1]);
    };
    for (index begin = 0; begin < d; begin += chain * chains) {
      const index end = begin + chain * chains < d ? begin + chain * chains : d;
      vec<T> part[chains][2] = {{zero, zero}, {zero, zero}, {zero, zero}, {zero, zero}};
      index j = begin;
      for (; j + chains <= end; j += chains)
#pragma GCC unroll 4
        for (int s = 0; s < chains; ++s) take(j + s, part[s]);
      for (; j < end; ++j) take(j, part[0]);
#pragma GCC unroll 4
      for (int s = 0; s < chains; ++s) {
        total[0] += part[s][0];
        total[1] += part[s][1];
      }
    }
    v::store(P + at, total[0]);
    v::store(P + at + L, total[1]);
  }
}

template <class T>
PYNTK_INLINE void update_and_product(const T* before, const T* E, T keep, const T* now, index d,
                                     T* W, T* P) {
  if (keep == 1)
    change_and_product(before, E, add_row<T>{}, now, d, W, P);
  else
    change_and_product(before, E, keep_row<T>{simd<T>::broadcast(keep)}, now, d, W, P);
}

}  // namespace pyntk::PYNTK_ISA
