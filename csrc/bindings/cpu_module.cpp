// pyntk._cpu: the kernels of csrc/cpu.
#include "../cpu/instruction_set.hpp"
#include "../cpu/pool.hpp"
#include "bind_kernels.hpp"

namespace py = pybind11;

namespace {

// callable(done, total) that shows the progress of this thread's calls, or null.
thread_local PyObject* shown = nullptr;

void set_progress(const py::object& callback) {
  PyObject* before = shown;
  shown = callback.is_none() ? nullptr : callback.inc_ref().ptr();
  Py_XDECREF(before);
}

// Lets a pending Ctrl-C raise KeyboardInterrupt out of parallel_for, and shows progress.
void serve_python() {
  const py::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  if (!shown) return;
  const auto [done, total] = pyntk::progress_here();
  if (total == 0) return;
  py::reinterpret_borrow<py::object>(shown)(done, total);
}

}  // namespace

PYBIND11_MODULE(_cpu, m) {
  m.doc() = "The kernels of pyntk in C++ (csrc/cpu); pyntk.contract describes them.";
  pyntk::set_interrupt_check(serve_python);
  pyntk::bind_tile_kernels(m);
  pyntk::bind(m, "tridiagonal_spectrum", pyntk::tridiagonal_spectrum, {"d", "e", "Y", "w", "Z"});
  m.def("set_progress", set_progress, py::arg("callback"),
        "From now on calls of this thread call callback(done, total) about every 50 ms; None ends "
        "it.");
  m.def(
      "instruction_set", [] { return pyntk::this_machine().name; },
      "The instruction set whose register tile runs here.");
}
