// The way forward: outputs, and what the way back needs.
#include <algorithm>
#include <memory>

#include "in_order.hpp"
#include "network_pass.hpp"
#include "pool.hpp"
#include "scratch.hpp"

namespace pyntk {
namespace {

constexpr index kept_bytes = index{24} << 20, packed_bytes = index{8} << 20;
constexpr index sums_bytes = index{4} << 20;    // of a slice, for the outputs
constexpr index most_samples = index{1} << 14;  // a task ends soon enough to serve Ctrl-C

// sums (rows, columns) += the outputs of one panel of neurons on up to tile_edge samples, from
// their pre-activations (rows, width).
template <class T>
void add_outputs(const network<T>& net, const sample_block<T>& block, const T* C, index i,
                 index rows, index r0, double* values, double* sums) {
  const network_kernel<T>& nk = machine_network_kernel<T>();
  const index width = machine_kernel<T>().columns;
  if (net.one_output) {
    for (index u = 0; u < rows; ++u)
      nk.add_output(C + u * width, net.s, net.weights.get() + r0, sums + 4 * (i + u));
    return;
  }
  for (index u = 0; u < rows; ++u)
    nk.activate(C + u * width, net.s, block.halves[static_cast<std::size_t>(i + u)],
                net.halves_at(r0), values + u * width);
  const index neurons = std::min(width, net.W.rows - r0);
  this_machine().grams->product.rows(values, width, rows, neurons,
                                     net.weights.get() + r0 * net.columns, net.columns,
                                     sums + i * net.columns);
}

template <class T>
void keep(sample_block<T>& block, const activation& s, const T* C, index i, index rows, index r0) {
  const index width = machine_kernel<T>().columns;
  if (block.what == kept::gates) {
    std::uint32_t* to = block.gates.get() + r0 / width * block.rows_held + i;
    for (index u = 0; u < rows; ++u)
      to[u] = machine_network_kernel<T>().gates(C + u * width, s.right);
  } else if (block.what == kept::values) {
    std::copy_n(C, rows * width, block.values.get() + r0 * block.rows_held + i * width);
  }
}

// The samples of a block against the neurons [r0, r1).
template <class T>
void forward_slice(const network<T>& net, sample_block<T>& block, index r0, index r1, T* neurons,
                   double* sums) {
  const micro_kernel<T>& mk = machine_kernel<T>();
  const index d = net.X.columns;
  buffer<T> C = make_buffer<T>(tile_edge * mk.columns);
  buffer<double> values = make_buffer<double>(tile_edge * mk.columns);
  for (index r = r0; r < r1; r += mk.columns) {
    machine_gram_kernel<T, T>().pack(net.W.row(r), std::min<index>(mk.columns, net.W.rows - r), d,
                                     &net.neuron_scales[static_cast<std::size_t>(r)], mk.columns,
                                     neurons);
    for (index i = 0; i < block.samples(); i += tile_edge) {
      const index rows = std::min(tile_edge, block.samples() - i);
      for (index u = 0; u < rows; u += mk.rows)
        mk.product(d, block.panels.get() + (i + u) * d, neurons, C.get() + u * mk.columns);
      if (sums) add_outputs(net, block, C.get(), i, rows, r, values.get(), sums);
      keep(block, net.s, C.get(), i, rows, r);
    }
  }
}

// Adds the sums of a slice, four side by side where there is one output, to F.
template <class T>
void add_sums(const network<T>& net, const sample_block<T>& block, const double* sums, double* F) {
  const index k = net.A.columns;
  for (index i = 0; i < block.samples(); ++i) {
    const double* s = sums + i * (net.one_output ? 4 : net.columns);
    if (net.one_output) {
      F[i] += (s[0] + s[1]) + (s[2] + s[3]);
    } else {
      for (index j = 0; j < k; ++j) F[i * k + j] += s[j];
    }
  }
}

power_halves halves_of(int exponent) {
  return {times_power_of_two(1.0, exponent / 2), times_power_of_two(1.0, exponent - exponent / 2)};
}

}  // namespace

template <class T>
network<T>::network(matrix_view<const T> X_, matrix_view<const T> W_, matrix_view<const T> A_,
                    const activation& s_, double scale_, int threads_)
    : X(X_),
      W(W_),
      A(A_),
      s(s_),
      scale(scale_),
      threads(threads_),
      homogeneous(s_.homogeneous()),
      one_output(homogeneous && A_.columns == 1),
      columns(one_output ? 1 : round_up(A_.columns, product_columns)),
      held(round_up(W_.rows, tile_edge)),
      neuron_scales(static_cast<std::size_t>(held)),
      halves(make_buffer<double>(2 * held)),
      weights(make_buffer<double>(held * columns)),
      offset(0) {
  parallel_for(ceil_div(W.rows, tile_edge), threads, [&](index number) {
    const index r = number * tile_edge, rows = std::min(tile_edge, W.rows - r);
    machine_network_kernel<T>().exponents(W.row(r), rows, W.columns,
                                          &neuron_scales[static_cast<std::size_t>(r)]);
  });
  std::fill_n(halves.get(), 2 * held, 1.0);
  std::fill_n(weights.get(), held * columns, 0.0);
  const auto exponent_of = [&](index r) {
    return neuron_scales[static_cast<std::size_t>(r)].exponent;
  };
  if (homogeneous) offset = exponent_offset(A, exponent_of);
  for (index r = 0; r < W.rows; ++r) {
    const power_halves of_row = homogeneous ? power_halves{} : halves_of(exponent_of(r));
    halves[r] = of_row.first;
    halves[held + r] = of_row.second;
    for (index k = 0; k < A.columns; ++k)
      weights[r * columns + k] =
          homogeneous ? times_power_of_two(A(r, k), exponent_of(r) - offset) : A(r, k);
  }
}

template <class T>
index network<T>::block_rows(kept what) const {
  const index size = static_cast<index>(sizeof(T)), width = machine_kernel<T>().columns;
  index rows = std::min({most_samples, packed_bytes / (X.columns * size),
                         sums_bytes / (8 * std::max<index>(columns, 4))});
  if (what == kept::gates)
    rows = std::min(rows, kept_bytes / (std::max(held, tile_edge) / width * 4));
  if (what == kept::values) rows = std::min(rows, kept_bytes / (std::max(held, tile_edge) * size));
  const index part = rows < tile_edge ? machine_kernel<T>().rows : tile_edge;
  return std::max(rows / part, index{1}) * part;
}

template <class T>
sample_block<T>::sample_block(const network<T>& net, index begin_, index end_, kept what_)
    : begin(begin_),
      end(end_),
      what(what_),
      rows_held(round_up(end_ - begin_, machine_kernel<T>().rows)),
      scales(static_cast<std::size_t>(rows_held)),
      halves(static_cast<std::size_t>(rows_held)),
      panels(make_buffer<T>(rows_held * net.X.columns)),
      gates(what == kept::gates
                ? make_buffer<std::uint32_t>(net.held / machine_kernel<T>().columns * rows_held)
                : buffer<std::uint32_t>()),
      values(what == kept::values ? make_buffer<T>(net.held * rows_held) : buffer<T>()) {
  const index width = machine_kernel<T>().rows, d = net.X.columns, group = 8 * width;
  parallel_for(ceil_div(samples(), group), net.threads, [&](index number) {
    for (index i = number * group; i < std::min(samples(), (number + 1) * group); i += width) {
      const index rows = std::min(width, samples() - i);
      row_norm* of_rows = &scales[static_cast<std::size_t>(i)];
      machine_network_kernel<T>().exponents(net.X.row(begin + i), rows, d, of_rows);
      machine_gram_kernel<T, T>().pack(net.X.row(begin + i), rows, d, of_rows, width,
                                       panels.get() + i * d);
      if (net.homogeneous) continue;
      for (index u = 0; u < rows; ++u)
        halves[static_cast<std::size_t>(i + u)] = halves_of(of_rows[u].exponent);
    }
  });
}

template <class T>
void forward_block(const network<T>& net, sample_block<T>& block, double* F) {
  const index per_sample = net.one_output ? 4 : net.columns;
  if (F) std::fill_n(F, block.samples() * net.A.columns, 0.0);
  in_order slices(net.threads);
  scratch<T> neurons(machine_kernel<T>().columns * net.X.columns);
  parallel_for(ceil_div(net.W.rows, slice_neurons), net.threads, [&](index number) {
    const index r0 = number * slice_neurons, r1 = std::min(net.W.rows, r0 + slice_neurons);
    const auto panel = neurons.take();
    std::shared_ptr<double[]> sums;
    if (F) sums.reset(new double[static_cast<std::size_t>(block.samples() * per_sample)]());
    forward_slice(net, block, r0, r1, panel.get(), sums.get());
    if (F) slices.run(number, [&net, &block, sums, F] { add_sums(net, block, sums.get(), F); });
  });
  if (!F || !net.homogeneous) return;
  for (index i = 0; i < block.samples(); ++i)
    for (index j = 0; j < net.A.columns; ++j) {
      double& f = F[i * net.A.columns + j];
      f = times_power_of_two(f, net.offset + block.scales[static_cast<std::size_t>(i)].exponent);
    }
}

template struct network<float>;
template struct network<double>;
template struct sample_block<float>;
template struct sample_block<double>;
template void forward_block(const network<float>&, sample_block<float>&, double*);
template void forward_block(const network<double>&, sample_block<double>&, double*);

}  // namespace pyntk
