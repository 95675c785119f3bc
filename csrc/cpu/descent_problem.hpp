// What two_layer_descent is asked for: the arguments of both ways of taking its steps.
#pragma once

#include <cmath>
#include <cstdint>

#include "../core/kernels.hpp"
#include "../core/recipe.hpp"

namespace pyntk {

template <class T>
struct descent_problem {
  matrix_view<const T> X, Y;
  matrix_view<const std::int64_t> order;
  activation s;
  descent how;
  matrix_view<T> W, A;
  vector_view<T> c;

  bool whole() const { return order.rows == 0; }  // every step takes all samples
  index batch() const { return whole() ? X.rows : order.columns; }
  bool trains_first() const { return how.trained != trained_last; }
  bool trains_last() const { return how.trained != trained_first; }
  // A step takes theta to keep theta - eta d loss / d theta + noise z.
  double keep(double eta) const { return 1 - eta * how.weight_decay; }
  double noise(double eta) const { return std::sqrt(2 * eta * how.temperature); }
};

}  // namespace pyntk
