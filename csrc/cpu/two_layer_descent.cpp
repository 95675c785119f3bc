// The loop of gradient descent, over steps that are small or large.
#include <algorithm>
#include <limits>

#include "large_descent.hpp"
#include "pool.hpp"
#include "small_descent.hpp"

namespace pyntk {
namespace {

// Multiplications and additions of a step from which on threads share it; of the steps between two
// looks at the clock.
constexpr double shared_step = 1e7, group_work = 3e7;
// Bytes of activations from which on a step is large.
constexpr double large_step = 8 << 20;

}  // namespace

template <class T>
void two_layer_descent(matrix_view<const T> X, matrix_view<const T> Y,
                       matrix_view<const std::int64_t> order, vector_view<const double> step_sizes,
                       const activation& activation, const descent& descent, int threads,
                       matrix_view<T> W, matrix_view<T> A, vector_view<T> c,
                       vector_view<double> losses, vector_view<std::int64_t> done) {
  const descent_problem<T> problem = {X, Y, order, activation, descent, W, A, c};
  const index steps = step_sizes.size, batch = problem.batch();
  const double work =
      4.0 * static_cast<double>(batch * (W.columns + A.columns)) * static_cast<double>(W.rows);
  std::fill_n(losses.data, steps, std::numeric_limits<double>::quiet_NaN());
  done[0] = 0;
  // False if training stops before step t.
  const auto take_step = [&](auto& net, index t) {
    losses[t] = net.begin_step(t);
    if (!(losses[t] <= descent.limit)) return false;
    done[0] = t + 1;  // end_step ends, whatever it throws
    net.end_step(t, step_sizes[t]);
    return true;
  };
  if (small_descent<T>::memory(batch, W.rows) > large_step) {
    large_descent<T> net(problem, threads);
    for (index t = 0; t < steps && take_step(net, t); ++t) {
    }
    return;
  }
  const bool shared = work >= shared_step && threads > 1;
  small_descent<T> net(problem, shared ? threads : 1);
  const index group =
      shared ? 1 : std::max<index>(1, static_cast<index>(group_work / (work + 1000)));
  bool going = true;
  try {
    if (shared) {
      for (index t = 0; t < steps && going; ++t) going = take_step(net, t);
    } else {
      parallel_for(ceil_div(steps, group), 1, [&](index part) {
        const index end = std::min(steps, (part + 1) * group);
        for (index t = part * group; t < end && going; ++t) going = take_step(net, t);
      });
    }
  } catch (...) {  // Ctrl-C
    net.finish();
    throw;
  }
  net.finish();
}

template void two_layer_descent(matrix_view<const float>, matrix_view<const float>,
                                matrix_view<const std::int64_t>, vector_view<const double>,
                                const activation&, const descent&, int, matrix_view<float>,
                                matrix_view<float>, vector_view<float>, vector_view<double>,
                                vector_view<std::int64_t>);
template void two_layer_descent(matrix_view<const double>, matrix_view<const double>,
                                matrix_view<const std::int64_t>, vector_view<const double>,
                                const activation&, const descent&, int, matrix_view<double>,
                                matrix_view<double>, vector_view<double>, vector_view<double>,
                                vector_view<std::int64_t>);

}  // namespace pyntk
