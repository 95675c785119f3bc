// Recipes, activations and descents from Python: the tuples of pyntk.contract, in the order of
// core/recipe.hpp, core/activation.hpp and core/descent.hpp.
#pragma once

#include <pybind11/pybind11.h>

#include "../core/activation.hpp"
#include "../core/descent.hpp"
#include "../core/recipe.hpp"

namespace pybind11::detail {

template <>
struct type_caster<pyntk::recipe> {
  PYBIND11_TYPE_CASTER(pyntk::recipe, const_name("Recipe"));
  bool load(handle source, bool) {
    if (!isinstance<tuple>(source)) return false;
    const auto fields = reinterpret_borrow<tuple>(source);
    if (fields.size() != 5) return false;
    value = {fields[0].cast<int>(), fields[1].cast<int>(), fields[2].cast<double>(),
             fields[3].cast<double>(), fields[4].cast<bool>()};
    return true;
  }
};

// (knots, slopes, value, right), slopes one longer than knots.
template <>
struct type_caster<pyntk::activation> {
  PYBIND11_TYPE_CASTER(pyntk::activation, const_name("Activation"));
  bool load(handle source, bool) {
    if (!isinstance<tuple>(source)) return false;
    const auto fields = reinterpret_borrow<tuple>(source);
    if (fields.size() != 4) return false;
    const auto knots = fields[0].cast<tuple>(), slopes = fields[1].cast<tuple>();
    value.knots = static_cast<int>(knots.size());
    if (value.knots < 1 || value.knots > pyntk::activation::most_knots) return false;
    if (slopes.size() != knots.size() + 1) return false;
    for (std::size_t j = 0; j < knots.size(); ++j) value.at[j] = knots[j].cast<double>();
    for (std::size_t j = 0; j < slopes.size(); ++j) value.slopes[j] = slopes[j].cast<double>();
    value.value = fields[2].cast<double>();
    value.right = fields[3].cast<bool>();
    return true;
  }
};

template <>
struct type_caster<pyntk::descent> {
  PYBIND11_TYPE_CASTER(pyntk::descent, const_name("Descent"));
  bool load(handle source, bool) {
    if (!isinstance<tuple>(source)) return false;
    const auto fields = reinterpret_borrow<tuple>(source);
    if (fields.size() != 9) return false;
    value = {
        fields[0].cast<int>(),           fields[1].cast<int>(),          fields[2].cast<bool>(),
        fields[3].cast<double>(),        fields[4].cast<double>(),       fields[5].cast<double>(),
        fields[6].cast<std::uint64_t>(), fields[7].cast<std::int64_t>(), fields[8].cast<double>()};
    return true;
  }
};

}  // namespace pybind11::detail
