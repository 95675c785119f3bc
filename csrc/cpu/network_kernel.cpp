// Compiled once per instruction set, as micro_kernel.cpp is.
#include "network_kernel.hpp"

#include "../math/activation.hpp"
#include "instruction_set.hpp"
#include "simd.hpp"

namespace pyntk::PYNTK_ISA {
namespace {

template <class T>
constexpr int width = 2 * lanes<T>;  // of a register tile

template <class T>
void exponents(const T* X, index rows, index d, row_norm* scales) {
  for (index i = 0; i < rows; ++i) {
    const T largest = largest_size(X + i * d, d);
    // NaN is no zero row.
    scales[i] = {largest == 0 ? 0.0 : 1.0, exponent_of_size(static_cast<double>(largest))};
  }
}

// Four sums side by side in every instruction set, so that the order of addition is the same in
// all.
template <class T>
void add_output(const T* C, const activation& s, const double* a, double* sums) {
  typedef double wide __attribute__((vector_size(32)));
  typedef T narrow __attribute__((vector_size(4 * sizeof(T))));
  const T below = static_cast<T>(s.slopes[0]), above = static_cast<T>(s.slopes[1]);
  wide total, weight;
  __builtin_memcpy(&total, sums, sizeof total);
  for (int v = 0; v < width<T>; v += 4) {
    narrow c;
    __builtin_memcpy(&c, C + v, sizeof c);
    __builtin_memcpy(&weight, a + v, sizeof weight);
    const narrow value = c > 0 ? above * c : below * c;
    total += weight * __builtin_convertvector(value, wide);
  }
  __builtin_memcpy(sums, &total, sizeof total);
}

// The pre-activations of a row; one beyond the range of double is its largest number, so that no 0
// inf is formed.
template <class T>
PYNTK_INLINE void pre_activations(const T* C, const power_halves& row, const column_halves& columns,
                                  double* p) {
  constexpr double largest = 1.7976931348623157e308;
  for (int v = 0; v < width<T>; ++v) {
    const double once = static_cast<double>(C[v]) * row.first * columns.first[v];
    const double twice = once * row.second * columns.second[v];
    p[v] = twice > largest ? largest : (twice < -largest ? -largest : twice);
  }
}

// sigma of math/activation.hpp, piece by piece over all columns; NaN stays NaN.
template <class T>
void activate(const T* C, const activation& s, const power_halves& row,
              const column_halves& columns, double* __restrict values) {
  double p[width<T>];
  pre_activations(C, row, columns, p);
  for (int v = 0; v < width<T>; ++v)
    values[v] = s.value + (p[v] >= s.at[0] ? 0.0 : s.slopes[0] * (p[v] - s.at[0]));
  for (int j = 0; j < s.knots; ++j) {
    const double begin = s.at[j], slope = s.slopes[j + 1];
    const bool last = j + 1 == s.knots;
    const double end = last ? 0.0 : s.at[j + 1];
    for (int v = 0; v < width<T>; ++v) {
      const double reached = !last && p[v] > end ? end : p[v];
      values[v] += p[v] > begin ? slope * (reached - begin) : 0.0;
    }
  }
}

template <class T>
std::uint32_t gates(const T* C, bool right) {
  std::uint32_t bits = 0;
  if (right)
    for (int v = 0; v < width<T>; ++v) bits |= static_cast<std::uint32_t>(C[v] >= 0) << v;
  else
    for (int v = 0; v < width<T>; ++v) bits |= static_cast<std::uint32_t>(C[v] > 0) << v;
  return bits;
}

template <class T>
void through_gates(std::uint32_t gates, const activation& s, T g, T* E) {
  const T below = g * static_cast<T>(s.slopes[0]), above = g * static_cast<T>(s.slopes[1]);
  for (int v = 0; v < width<T>; ++v) E[v] = gates >> v & 1 ? above : below;
}

template <class T>
void weighted_gates(std::uint32_t gates, const activation& s, const T* __restrict weights,
                    T* __restrict E) {
  const T below = static_cast<T>(s.slopes[0]), above = static_cast<T>(s.slopes[1]);
  for (int v = 0; v < width<T>; ++v) E[v] = weights[v] * (gates >> v & 1 ? above : below);
}

template <class T>
void weighted_slopes(const T* C, const activation& s, const power_halves& row,
                     const column_halves& columns, const T* weights, T* E) {
  double p[width<T>];
  pre_activations(C, row, columns, p);
  for (int v = 0; v < width<T>; ++v) E[v] = weights[v] * static_cast<T>(sigma_slope(s, p[v]));
}

// Kahan's sum: what an addition rounds off is in the next one.
template <class T>
void add_row(const T* __restrict from, T* __restrict to, T* __restrict rest) {
  for (int v = 0; v < width<T>; ++v) {
    const T part = from[v] + rest[v], sum = to[v] + part;
    rest[v] = part - (sum - to[v]);
    to[v] = sum;
  }
}

template <class T>
constexpr network_kernel<T> kernel = {exponents<T>,       add_output<T>,    activate<T>,
                                      gates<T>,           through_gates<T>, weighted_gates<T>,
                                      weighted_slopes<T>, add_row<T>};

}  // namespace

extern const network_kernels networks;
const network_kernels networks = {kernel<float>, kernel<double>};

}  // namespace pyntk::PYNTK_ISA
