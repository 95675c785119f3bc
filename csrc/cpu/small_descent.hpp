// Gradient descent by small steps: the network is held in panels of neurons, and what one step
// changes in a panel is read by the next while it is in the first-level cache. Some panels are a
// task.
#pragma once

#include "../core/buffer.hpp"
#include "descent_kernel.hpp"
#include "descent_problem.hpp"
#include "output_bias.hpp"
#include "scratch.hpp"

namespace pyntk {

template <class T>
class small_descent {
 public:
  small_descent(const descent_problem<T>& problem, int threads);

  // Bytes beside the parameters.
  static double memory(index batch, index m);

  // Forms the loss of step t, with the parameters as the steps before have made them.
  double begin_step(index t);
  // Makes step t's change; it reaches a panel when the next step reads it.
  void end_step(index t, double eta);
  // Writes the parameters back.
  void finish();

 private:
  // The samples of a step, and the gradient of its loss with respect to their outputs.
  struct samples {
    const T* X = nullptr;  // (batch, d): the data themselves, or a copy of some of their rows
    buffer<T> rows;
    buffer<T> G;  // (batch, k)
  };
  void gather(index t, samples& to) const;
  // Parts [begin, end): the pending change, and the samples passed forward unless null.
  void take_parts(const panel_change<T>& change, const T* X, index begin, index end);

  descent_problem<T> p_;
  int threads_;
  const descent_kernel<T>& kernel_;
  index batch_, d_, k_, m_, panels_, parts_;
  panel_sizes sizes_;
  buffer<T> first_, last_;  // W (panels, d, width), A (panels, k, width)
  buffer<T> H_, D_;         // sigma and sigma' of the pre-activations, (panels, batch, width)
  buffer<T> F_;             // what each part adds to the outputs, (parts, batch, k)
  buffer<double> f_;        // (k,)
  output_bias<T> bias_;
  scratch<T> rows_;         // (batch, width)
  scratch<float> normals_;  // of a panel
  samples one_, other_;
  samples *now_ = &one_, *before_ = &other_;
  panel_change<T> change_;
};

}  // namespace pyntk
