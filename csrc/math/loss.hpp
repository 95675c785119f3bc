// The losses of one sample, and their gradients with respect to its outputs.
#pragma once

#include <cmath>

#include "../core/activation.hpp"
#include "../core/view.hpp"

namespace pyntk {

// What a sample's loss is divided by: n for the means, 1 for the sum.
PYNTK_INLINE double loss_share(int loss, index n) {
  return loss == half_squares ? 1.0 : 1.0 / static_cast<double>(n);
}

// The loss of outputs f (k,) against targets y (k,), times `share`; writes d loss / d f to g. The
// logistic and the softmax loss never exponentiate a positive number.
template <class T>
PYNTK_INLINE double sample_loss(const double* f, const T* y, index k, int loss, double share,
                                T* g) {
  double total = 0;
  if (loss == softmax) {
    double largest = f[0], exponentials = 0, weight = 0;
    for (index j = 1; j < k; ++j) largest = f[j] > largest ? f[j] : largest;
    for (index j = 0; j < k; ++j) {
      exponentials += std::exp(f[j] - largest);
      weight += static_cast<double>(y[j]);
    }
    const double log_sum = std::log(exponentials);
    for (index j = 0; j < k; ++j) {
      const double log_p = f[j] - largest - log_sum, target = static_cast<double>(y[j]);
      if (target != 0) total -= target * log_p;
      g[j] = static_cast<T>(share * (weight * std::exp(log_p) - target));
    }
    return share * total;
  }
  for (index j = 0; j < k; ++j) {
    const double target = static_cast<double>(y[j]);
    if (loss == logistic) {
      const double margin = target * f[j], e = std::exp(-std::fabs(margin));
      total += std::log1p(e) + (margin < 0 ? -margin : 0.0);
      g[j] = static_cast<T>(-share * target * (margin < 0 ? 1 : e) / (1 + e));
    } else {
      const double residual = f[j] - target, factor = loss == half_squares ? 1.0 : 2.0;
      total += factor / 2 * residual * residual;
      g[j] = static_cast<T>(share * factor * residual);
    }
  }
  return share * total;
}

}  // namespace pyntk
