// The way back: the gradients of both layers, a slice of neurons a task.
//
// E_ir = (sum_k G_ik A_rk) sigma'_ir is laid out as the packed panel (terms: samples) of a product
// with the samples, `chain` of them at a time, whose result is dW transposed, panel by panel. With
// one output A_r is left out of E, and for a homogeneous activation the sums V_r = sum_i g_i
// sigma'_ir x_i give dA too: sigma(p) = sigma'(p) p, so dA_r = scale w_r.V_r.
#include <algorithm>

#include "network_pass.hpp"
#include "pool.hpp"

namespace pyntk {
namespace {

constexpr index chain = 512;  // samples per product: its panels stay in the second-level cache

// The samples of a block for the second product: panels of inputs, terms the samples.
template <class T>
std::vector<panels<T>> pack_inputs(const network<T>& net, const sample_block<T>& block) {
  std::vector<panels<T>> result(static_cast<std::size_t>(ceil_div(block.samples(), chain)));
  parallel_for(static_cast<index>(result.size()), net.threads, [&](index c) {
    const index first = block.begin + c * chain, last = std::min(block.end, first + chain);
    panels<T> packed(net.X.columns, last - first, machine_kernel<T>().rows);
    pack_columns(net.X, first, last, packed);
    result[static_cast<std::size_t>(c)] = std::move(packed);
  });
  return result;
}

// x.y in double, eight sums side by side.
template <class T>
double dot(const T* x, const T* y, index d) {
  double sums[8] = {};
  index k = 0;
  for (; k + 8 <= d; k += 8)
    for (int lane = 0; lane < 8; ++lane)
      sums[lane] += static_cast<double>(x[k + lane]) * static_cast<double>(y[k + lane]);
  for (; k < d; ++k) sums[k % 8] += static_cast<double>(x[k]) * static_cast<double>(y[k]);
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

// One panel of neurons, [r0, r0 + width).
template <class T>
class neuron_panel {
 public:
  neuron_panel(const network<T>& net, const sample_block<T>& block, matrix_view<const T> G)
      : net_(net),
        block_(block),
        G_(G),
        E_(make_buffer<T>((chain + mk_.rows) * mk_.columns)),
        rest_(make_buffer<T>(round_up_inputs() * mk_.columns)),
        V_(make_buffer<T>(round_up_inputs() * mk_.columns)),
        tile_(make_buffer<T>(mk_.rows * mk_.columns)),
        turned_(make_buffer<T>(net.X.columns * mk_.columns)) {}

  // V (d, width) = sum_i E_ir x_i.
  void compute(const std::vector<panels<T>>& inputs, index r0) {
    std::fill_n(V_.get(), round_up_inputs() * mk_.columns, T(0));
    std::fill_n(rest_.get(), round_up_inputs() * mk_.columns, T(0));
    if (!net_.one_output) pack_weights(r0);
    for (std::size_t c = 0; c < inputs.size(); ++c) {
      fill_E(static_cast<index>(c) * chain, inputs[c].k, r0);
      for (index p = 0; p < inputs[c].count; ++p) {
        mk_.product(inputs[c].k, inputs[c][p], E_.get(), tile_.get());
        for (index u = 0; u < mk_.rows; ++u)
          nk_.add_row(tile_.get() + u * mk_.columns, row(p * mk_.rows + u),
                      rest_.get() + (p * mk_.rows + u) * mk_.columns);
      }
    }
  }

  // From V, dW_r = scale (A_r) V_r and, with one output, dA_r = scale w_r.V_r.
  void put(index r0, bool first, gradient_sum<T>& dW, gradient_sum<T>& dA) {
    const index d = net_.X.columns;
    machine_gram_kernel<T, T>().put_columns(V_.get(), mk_.columns, d, neurons(r0), turned_.get(), d,
                                            false);
    for (index v = 0; v < neurons(r0); ++v) {
      const T* V = turned_.get() + v * d;
      const double weight = net_.one_output ? static_cast<double>(net_.A(r0 + v, 0)) : 1.0;
      if (net_.one_output && dA.values.rows > 0)
        dA.add(r0 + v, 0, net_.scale * dot(net_.W.row(r0 + v), V, d), first);
      if (dW.values.rows == 0) continue;
      for (index k = 0; k < d; ++k)
        dW.add(r0 + v, k, net_.scale * weight * static_cast<double>(V[k]), first);
    }
  }

  // dA_rk = scale sum_i G_ik sigma_ir, from the pre-activations; G in double, its rows padded,
  // times 2^(exponent - offset) for a homogeneous activation.
  void put_dA(index r0, const double* G_padded, int offset, bool first, gradient_sum<T>& dA) {
    const index width = mk_.columns, c = net_.columns;
    buffer<double> values = make_buffer<double>(tile_edge * width);
    buffer<double> sums = make_buffer<double>(width * c);
    std::fill_n(sums.get(), width * c, 0.0);
    for (index i = 0; i < block_.samples(); i += tile_edge) {
      const index rows = std::min(tile_edge, block_.samples() - i);
      for (index u = 0; u < rows; ++u)
        nk_.activate(pre_activations(r0, i + u), net_.s, halves(i + u), net_.halves_at(r0),
                     values.get() + u * width);
      this_machine().grams->product.columns(values.get(), width, rows, neurons(r0),
                                            G_padded + i * c, c, sums.get());
    }
    for (index v = 0; v < neurons(r0); ++v) {
      const int exponent =
          net_.homogeneous ? offset + net_.neuron_scales[static_cast<std::size_t>(r0 + v)].exponent
                           : 0;
      for (index k = 0; k < dA.values.columns; ++k)
        dA.add(r0 + v, k, times_power_of_two(net_.scale * sums[v * c + k], exponent), first);
    }
  }

 private:
  index round_up_inputs() const { return round_up(net_.X.columns, mk_.rows); }
  index neurons(index r0) const { return std::min<index>(mk_.columns, net_.W.rows - r0); }
  T* row(index k) { return V_.get() + k * mk_.columns; }
  const T* pre_activations(index r0, index i) const {
    return block_.values.get() + r0 * block_.rows_held + i * mk_.columns;
  }
  const power_halves& halves(index i) const { return block_.halves[static_cast<std::size_t>(i)]; }

  // A (neurons, k) as one panel, terms the outputs.
  void pack_weights(index r0) {
    if (!weights_.memory) weights_ = panels<T>(mk_.columns, net_.A.columns, mk_.columns);
    for (index k = 0; k < net_.A.columns; ++k)
      for (index v = 0; v < mk_.columns; ++v)
        weights_[0][k * mk_.columns + v] = v < neurons(r0) ? net_.A(r0 + v, k) : T(0);
  }

  // The panel E of the samples from i0 on: G A' by a register tile, then times sigma'.
  void fill_E(index i0, index rows, index r0) {
    panels<T> few;  // rows of G
    if (!net_.one_output) few = panels<T>(mk_.rows, net_.A.columns, mk_.rows);
    for (index i = 0; i < rows; i += mk_.rows) {
      const index count = std::min<index>(mk_.rows, rows - i);
      if (!net_.one_output) {
        for (index k = 0; k < net_.A.columns; ++k)
          for (index u = 0; u < mk_.rows; ++u)
            few[0][k * mk_.rows + u] = u < count ? G_(block_.begin + i0 + i + u, k) : T(0);
        mk_.product(net_.A.columns, few[0], weights_[0], tile_.get());
      }
      for (index u = 0; u < count; ++u)
        fill_row(i0 + i + u, r0, tile_.get() + u * mk_.columns, E_.get() + (i + u) * mk_.columns);
    }
  }

  void fill_row(index i, index r0, const T* weights, T* E) {
    if (block_.what == kept::values) {
      nk_.weighted_slopes(pre_activations(r0, i), net_.s, halves(i), net_.halves_at(r0), weights,
                          E);
      return;
    }
    const std::uint32_t gates = block_.gates[r0 / mk_.columns * block_.rows_held + i];
    if (net_.one_output)
      nk_.through_gates(gates, net_.s, G_(block_.begin + i, 0), E);
    else
      nk_.weighted_gates(gates, net_.s, weights, E);
  }

  const micro_kernel<T>& mk_ = machine_kernel<T>();
  const network_kernel<T>& nk_ = machine_network_kernel<T>();
  const network<T>& net_;
  const sample_block<T>& block_;
  matrix_view<const T> G_;
  buffer<T> E_, rest_, V_, tile_, turned_;
  panels<T> weights_{};
};

// G of the block in double, its rows padded and, for a homogeneous activation, times the samples'
// 2^(exponent - offset).
template <class T>
buffer<double> padded_G(const network<T>& net, const sample_block<T>& block, matrix_view<const T> G,
                        int& offset) {
  const matrix_view<const T> own{G.row(block.begin), block.samples(), G.columns};
  const auto exponent_of = [&](index i) {
    return net.homogeneous ? block.scales[static_cast<std::size_t>(i)].exponent : 0;
  };
  offset = net.homogeneous ? exponent_offset(own, exponent_of) : 0;
  buffer<double> result = make_buffer<double>(own.rows * net.columns);
  std::fill_n(result.get(), own.rows * net.columns, 0.0);
  for (index i = 0; i < own.rows; ++i)
    for (index k = 0; k < own.columns; ++k)
      result[i * net.columns + k] = times_power_of_two(own(i, k), exponent_of(i) - offset);
  return result;
}

}  // namespace

template <class T>
void backward_block(const network<T>& net, const sample_block<T>& block, matrix_view<const T> G,
                    gradient_sum<T>& dW, gradient_sum<T>& dA) {
  const bool first = block.begin == 0, wants_dA = dA.values.rows > 0;
  const bool wants_V = dW.values.rows > 0 || (wants_dA && net.one_output);
  const bool wants_sums = wants_dA && !net.one_output;
  const std::vector<panels<T>> inputs =
      wants_V ? pack_inputs(net, block) : std::vector<panels<T>>();
  int offset = 0;
  const buffer<double> G_padded = wants_sums ? padded_G(net, block, G, offset) : buffer<double>();
  parallel_for(ceil_div(net.W.rows, slice_neurons), net.threads, [&](index number) {
    neuron_panel<T> panel(net, block, G);
    const index end = std::min(net.W.rows, (number + 1) * slice_neurons);
    for (index r = number * slice_neurons; r < end; r += machine_kernel<T>().columns) {
      if (wants_V) panel.compute(inputs, r);
      if (wants_V) panel.put(r, first, dW, dA);
      if (wants_sums) panel.put_dA(r, G_padded.get(), offset, first, dA);
    }
  });
}

template void backward_block(const network<float>&, const sample_block<float>&,
                             matrix_view<const float>, gradient_sum<float>&, gradient_sum<float>&);
template void backward_block(const network<double>&, const sample_block<double>&,
                             matrix_view<const double>, gradient_sum<double>&,
                             gradient_sum<double>&);

}  // namespace pyntk
