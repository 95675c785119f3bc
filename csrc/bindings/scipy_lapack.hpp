// LAPACK from SciPy: the function pointers that scipy.linalg.cython_lapack exports as capsules.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "../cpu/lapack.hpp"

namespace pyntk {

// A capsule's name is the C signature of its function; one with another integer width is refused.
inline void* lapack_pointer(const char* name) {
  namespace py = pybind11;
  const py::object table = py::module_::import("scipy.linalg.cython_lapack").attr("__pyx_capi__");
  const py::capsule capsule = table[py::str(name)];
  const std::string signature = capsule.name();
  if (signature.find("int *") == std::string::npos || signature.find("64") != std::string::npos)
    throw std::runtime_error(std::string("SciPy's ") + name +
                             " has a signature pyntk does not know: " + signature);
  return capsule.get_pointer();
}

// Needs the GIL; imports scipy.linalg on the first call only.
inline void take_lapack_from_scipy() {
  if (lapack::syevd<double>) return;
  lapack::syevd<float> = reinterpret_cast<lapack::syevd_function<float>>(lapack_pointer("ssyevd"));
  lapack::syevd<double> =
      reinterpret_cast<lapack::syevd_function<double>>(lapack_pointer("dsyevd"));
}

}  // namespace pyntk
