// One line per kernel, the same for every module that defines the kernels of core/kernels.hpp.
#pragma once

#include "../core/kernels.hpp"
#include "bind.hpp"
#include "tuple_casters.hpp"

namespace pyntk {

inline void bind_tile_kernels(pybind11::module_& m) {
  bind(m, "ntk_gram", ntk_gram<float>, ntk_gram<double>, {"X", "recipe", "threads", "K"});
  bind(m, "ntk_gram_cross", ntk_gram_cross<float>, ntk_gram_cross<double>,
       {"X", "Z", "recipe", "threads", "K"});
  bind(m, "ntk_diag", ntk_diag<float>, ntk_diag<double>, {"X", "recipe", "threads", "k"});
  bind(m, "ntk_matmul", ntk_matmul<float>, ntk_matmul<double>,
       {"X", "V", "recipe", "first", "threads", "Y"});
  bind(m, "ntk_matmul_cross", ntk_matmul_cross<float>, ntk_matmul_cross<double>,
       {"X", "Z", "V", "recipe", "threads", "Y"});
  bind(m, "ntk_vjp", ntk_vjp<float>, ntk_vjp<double>, {"X", "Z", "G", "recipe", "threads", "dX"});
  bind(m, "two_layer_forward", two_layer_forward<float>, two_layer_forward<double>,
       {"X", "W", "A", "activation", "scale", "threads", "F"});
  bind(m, "two_layer_gradient", two_layer_gradient<float>, two_layer_gradient<double>,
       {"X", "W", "A", "G", "activation", "scale", "threads", "dW"});
  bind(m, "two_layer_step", two_layer_step<float>, two_layer_step<double>,
       {"X", "W", "A", "c", "Y", "activation", "loss", "scale", "threads", "value", "G", "dW",
        "dA"});
  bind(m, "two_layer_descent", two_layer_descent<float>, two_layer_descent<double>,
       {"X", "Y", "order", "step_sizes", "activation", "descent", "threads", "W", "A", "c",
        "losses", "done"});
  bind(m, "random_uniforms", random_uniforms, {"seed", "stream", "first", "threads", "U"});
  bind(m, "random_normals", random_normals<float>, random_normals<double>,
       {"seed", "stream", "first", "threads", "Z"});
  bind(m, "activation_patterns", activation_patterns<float>, activation_patterns<double>,
       {"X", "W", "right", "threads", "P"});
  bind(m, "pattern_flips", pattern_flips, {"P", "Q", "threads", "flips"});
  bind(m, "finite_width_gram", finite_width_gram<float>, finite_width_gram<double>,
       {"X", "P", "m", "threads", "H"});
}

}  // namespace pyntk
