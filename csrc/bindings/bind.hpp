// From a Python call to a kernel: borrow the arrays, release the GIL, call. The C++ signature of
// the kernel is the binding table. An array that is not already what the kernel takes is refused,
// never copied: pyntk/arrays.py has made it so.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <array>
#include <type_traits>
#include <utility>

#include "../core/view.hpp"

namespace pyntk {

// What an array argument holds, whichever kind of array it is.
struct borrowed {
  void* data;
  index shape[2];
};

#if !defined(PYNTK_DEVICE_ARRAYS)
// A NumPy array of the dtype and number of dimensions, C-contiguous, aligned, and writable if
// asked.
template <class T>
bool borrow(pybind11::handle source, int dimensions, bool writable, borrowed& result) {
  namespace py = pybind11;
  constexpr int wanted = int{py::array::c_style} | int{py::detail::npy_api::NPY_ARRAY_ALIGNED_};
  if (!py::isinstance<py::array>(source)) return false;
  const auto array = py::reinterpret_borrow<py::array>(source);
  if (!array.dtype().equal(py::dtype::of<T>()) || array.ndim() != dimensions) return false;
  if ((array.flags() & wanted) != wanted || (writable && !array.writeable())) return false;
  result.data = const_cast<void*>(array.data());
  for (int axis = 0; axis < dimensions; ++axis) result.shape[axis] = array.shape(axis);
  return true;
}
#endif

}  // namespace pyntk

#if defined(PYNTK_DEVICE_ARRAYS)
#include "device_array.hpp"
#endif

namespace pybind11::detail {

template <class T>
struct type_caster<pyntk::vector_view<T>> {
  PYBIND11_TYPE_CASTER(pyntk::vector_view<T>, const_name("vector"));
  bool load(handle source, bool) {
    pyntk::borrowed array;
    if (!pyntk::borrow<std::remove_const_t<T>>(source, 1, !std::is_const_v<T>, array)) return false;
    value = {static_cast<T*>(array.data), array.shape[0]};
    return true;
  }
};

template <class T>
struct type_caster<pyntk::matrix_view<T>> {
  PYBIND11_TYPE_CASTER(pyntk::matrix_view<T>, const_name("matrix"));
  bool load(handle source, bool) {
    pyntk::borrowed array;
    if (!pyntk::borrow<std::remove_const_t<T>>(source, 2, !std::is_const_v<T>, array)) return false;
    value = {static_cast<T*>(array.data), array.shape[0], array.shape[1]};
    return true;
  }
};

}  // namespace pybind11::detail

namespace pyntk {

namespace detail {

template <class... Args, std::size_t... I>
void define(pybind11::module_& module, const char* name, void (*kernel)(Args...),
            const std::array<const char*, sizeof...(Args)>& names, std::index_sequence<I...>) {
  namespace py = pybind11;
  module.def(name, kernel, py::kw_only(), py::arg(names[I]).noconvert()...,
             py::call_guard<py::gil_scoped_release>());
}

}  // namespace detail

// Defines one kernel in both precisions; `names` are its arguments, which Python passes by keyword.
template <class... Single, class... Double>
void bind(pybind11::module_& module, const char* name, void (*single)(Single...),
          void (*full)(Double...), const std::array<const char*, sizeof...(Single)>& names) {
  constexpr auto sequence = std::make_index_sequence<sizeof...(Single)>{};
  detail::define(module, name, single, names, sequence);
  detail::define(module, name, full, names, sequence);
}

// Defines a kernel that has one precision.
template <class... Args>
void bind(pybind11::module_& module, const char* name, void (*kernel)(Args...),
          const std::array<const char*, sizeof...(Args)>& names) {
  detail::define(module, name, kernel, names, std::make_index_sequence<sizeof...(Args)>{});
}

}  // namespace pyntk
