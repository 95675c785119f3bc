// One entry of a deep kernel, and its derivative, from the angle between two unit rows.
//
// Notation of layers.hpp. For one layer, with t = 1 - |rho|, r = sqrt t and the polynomials Q and R
// of arc_cosine.hpp:
//   kappa = 1 - theta / pi = 1 - r Q,   w = t (1 - r R)       where rho >= 0,
//   kappa = r Q,                        w = 1 - t r R         where rho < 0,
// each a sum of terms of one sign or a difference far from cancellation. After the first layer rho
// is never negative.
#pragma once

#include "arc_cosine.hpp"
#include "layers.hpp"

namespace pyntk {

// What a ReLU layer makes of an angle.
struct layer_angle {
  double kappa;  // 1 - theta / pi = 2 E[relu' relu']
  double w;      // 1 - 2 E[relu relu] for unit variances
  double slip;   // kappa + slip is 1 - theta / pi with a smaller error: see deep_value
};

PYNTK_INLINE layer_angle through_relu(double t, bool obtuse) {
  const double r = std::sqrt(t), share = r * arc_cosine_q(t), bracket = r * arc_cosine_r(t);
  const double kappa = obtuse ? share : 1 - share;
  return {kappa, obtuse ? 1 - t * bracket : t * (1 - bracket), obtuse ? 0 : (1 - kappa) - share};
}

// How two rows meet in one layer: rho+ = A (1 - w) + B, v+ = D + A w.
struct layer_meeting {
  double A, D;
};

PYNTK_INLINE layer_meeting meet(const row_shares& x, const row_shares& z, int pair) {
  const double alpha = x.alpha(pair) - z.alpha(pair), beta = x.beta(pair) - z.beta(pair);
  return {x.alpha(pair) * z.alpha(pair), (alpha * alpha + beta * beta) / 2};
}

// The angle after the input's bias: of the rows (sqrt(a) x, sqrt(b)).
PYNTK_INLINE angle<double> with_bias(const angle<double>& at, const row_shares& x,
                                     const row_shares& z) {
  const double alpha = x.alpha(0) - z.alpha(0), minus = x.beta(0) - z.beta(0),
               plus = x.beta(0) + z.beta(0), A = x.alpha(0) * z.alpha(0);
  const double cosine = A * (at.obtuse ? -at.cosine : at.cosine) + x.beta(0) * z.beta(0);
  const double near = (alpha * alpha + minus * minus) / 2, far = (alpha * alpha + plus * plus) / 2;
  const bool obtuse = cosine < 0;  // only where `at` is
  const double v = at.obtuse ? 2 - at.t : at.t;
  const double t = obtuse ? far + A * at.t : near + A * v;
  return {1 - t, t, obtuse};
}

// k(x, z) / (scale s(x) s(z)) for a deep recipe.
//
// At small angles every layer rounds 1 - share the same way, and trained_first multiplies them all:
// the slips are added up and put back at the end (where kappa is not near 1 the product is small,
// and so is what it lost).
PYNTK_INLINE double deep_value(angle<double> at, const kernel_constants& of, const row_shares& x,
                               const row_shares& z) {
  if (of.biased) at = with_bias(at, x, z);
  double tau = at.obtuse ? -at.cosine : at.cosine, rho = tau, t = at.t, slip = 0;
  layer_angle layer = through_relu(t, at.obtuse);
  for (int l = 1;; ++l) {
    const layer_meeting m = of.biased ? meet(x, z, l) : layer_meeting{1, 0};
    t = m.D + m.A * layer.w;
    rho = 1 - t;
    tau = of.kind == trained_all ? m.A * layer.kappa * tau + rho : layer.kappa * tau;
    slip += layer.slip;
    if (l == of.depth) break;
    layer = through_relu(t, false);
  }
  if (of.kind == trained_first) return tau + tau * slip;
  return of.kind == trained_last ? rho : tau;
}

// Value and derivatives of k / scale / (s(x) s(z)): with respect to the cosine of the raw rows, and
// to log |x| (the factor s(x) included).
struct entry_slope {
  double value, by_cosine, by_log_norm;
};

// 1 / sin theta; 0 at theta = 0 and pi, the convention for the kink.
PYNTK_INLINE double kink(double t) {
  const double square = t * (2 - t);
  return square > 0 ? 1 / std::sqrt(square) : 0.0;
}

// Any recipe. d theta / d v = 1 / sin theta, d w / d v = kappa, d kappa / d v = -1 / (pi sin
// theta); with e = d log s / d log |x|, which a layer multiplies by alpha^2: d alpha = alpha beta^2
// e, d beta = -beta alpha^2 e. Primes below: _v by v of the raw rows, _n by log |x|.
PYNTK_INLINE entry_slope slope_of(angle<double> at, const kernel_constants& of, const row_shares& x,
                                  const row_shares& z) {
  constexpr double inverse_pi = 0.31830988618379067154;
  if (of.kind == degree_0) {
    return {through_relu(at.t, at.obtuse).kappa, inverse_pi * kink(at.t), 0.0};
  }
  double e = 1, e_input = 1, v_v = 1, v_n = 0;
  if (of.biased) {
    const double alpha = x.alpha(0), beta = x.beta(0), A = alpha * z.alpha(0);
    const double v = at.obtuse ? 2 - at.t : at.t;
    v_n = alpha * beta * (alpha * z.beta(0) - z.alpha(0) * beta) + A * beta * beta * v;
    v_v = A;
    e = e_input = alpha * alpha;
    at = with_bias(at, x, z);
  }
  double tau = at.obtuse ? -at.cosine : at.cosine, tau_v = -v_v, tau_n = -v_n, rho = tau, t = at.t;
  layer_angle layer = through_relu(t, at.obtuse);
  for (int l = 1;; ++l) {
    double A = 1, D = 0, A_n = 0, D_n = 0;  // of this layer
    if (of.biased) {
      const layer_meeting m = meet(x, z, l);
      const double alpha = x.alpha(l), beta = x.beta(l);
      A = m.A;
      D = m.D;
      A_n = A * beta * beta * e;
      D_n = alpha * beta * e * (alpha * z.beta(l) - z.alpha(l) * beta);
      e *= alpha * alpha;
    }
    const double slope = -inverse_pi * kink(t);
    double share = layer.kappa * tau, share_v = slope * v_v * tau + layer.kappa * tau_v,
           share_n = slope * v_n * tau + layer.kappa * tau_n;
    v_v = A * layer.kappa * v_v;
    v_n = D_n + A_n * layer.w + A * layer.kappa * v_n;
    t = D + A * layer.w;
    rho = 1 - t;
    if (of.kind == trained_all) {
      share_n = A_n * share + A * share_n - v_n;
      share_v = A * share_v - v_v;
      share = A * share + rho;
    }
    tau = share;
    tau_v = share_v;
    tau_n = share_n;
    if (l == of.depth) break;
    layer = through_relu(t, false);
  }
  if (of.kind == trained_last) {
    tau = rho;
    tau_v = -v_v;
    tau_n = -v_n;
  }
  return {tau, -tau_v, tau_n + (of.kind == trained_first ? e_input : e) * tau};
}

}  // namespace pyntk
