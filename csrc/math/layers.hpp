// The recursion over the layers of a deep ReLU network, without cancellation and without overflow.
//
// With q_l = K_l(x, x) and s_l = sqrt(q_l), every K_l is s_l(x) s_l(z) rho_l, and of rho_l it is
// v_l = 1 - rho_l that is carried: it keeps the digits of the angle. A layer (and the input, which
// is one too) puts the shares
//   alpha = sqrt(weighted part of q / q),   beta = sqrt(bias part of q / q),   alpha^2 + beta^2 = 1
// on what comes in and on the bias, so that with A = alpha alpha'
//   rho+ = A (1 - w) + beta beta',   v+ = D + A w,   D = ((alpha - alpha')^2 + (beta - beta')^2) /
//   2
// where w = v - (sin theta - theta cos theta) / pi, 1 - w the normalised E[relu relu]. Without bias
// all alpha are 1 and all beta 0, whatever the norms. Sources: A. Jacot et al., arXiv 1806.07572
// (the recursion); A. Daniely et al., arXiv 1602.05897 (normalised, "dual activations").
#pragma once

#include <cmath>

#include "../core/recipe.hpp"
#include "row_norm.hpp"

namespace pyntk {

// A recipe ready for use: k(x, z) = scale s(x) s(z) value, value a function of the angle (and, with
// a bias, of the shares of both rows); s is s_depth, for trained_first s_0.
struct kernel_constants {
  int kind;
  int depth;
  double weight_variance, bias_variance;
  double scale;       // in [1/2, 2)
  int half_exponent;  // a factor 2^half_exponent of s
  bool deep;          // value is deep_value(), not unit_value()
  bool biased;        // so there are shares
};

// Host only. a (a/2)^depth, the factor of |x||z| without bias, and (a/2)^depth, that of K_0 in
// trained_first, are rounded once: 200 factors alpha alpha' would lose 200 roundings.
inline kernel_constants constants_of(const recipe& of) {
  kernel_constants result{of.kind, of.depth, of.weight_variance, of.bias_variance, 1.0, 0,
                          false,   false};
  if (of.kind == degree_0) return result;
  if (of.kind == degree_1) {
    result.kind = trained_last;
    return result;
  }
  result.biased = of.bias_variance > 0;
  result.deep = result.biased || of.depth > 1;
  if (result.biased && of.kind != trained_first) return result;
  const int factors = of.depth + (result.biased ? 0 : 1);
  int exponent = 0;
  long double power = 1,
              mantissa = std::frexp(static_cast<long double>(of.weight_variance), &exponent);
  int total = exponent * factors - of.depth;
  for (int factor = 0; factor < factors; ++factor) {
    int shift = 0;
    power = std::frexp(power * mantissa, &shift);
    total += shift;
  }
  const int odd = total & 1;
  result.scale = static_cast<double>(std::ldexp(power, odd));
  result.half_exponent = (total - odd) / 2;
  return result;
}

// q_l with what its rounding left: the same small bias, added in 200 layers, rounds the same way.
struct variance {
  double value, rest;
};

// q+ = half q + bias.
PYNTK_INLINE variance through_layer(const variance& q, double half, double bias) {
  const double product = half * q.value, sum = product + bias;
  const double of_product = std::fma(half, q.value, -product) + half * q.rest;
  const double in_sum = sum - product;
  const double of_sum = (product - (sum - in_sum)) + (bias - in_sum);
  return {sum, of_product + of_sum};
}

// The number of (alpha, beta) pairs of a row: the input's, then one per layer.
PYNTK_INLINE int share_pairs(const kernel_constants& of) { return of.biased ? of.depth + 1 : 0; }

// s(x) of a row x of this norm; put(l, alpha, beta) is called for each of share_pairs().
template <class Put>
PYNTK_INLINE row_norm layer_shares(row_norm norm, const kernel_constants& of, const Put& put) {
  if (of.kind == degree_0) return {0.5, 1};  // the kernel does not know the norms
  if (!of.biased) {
    norm.exponent += of.half_exponent;
    return norm;
  }
  // Everything over 2^e, e such that the larger of the two parts of q_0 is about 1.
  int e = 0, of_norm = 0;
  std::frexp(std::sqrt(of.bias_variance), &e);
  std::frexp(std::sqrt(of.weight_variance) * norm.mantissa, &of_norm);
  if (norm.mantissa > 0 && of_norm + norm.exponent > e) e = of_norm + norm.exponent;
  const int e_input = e;
  double bias = std::ldexp(of.bias_variance, -2 * e);
  double weighted =
      std::ldexp(of.weight_variance * norm.mantissa * norm.mantissa, 2 * (norm.exponent - e));
  variance q{weighted + bias, 0};
  const double input = q.value;
  // Not as the root of `weighted`: a square underflows where |x| is below 1e-154.
  const double root = std::ldexp(std::sqrt(of.weight_variance) * norm.mantissa, norm.exponent - e);
  for (int pair = 0;; ++pair) {
    put(pair, pair == 0 ? root / std::sqrt(q.value) : std::sqrt(weighted / q.value),
        std::sqrt(bias / q.value));
    if (pair == of.depth) break;
    if (q.value > 0x1p500) {  // a weight variance far above 2
      q = {q.value * 0x1p-500, q.rest * 0x1p-500};
      bias *= 0x1p-500;
      e += 250;
    }
    weighted = of.weight_variance / 2 * q.value;
    q = through_layer(q, of.weight_variance / 2, bias);
  }
  row_norm result;
  const double s = std::sqrt(of.kind == trained_first ? input : q.value);
  const double rest = of.kind == trained_first ? 0.0 : q.rest / (2 * s);
  result.mantissa = std::frexp(s + rest, &result.exponent);
  result.exponent += (of.kind == trained_first ? e_input : e) + of.half_exponent;
  return result;
}

// (alpha, beta) of one row: pair l is at first[2 l stride] and first[(2 l + 1) stride].
struct row_shares {
  const double* first;
  index stride;

  PYNTK_HD double alpha(int pair) const { return first[2 * pair * stride]; }
  PYNTK_HD double beta(int pair) const { return first[(2 * pair + 1) * stride]; }
};

}  // namespace pyntk
