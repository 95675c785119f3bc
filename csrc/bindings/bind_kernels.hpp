// One line per kernel, the same for every module that defines the kernels of core/kernels.hpp.
#pragma once

#include "../core/kernels.hpp"
#include "bind.hpp"

namespace pyntk {

inline void bind_tile_kernels(pybind11::module_& m) {
  bind(m, "ntk_gram", ntk_gram<float>, ntk_gram<double>, {"X", "trained", "threads", "K"});
  bind(m, "ntk_gram_cross", ntk_gram_cross<float>, ntk_gram_cross<double>,
       {"X", "Z", "trained", "threads", "K"});
  bind(m, "two_layer_forward", two_layer_forward<float>, two_layer_forward<double>,
       {"X", "W", "a", "scale", "threads", "f"});
  bind(m, "two_layer_gradient", two_layer_gradient<float>, two_layer_gradient<double>,
       {"X", "W", "a", "g", "scale", "threads", "dW"});
  bind(m, "activation_patterns", activation_patterns<float>, activation_patterns<double>,
       {"X", "W", "threads", "P"});
  bind(m, "finite_width_gram", finite_width_gram<float>, finite_width_gram<double>,
       {"X", "P", "m", "threads", "H"});
}

}  // namespace pyntk
