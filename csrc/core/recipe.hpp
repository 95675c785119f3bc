// Which kernel function the entries of a Gram matrix hold.
#pragma once

namespace pyntk {

// K_0 = weight_variance x.z + bias_variance, and then, layer by layer up to `depth` (a the weight
// variance, b the bias variance, (u, v) Gaussian with the covariance K_l on the two points):
//   K_(l+1) = a E[relu(u) relu(v)] + b
enum kernel_kind : int {
  trained_first = 0,  // K_0 prod_l a E[relu'(u) relu'(v)]: the first layer is trained
  trained_last = 1,   // K_depth: the last layer is trained (the NNGP kernel)
  trained_all = 2,    // T_depth, T_0 = K_0, T_(l+1) = K_(l+1) + a E[relu'(u) relu'(v)] T_l
  degree_0 = 3,       // 1 - theta / pi, the arc-cosine kernel of degree 0
  degree_1 = 4,       // |x||z| (sin theta + (pi - theta) cos theta) / pi, of degree 1
};

// With depth 1, a = 1, b = 0 the first three are H, S and H + S of Arora et al. (arXiv 1901.08584).
struct recipe {
  int kind = trained_first;
  int depth = 1;
  double weight_variance = 1;
  double bias_variance = 0;
  bool float64_sums = false;  // float inputs: everything in double, rounded once
};

}  // namespace pyntk
