// Which version of the register tile runs here.
#include "instruction_set.hpp"

#include <cstdlib>
#include <stdexcept>
#include <string>

#define PYNTK_DECLARE(isa)               \
  namespace isa {                        \
  extern const tile_kernels tiles;       \
  extern const gram_kernels grams;       \
  extern const network_kernels networks; \
  extern const bit_kernels bits;         \
  extern const descent_kernels descents; \
  extern const random_kernel randoms;    \
  }
#define PYNTK_STRING(name) #name
#define PYNTK_QUOTE(name) PYNTK_STRING(name)
#define PYNTK_VERSION(isa)                                         \
  {PYNTK_QUOTE(isa), &isa::tiles,    &isa::grams,  &isa::networks, \
   &isa::bits,       &isa::descents, &isa::randoms}

namespace pyntk {

PYNTK_DECLARE(PYNTK_LAST_ISA)  // runs everywhere the module does: baseline, or native
#if defined(PYNTK_HAS_X86_VERSIONS)
PYNTK_DECLARE(avx512)
PYNTK_DECLARE(avx2)
#endif

namespace {

struct candidate {
  instruction_set set;
  bool present;
};

const instruction_set& choose() {
  static const candidate candidates[] = {
#if defined(PYNTK_HAS_X86_VERSIONS)
      {PYNTK_VERSION(avx512), __builtin_cpu_supports("x86-64-v4") != 0},
      {PYNTK_VERSION(avx2), __builtin_cpu_supports("x86-64-v3") != 0},
#endif
      {PYNTK_VERSION(PYNTK_LAST_ISA), true}};
  const char* named = std::getenv("PYNTK_ISA");
  const std::string wanted = named ? named : "";
  for (const candidate& c : candidates) {
    if (wanted.empty() ? c.present : wanted == c.set.name && c.present) return c.set;
  }
  std::string present;
  for (const candidate& c : candidates) present += c.present ? std::string(" ") + c.set.name : "";
  throw std::runtime_error("PYNTK_ISA=" + wanted + ": this machine has" + present);
}

}  // namespace

const instruction_set& this_machine() {
  static const instruction_set& chosen = choose();
  return chosen;
}

template <>
const micro_kernel<float>& machine_kernel() {
  return this_machine().tiles->f32;
}
template <>
const micro_kernel<double>& machine_kernel() {
  return this_machine().tiles->f64;
}

template <>
const gram_kernel<float, float>& machine_gram_kernel() {
  return this_machine().grams->f32;
}
template <>
const gram_kernel<float, double>& machine_gram_kernel() {
  return this_machine().grams->f32_in_f64;
}
template <>
const gram_kernel<double, double>& machine_gram_kernel() {
  return this_machine().grams->f64;
}

template <>
const network_kernel<float>& machine_network_kernel() {
  return this_machine().networks->f32;
}
template <>
const network_kernel<double>& machine_network_kernel() {
  return this_machine().networks->f64;
}

template <>
const descent_kernel<float>& machine_descent_kernel() {
  return this_machine().descents->f32;
}
template <>
const descent_kernel<double>& machine_descent_kernel() {
  return this_machine().descents->f64;
}

}  // namespace pyntk
