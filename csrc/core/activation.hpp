// The activation function of a two-layer network.
#pragma once

namespace pyntk {

// Continuous and piecewise linear: sigma(at[0]) = value, with slope slopes[j] between at[j - 1] and
// at[j]. The default is the ReLU; slopes {s, 1} the leaky ReLU.
struct activation {
  static constexpr int most_knots = 8;

  int knots = 1;
  double at[most_knots] = {0};  // ascending
  double slopes[most_knots + 1] = {0, 1};
  double value = 0;
  bool right = false;  // sigma' at a knot is the slope on its right, else that on its left

  // sigma(c p) = c sigma(p) for c > 0: only the sign of a pre-activation matters for its slope.
  bool homogeneous() const { return knots == 1 && at[0] == 0 && value == 0; }
};

enum loss_kind : int {
  half_squares = 0,  // 1/2 sum_ik (f_ik - y_ik)^2
  mean_squares = 1,  // 1/n sum_ik (f_ik - y_ik)^2
  logistic = 2,      // 1/n sum_ik log(1 + exp(-y_ik f_ik)), y = +-1
  softmax = 3,       // -1/n sum_ik y_ik log softmax(f_i)_k, rows of y sum to 1
};

}  // namespace pyntk
