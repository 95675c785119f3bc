// pyntk._cpu: the kernels of csrc/cpu.
#include "../cpu/micro_kernel.hpp"
#include "../cpu/pool.hpp"
#include "bind_kernels.hpp"
#include "scipy_lapack.hpp"

namespace py = pybind11;

namespace {

// Lets a pending Ctrl-C raise KeyboardInterrupt out of parallel_for.
void serve_python_signals() {
  const py::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

template <class T>
void eigh(pyntk::matrix_view<const T> A, pyntk::vector_view<T> w, pyntk::matrix_view<T> V) {
  {
    const py::gil_scoped_acquire gil;
    pyntk::take_lapack_from_scipy();
  }
  try {
    pyntk::eigh<T>(A, w, V);
  } catch (const pyntk::lapack::no_convergence& error) {
    const py::gil_scoped_acquire gil;
    py::set_error(py::module_::import("numpy.linalg").attr("LinAlgError"), error.what());
    throw py::error_already_set();
  }
}

}  // namespace

PYBIND11_MODULE(_cpu, m) {
  m.doc() = "The kernels of pyntk in C++ (csrc/cpu); pyntk.contract describes them.";
  pyntk::set_interrupt_check(serve_python_signals);
  pyntk::bind_tile_kernels(m);
  pyntk::bind(m, "eigh", eigh<float>, eigh<double>, {"A", "w", "V"});
  m.def(
      "instruction_set", [] { return pyntk::this_machine().name; },
      "The instruction set whose register tile runs here.");
  m.def(
      "lapack", [] { return "scipy.linalg.cython_lapack (32-bit integers)"; },
      "Where eigh takes LAPACK from.");
}
