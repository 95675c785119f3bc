// Gradient descent by large steps: each is a two_layer_step and an update of all parameters, both
// the work of many threads.
#pragma once

#include "../core/buffer.hpp"
#include "descent_problem.hpp"
#include "output_bias.hpp"

namespace pyntk {

template <class T>
class large_descent {
 public:
  large_descent(const descent_problem<T>& problem, int threads);

  // Forms the loss of step t and its gradients.
  double begin_step(index t);
  // Changes the parameters, all of them even where Ctrl-C is served meanwhile.
  void end_step(index t, double eta);

 private:
  // How a step changes a parameter: p <- keep p - eta gradient + noise z.
  struct change {
    double eta, keep, noise;
    index step;
  };

  void update_rows(const change& what, int stream, matrix_view<T> M, const T* gradient,
                   index begin) const;

  descent_problem<T> p_;
  int threads_;
  buffer<T> X_rows_, Y_rows_;  // of the batch, where it is not the whole
  buffer<T> G_, dW_, dA_;
  output_bias<T> bias_;
};

}  // namespace pyntk
