// What the two ways of two_layer_descent share: small_steps forms a batch in the same few blocks
// that update the parameters, large_steps goes through two_layer_step.
//
// Nobody waits for the device between steps. What has happened is in `losses` alone: step t is done
// if losses[t] <= limit, and a step after one that is not done writes NaN, which no limit admits.
#pragma once

#include <cmath>
#include <limits>

#include "../core/kernels.hpp"
#include "../math/random.hpp"
#include "launch.cuh"
#include "running_sum.cuh"

namespace pyntk {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// The arguments of two_layer_descent.
template <class T>
struct training {
  matrix_view<const T> X, Y;
  matrix_view<const std::int64_t> order;
  vector_view<const double> step_sizes;
  activation s;
  descent how;
  matrix_view<T> W, A;
  vector_view<T> c;
  vector_view<double> losses;
  vector_view<std::int64_t> done;

  PYNTK_HD index batch() const { return order.rows > 0 ? order.columns : X.rows; }
  PYNTK_HD bool trains_first() const { return how.trained != trained_last; }
  PYNTK_HD bool trains_last() const { return how.trained != trained_first; }
  PYNTK_HD bool trains_bias() const { return trains_last() && how.output_bias; }

  // Sample i of the batch of step t.
  __device__ index sample(index t, index i) const { return order.rows > 0 ? order(t, i) : i; }

  __device__ bool is_done(index t) const { return losses[t] <= how.limit; }
  __device__ bool ended_before(index t) const { return t > 0 && !is_done(t - 1); }

  // By one thread.
  __device__ void record(index t, double loss) const {
    losses[t] = ended_before(t) ? not_a_number : loss;
    if (is_done(t)) done[0] = t + 1;
  }
};

// p <- (1 - eta weight_decay) p - eta dp + sqrt(2 eta temperature) z, in double, rounded once.
struct parameter_step {
  double keep, eta, spread;
  std::uint64_t seed;
  std::int64_t number;

  __device__ parameter_step(const descent& how, double eta, index t)
      : keep(1 - eta * how.weight_decay),
        eta(eta),
        spread(std::sqrt(2 * eta * how.temperature)),
        seed(how.seed),
        number(how.first_step + t) {}

  // Entry (r, k) of a parameter of so many rows, whose noise is this stream.
  template <class T>
  __device__ T operator()(T p, double slope, random_stream stream, index rows, index r,
                          index k) const {
    const double next = keep * static_cast<double>(p) - eta * slope;
    if (!(spread > 0)) return static_cast<T>(next);
    return static_cast<T>(next + spread * static_cast<double>(noise(stream, rows, r, k)));
  }

  __device__ float noise(random_stream stream, index rows, index r, index k) const {
    const random_words words =
        philox(static_cast<std::uint32_t>(k / 4), static_cast<std::uint64_t>(number * rows + r),
               static_cast<std::uint32_t>(stream), seed);
    const bool later = k / 2 % 2;
    const normal_pair pair =
        normal_pair_of(later ? words.at[2] : words.at[0], later ? words.at[3] : words.at[1]);
    return k % 2 ? pair.second : pair.first;
  }
};

template <class T>
void small_steps(const training<T>& net);

template <class T>
void large_steps(const training<T>& net);

}  // namespace pyntk
