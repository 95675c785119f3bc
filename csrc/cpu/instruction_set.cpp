// Which version of the register tile runs here.
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "micro_kernel.hpp"

namespace pyntk {

extern const instruction_set machine_baseline;  // with PYNTK_NATIVE the build renames it

#if defined(PYNTK_HAS_X86_VERSIONS)
extern const instruction_set machine_avx512, machine_avx2;
#endif

namespace {

struct candidate {
  const instruction_set* set;
  bool present;
};

const instruction_set& choose() {
  const candidate candidates[] = {
#if defined(PYNTK_HAS_X86_VERSIONS)
      {&machine_avx512, __builtin_cpu_supports("x86-64-v4") != 0},
      {&machine_avx2, __builtin_cpu_supports("x86-64-v3") != 0},
#endif
      {&machine_baseline, true}};
  const char* named = std::getenv("PYNTK_ISA");
  const std::string wanted = named ? named : "";
  for (const candidate& c : candidates) {
    if (wanted.empty() ? c.present : wanted == c.set->name && c.present) return *c.set;
  }
  std::string present;
  for (const candidate& c : candidates) present += c.present ? std::string(" ") + c.set->name : "";
  throw std::runtime_error("PYNTK_ISA=" + wanted + ": this machine has" + present);
}

}  // namespace

const instruction_set& this_machine() {
  static const instruction_set& chosen = choose();
  return chosen;
}

template <>
const micro_kernel<float>& machine_kernel() {
  return this_machine().f32;
}
template <>
const micro_kernel<double>& machine_kernel() {
  return this_machine().f64;
}

}  // namespace pyntk
