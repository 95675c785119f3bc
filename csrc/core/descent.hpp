// How a two-layer network is trained.
#pragma once

#include <cstdint>

namespace pyntk {

// One step, on a batch: theta <- (1 - eta weight_decay) theta - eta d loss / d theta
// + sqrt(2 eta temperature) z, for the parameters that are trained; z are the normal numbers of
// math/random.hpp, row (first_step + step) m + r of the stream of the parameter (noise_of).
struct descent {
  int loss = 0;              // loss_kind; of the batch
  int trained = 0;           // recipe_kind: trained_first W, trained_last A and c, trained_all
  bool output_bias = false;  // whether c is one of the parameters
  double scale = 1;
  double weight_decay = 0, temperature = 0;
  std::uint64_t seed = 0;
  std::int64_t first_step = 0;
  double limit = 0;  // training stops before the step whose loss is not at most this
};

// The streams of random numbers that the library uses, so that no two uses share numbers.
enum random_stream : int {
  stream_samples = 0,
  stream_components = 1,
  stream_batches = 2,
  stream_noise_first = 3,  // of W: row (first_step + step) m + r, d columns
  stream_noise_last = 4,   // of A: the same rows, k columns
  stream_noise_bias = 5,   // of c: row first_step + step, k columns
};

}  // namespace pyntk
