// pyntk._cuda: the kernels of csrc/cuda. It imports on a machine without a driver and then says why
// no kernel can run. Built for the CPU block emulator it takes NumPy arrays instead.
#if defined(PYNTK_EMULATED_MODULE)
#define PYNTK_CUDA_MODULE PYNTK_EMULATED_MODULE
#else
#define PYNTK_CUDA_MODULE _cuda
#define PYNTK_DEVICE_ARRAYS
#endif

#include "../cuda/device.hpp"
#include "bind_kernels.hpp"

namespace py = pybind11;

PYBIND11_MODULE(PYNTK_CUDA_MODULE, m) {
  m.doc() = "The kernels of pyntk in CUDA (csrc/cuda); pyntk.contract describes them.";
  pyntk::bind_tile_kernels(m);
  m.def(
      "device_problem",
      []() -> py::object {
        const std::string problem = pyntk::device_problem();
        return problem.empty() ? py::object(py::none()) : py::str(problem);
      },
      "Why no kernel can run on this machine, or None.");
  m.def("use_stream", pyntk::use_stream, py::arg("stream"), py::arg("device"),
        "Runs the kernels of this thread on a device and on a stream of it, given by its address.");
  m.def("device_name", pyntk::device_name, "The name of the current device.");
}
