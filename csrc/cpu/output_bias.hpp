// How a step of gradient descent changes the output bias c.
#pragma once

#include <algorithm>

#include "../core/buffer.hpp"
#include "descent_problem.hpp"
#include "instruction_set.hpp"

namespace pyntk {

template <class T>
class output_bias {
 public:
  explicit output_bias(index k)
      : sums_(make_buffer<double>(k)),
        rests_(make_buffer<double>(k)),
        z_(make_buffer<float>(k + 3)) {}

  // G (batch, k) = d loss / d F of step t.
  void update(const descent_problem<T>& p, const T* G, index t, double eta) {
    sum_columns({G, p.batch(), p.c.size});
    const double keep = p.keep(eta), noise = p.noise(eta);
    std::fill_n(z_.get(), p.c.size, 0.0f);
    if (noise > 0)
      this_machine().randoms->normals(p.how.seed, stream_noise_bias,
                                      static_cast<std::uint64_t>(p.how.first_step + t), 1,
                                      ceil_div(p.c.size, index{4}), z_.get());
    for (index j = 0; j < p.c.size; ++j)
      p.c[j] = static_cast<T>(keep * static_cast<double>(p.c[j]) - eta * sums_[j] +
                              noise * static_cast<double>(z_[j]));
  }

 private:
  // By Kahan's sum.
  void sum_columns(matrix_view<const T> G) {
    std::fill_n(sums_.get(), G.columns, 0.0);
    std::fill_n(rests_.get(), G.columns, 0.0);
    for (index i = 0; i < G.rows; ++i) {
      for (index j = 0; j < G.columns; ++j) {
        const double added = static_cast<double>(G(i, j)) - rests_[j], sum = sums_[j] + added;
        rests_[j] = (sum - sums_[j]) - added;
        sums_[j] = sum;
      }
    }
  }

  buffer<double> sums_, rests_;  // (k,)
  buffer<float> z_;
};

}  // namespace pyntk
