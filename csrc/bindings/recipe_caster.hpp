// A recipe from Python: pyntk.contract.Recipe, a tuple in the order of core/recipe.hpp.
#pragma once

#include <pybind11/pybind11.h>

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

}  // namespace pybind11::detail
