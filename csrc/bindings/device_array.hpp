// Arrays on a CUDA device, from whichever library, by the CUDA Array Interface (version 2 and
// later; its definition is in the documentation of Numba). Included by bind.hpp.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <string>
#include <type_traits>

#include "../cuda/device.hpp"

namespace pyntk {

// The little-endian type string of the interface: "<f4", "<f8", "<u8", "<i8".
template <class T>
std::string type_string() {
  static_assert(std::is_arithmetic_v<T>);
  const char* kind = std::is_floating_point_v<T> ? "f" : std::is_unsigned_v<T> ? "u" : "i";
  return std::string("<") + kind + std::to_string(sizeof(T));
}

// Whether the strides (in bytes, or None) are those of C order without gaps.
inline bool is_contiguous(const pybind11::handle& strides, const index* shape, int dimensions,
                          index itemsize) {
  if (strides.is_none()) return true;
  const auto steps = pybind11::cast<pybind11::tuple>(strides);
  index step = itemsize, size = 1;
  for (int axis = 0; axis < dimensions; ++axis) size *= shape[axis];
  for (int axis = dimensions - 1; axis >= 0; --axis) {
    if (size != 0 && shape[axis] != 1 && pybind11::cast<index>(steps[axis]) != step) return false;
    step *= shape[axis];
  }
  return true;
}

// An array of the dtype and number of dimensions, C-contiguous, on the current device, and writable
// if asked.
template <class T>
bool borrow(pybind11::handle source, int dimensions, bool writable, borrowed& result) {
  namespace py = pybind11;
  const py::object interface = py::getattr(source, "__cuda_array_interface__", py::none());
  if (!py::isinstance<py::dict>(interface)) return false;
  const auto array = py::reinterpret_borrow<py::dict>(interface);
  if (py::cast<std::string>(array["typestr"]) != type_string<T>()) return false;
  if (array.contains("mask") && !array["mask"].is_none()) return false;

  const auto shape = py::cast<py::tuple>(array["shape"]);
  if (shape.size() != static_cast<std::size_t>(dimensions)) return false;
  bool empty = false;
  for (int axis = 0; axis < dimensions; ++axis) {
    result.shape[axis] = py::cast<index>(shape[axis]);
    empty |= result.shape[axis] == 0;
  }
  const py::object strides = array.contains("strides") ? py::object(array["strides"]) : py::none();
  if (!is_contiguous(strides, result.shape, dimensions, sizeof(T))) return false;

  const auto data = py::cast<py::tuple>(array["data"]);
  if (writable && py::cast<bool>(data[1])) return false;
  result.data = reinterpret_cast<void*>(py::cast<std::uintptr_t>(data[0]));
  if (!empty) check_is_on_device(result.data);
  return true;
}

}  // namespace pyntk
