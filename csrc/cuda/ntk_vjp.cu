// The gradient of sum_ij G_ij k(x_i, z_j) with respect to X, in double:
//   dX_i = sum_j A_ij (v_j - c_ij u_i) + (sum_j B_ij) u_i,
// u_i and v_j the unit rows, c_ij their cosine, A_ij = G_ij (d k / d c) / |x_i|, B_ij = G_ij (d k /
// d log |x_i|) / |x_i|. Away from the poles the first sum is a product A V, less (sum_j A_ij c_ij)
// u_i. Beyond chord_border A grows like 1 / sin theta and v - c u shrinks like sin theta: there,
// with s the sign of c and t = 1 - |c|, it is (v - s u) + s t u, whose bracket is formed before it
// is summed, so nothing cancels. A tile without such pairs is a product alone.
#include "../core/kernels.hpp"
#include "pairs.cuh"
#include "strips.cuh"

namespace pyntk {
namespace {

using side_tile = signed char[tile_edge][tile_edge + 4];

// s(x) / |x|; 0 for a zero row, whose gradient is 0.
__device__ inline row_norm relative_size(const row_norm& size, const row_norm& length) {
  if (length.mantissa == 0) return {};
  return {size.mantissa / length.mantissa, size.exponent - length.exponent};
}

// A_ij and B_ij - A_ij c_ij, or B_ij + s t A_ij near a pole.
struct pair_weights {
  double across, along;
};

__device__ inline pair_weights weights_of(const angle<double>& at, bool pole,
                                          const unit_rows<double>& X, const unit_rows<double>& Z,
                                          const kernel_constants& of, double g, index i, index j) {
  const entry_slope slope = slope_of(at, of, X.shares_of(i), Z.shares_of(j));
  const row_norm x = relative_size(X.sizes[i], X.lengths[i]), z = Z.sizes[j];
  const double sign = at.obtuse ? -1 : 1;
  const double along = slope.by_log_norm + slope.by_cosine * sign * (pole ? at.t : -at.cosine);
  const double weight = g * (of.scale * x.mantissa * z.mantissa);
  const int exponent = x.exponent + z.exponent;
  return {times_power_of_two(weight * slope.by_cosine, exponent),
          times_power_of_two(weight * along, exponent)};
}

// sum + A (v - s u), s = 0 away from the poles.
struct difference_term {
  const thread_tile<double>& x;
  const side_tile& side;

  __device__ double operator()(double sum, double a, double v, int u, int w, int t) const {
    return std::fma(a, v - static_cast<double>(side[tile_row(u)][t]) * x[u][w], sum);
  }
};

// The last column of the sums is the factor of u_i.
template <class T>
__global__ void __launch_bounds__(tile_threads, tile_blocks)
    vjp_strip(unit_rows<double> X, unit_rows<double> Z, kernel_constants of, matrix_view<const T> G,
              strip_sums to) {
  __shared__ tile_memory<double> memory;
  __shared__ side_tile side;
  const auto at = to.place_of(blockIdx.x);
  const index i0 = to.first_row + at.r0, d = X.inputs;
#pragma unroll 1
  for (index j0 = at.begin; j0 < at.end; j0 += tile_edge) {
    const bool first = j0 == at.begin;
    put_pairs(memory, rows_from<double>{X.rows, i0}, rows_from<double>{Z.rows, j0});
    bool poles = false;
    for_each_entry([&](int r, int c) {
      const index i = i0 + r, j = j0 + c;
      pair_weights weights{0, 0};
      side[r][c] = 0;
      if (i < G.rows && j < G.columns) {
        const bool pole = std::fabs(memory.a[r][c]) > chord_border<double>();
        const angle<double> angle = angle_between(memory.a[r][c], memory.b[r][c]);
        weights = weights_of(angle, pole, X, Z, of, static_cast<double>(G(i, j)), i, j);
        if (pole) side[r][c] = angle.obtuse ? -1 : 1;
        poles |= pole;
      }
      memory.a[r][c] = weights.across;
      memory.b[r][c] = weights.along;
    });
    poles = __syncthreads_or(poles);
    if (threadIdx.x < tile_edge) {
      double along = 0;
      for (int c = 0; c < tile_edge; ++c) along += memory.b[threadIdx.x][c];
      const index r = at.sums + threadIdx.x;
      add_to(to.total(r, d), to.rest(r, d), first, along);
    }
#pragma unroll 1
    for (index k0 = 0; k0 < d; k0 += tile_edge) {
      __syncthreads();
      columns_from<double>{Z.rows, k0}.stage(memory.b, j0);
      __syncthreads();
      if (!poles) {
        add_tile<thread_sums>(memory, tile_product{}, to, at.sums, k0, d, first);
        continue;
      }
      thread_tile<double> x;
      for (int u = 0; u < thread_sums; ++u) {
        for (int w = 0; w < thread_sums; ++w) {
          const index i = i0 + tile_row(u), k = k0 + tile_column(w);
          x[u][w] = i < X.rows.rows && k < d ? X.rows(i, k) : 0;
        }
      }
      add_tile<thread_sums>(memory, difference_term{x, side}, to, at.sums, k0, d, first);
    }
    __syncthreads();
  }
}

template <class T>
__global__ void __launch_bounds__(tile_threads)
    add_strips(strip_sums sums, matrix_view<const double> U, matrix_view<T> dX) {
  const index number = static_cast<index>(blockIdx.x) * tile_threads + threadIdx.x;
  const index r = number / dX.columns, k = number % dX.columns, i = sums.first_row + r;
  if (r < sums.rows && i < dX.rows)
    dX(i, k) = static_cast<T>(std::fma(sums.sum(r, dX.columns), U(i, k), sums.sum(r, k)));
}

}  // namespace

template <class T>
void ntk_vjp(matrix_view<const T> X, matrix_view<const T> Z, matrix_view<const T> G,
             const recipe& recipe, int, matrix_view<T> dX) {
  const kernel_constants of = constants_of(recipe);
  const unit_rows_memory<double> U(X, of), V(Z, of);
  for_each_chunk(G.rows, G.columns, dX.columns + 1, [&](const strip_sums& sums, index blocks) {
    launch(vjp_strip<T>, blocks, tile_threads, U.view(), V.view(), of, G, sums);
    launch(add_strips<T>, ceil_div(sums.rows * dX.columns, tile_threads), tile_threads, sums,
           U.view().rows, dX);
  });
}

template void ntk_vjp(matrix_view<const float>, matrix_view<const float>, matrix_view<const float>,
                      const recipe&, int, matrix_view<float>);
template void ntk_vjp(matrix_view<const double>, matrix_view<const double>,
                      matrix_view<const double>, const recipe&, int, matrix_view<double>);

}  // namespace pyntk
