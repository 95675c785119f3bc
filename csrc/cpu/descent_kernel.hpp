// What a small step of gradient descent does to panels of neurons, one version per instruction set.
// A panel is 128 bytes wide in all of them: its neurons lie side by side, entry j of the first
// layer is the row j of the panel (d rows), output k of the second layer is a row too (k rows). No
// order of additions depends on the instruction set.
#pragma once

#include <cstdint>

#include "../core/activation.hpp"
#include "../core/descent.hpp"
#include "../core/view.hpp"

namespace pyntk {

template <class T>
constexpr index panel_width = 128 / sizeof(T);

// How many panels a sum over neurons runs through: chains of sixteen terms.
constexpr index most_panels = 8;

// How many panels a phase of a step runs through.
PYNTK_INLINE constexpr index panels_at_once(index batch) {
  return batch < most_panels ? most_panels / batch : 1;
}

// The change that a step leaves to be made: with its samples and d loss / d F,
// W <- keep W + factor dW / scale + noise z, and so A. It uses up H.
template <class T>
struct panel_change {
  const T* X = nullptr;  // (batch, d); none: nothing to do
  const T* G = nullptr;  // (batch, k)
  T keep = 1, factor = 0, noise = 0;
  std::uint64_t seed = 0;
  std::int64_t noise_row = 0;  // of the first neuron
};

// Panels of neurons, and what is kept of the samples that they saw last.
template <class T>
struct panels_view {
  index panels, neurons;
  T *W, *A;  // (panels, d, width), (panels, k, width)
  T *H, *D;  // sigma and sigma' of the pre-activations, (panels, batch, width)
};

struct panel_sizes {
  index batch, d, k;
  bool first, last;  // which layers are trained
  activation s;
};

// From sums over neurons to the loss of the samples `rows` of Y (all, if null).
template <class T>
struct panel_outputs {
  index batch, k, parts;
  double scale;
  int loss;
  const T* Y;
  const std::int64_t* rows;
};

template <class T>
struct descent_kernel {
  // Makes the change, then passes the samples X (batch, d) forward, unless null: fills H and D, and
  // F (batch, k), the sum over these neurons without scale. `row` has room for (batch, width)
  // numbers of panels_at_once, `normals` for the noise of a panel.
  void (*descend)(const panel_sizes& sizes, const panel_change<T>& change, const T* X,
                  const panels_view<T>& at, T* row, float* normals, T* F);
  // The loss of the outputs scale sum_parts F + c, F (parts, batch, k), and G = d loss / d f; f has
  // room for k numbers.
  double (*slopes)(const panel_outputs<T>& of, const T* F, const T* c, double* f, T* G);
};

template <class T>
const descent_kernel<T>& machine_descent_kernel();

}  // namespace pyntk
