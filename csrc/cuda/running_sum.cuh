// A sum of doubles by one thread.
#pragma once

#include <cmath>

namespace pyntk {

// Kahan's sum: its error does not grow with the number of terms.
struct running_sum {
  double total = 0, rest = 0;

  __device__ void add(double term) {
    rest += term;
    const double before = total;
    total += rest;
    rest = std::isfinite(total) ? rest - (total - before) : 0;
  }
  __device__ double value() const { return total + rest; }
};

}  // namespace pyntk
