// dX_i = sum_j G_ij d k(x_i, z_j) / d x_i. With u, v the unit rows, c = u.v and k = scale s s'
// value,
//   d k / d x = scale s s' / |x| [by_log_norm u + by_cosine (v - c u)]         (slope_of, deep.hpp)
// so dX is a product of the weights E_ij = G_ij scale s'_j by_cosine_ij with the unit rows of Z,
// and a multiple of u_i. by_cosine grows like 1 / sin theta: pairs beyond chord_border, where the
// product would cancel, are taken out of it and v - c u is formed from the difference (or sum) of
// the two rows. Everything is in double; a block of rows of X owns its rows of dX, and takes the
// rows of Z block by block in order, so no sum depends on the number of threads.
#include "../core/kernels.hpp"
#include "gram_block.hpp"
#include "instruction_set.hpp"
#include "panels.hpp"

namespace pyntk {
namespace {

// Unit rows [begin, end) in C order.
template <class T>
buffer<double> unit_rows_of(matrix_view<const T> X, index begin, index end) {
  buffer<double> result = make_buffer<double>((end - begin) * X.columns);
  for (index i = begin; i < end; ++i)
    normalise_row(X.row(i), X.columns, result.get() + (i - begin) * X.columns);
  return result;
}

// Products and chords of a block of rows of X and one of Z, and what follows from them.
template <class T>
class vjp_block {
 public:
  vjp_block(matrix_view<const T> X, matrix_view<const T> G, const unit_rows<T, double>& x,
            const unit_rows<T, double>& z, const kernel_constants& of, int largest, index begin,
            index end)
      : G_(G),
        x_(x),
        z_(z),
        of_(of),
        largest_(largest),
        begin_(begin),
        end_(end),
        d_(X.columns),
        unit_(unit_rows_of(X, begin, end)),
        A_(end - begin, d_, mk_.rows),
        along_(make_buffer<double>(end - begin)),
        across_(make_buffer<double>((end - begin) * d_)) {
    x.pack(begin, A_.count, mk_.rows, A_[0]);
    std::fill_n(along_.get(), end - begin, 0.0);
    std::fill_n(across_.get(), (end - begin) * d_, 0.0);
  }

  // Adds what the rows [j0, j1) of Z contribute.
  void add(matrix_view<const T> Z, index j0, index j1) {
    const buffer<double> V = unit_rows_of(Z, j0, j1);
    panels<double> B(j1 - j0, d_, mk_.columns);
    z_.pack(j0, B.count, mk_.columns, B[0]);
    panels<double> E(end_ - begin_, j1 - j0, mk_.rows);
    std::fill_n(E[0], E.rows_held() * E.k, 0.0);
    for (index b = 0; b < B.count; ++b) {
      for (index a = 0; a < A_.count; ++a) {
        angles_.compute(d_, A_[a], B[b]);
        weigh(a * mk_.rows, j0 + b * mk_.columns, j0, j1, V.get(), E);
      }
    }
    add_product(E, V.get(), j1 - j0);
  }

  // s(x) / |x| [along u + across], rounded once.
  void write(matrix_view<T> dX) const {
    for (index i = begin_; i < end_; ++i) {
      const row_norm &s = x_.scale(i), &norm = x_.norm(i);
      const double factor = norm.mantissa > 0 ? of_.scale * s.mantissa / norm.mantissa : 0.0;
      const int exponent = s.exponent - norm.exponent + largest_;
      const double *unit = unit_.get() + (i - begin_) * d_, *across = this->across(i);
      for (index k = 0; k < d_; ++k) {
        const double sum = along_[i - begin_] * unit[k] + across[k];
        dX(i, k) = static_cast<T>(times_power_of_two(factor * sum, exponent));
      }
    }
  }

 private:
  const double* across(index i) const { return across_.get() + (i - begin_) * d_; }

  // The pairs of one register tile: into the weights E, or, near a pole, into dX at once.
  void weigh(index u0, index j_first, index j0, index j1, const double* V, panels<double>& E) {
    const buffer<double> by_cosine = make_buffer<double>(mk_.columns),
                         by_log_norm = make_buffer<double>(mk_.columns);
    for (index r = 0; r < std::min<index>(mk_.rows, end_ - begin_ - u0); ++r) {
      const index i = begin_ + u0 + r;
      if (x_.norm(i).mantissa == 0) continue;
      const double *near = angles_.near(r), *far = angles_.far(r);
      slopes_(angles_.cosine(r), near, far, of_, x_.shares(i), z_.shares(j_first), by_cosine.get(),
              by_log_norm.get());
      for (index v = 0; v < std::min<index>(mk_.columns, j1 - j_first); ++v) {
        const index j = j_first + v;
        const row_norm& s = z_.scale(j);
        const double weight =
            times_power_of_two(static_cast<double>(G_(i, j)) * s.mantissa, s.exponent - largest_);
        const double cosine = angles_.cosine(r)[v], e = weight * by_cosine[v];
        along_[i - begin_] += weight * by_log_norm[v];
        if (std::fabs(cosine) > chord_border<double>()) {
          add_pair(i, e, angle_between(cosine, cosine < 0 ? far[v] : near[v]), V + (j - j0) * d_);
        } else {
          along_[i - begin_] -= e * cosine;
          E[u0 / mk_.rows][(j - j0) * mk_.rows + r] = e;
        }
      }
    }
  }

  // e (v - c u): c = +-(1 - t), so v -+ u +- t u.
  void add_pair(index i, double e, const angle<double>& at, const double* v) {
    const double* u = unit_.get() + (i - begin_) * d_;
    double* to = across_.get() + (i - begin_) * d_;
    const double sign = at.obtuse ? -1.0 : 1.0;
    for (index k = 0; k < d_; ++k) to[k] += e * ((v[k] - sign * u[k]) + sign * at.t * u[k]);
  }

  // across += E V: panels of the columns of V, one chain over the rows of Z per entry.
  void add_product(const panels<double>& E, const double* V, index rows) {
    panels<double> columns(d_, rows, mk_.columns);
    pack_columns<double>({V, rows, d_}, 0, rows, columns);
    buffer<double> tile = make_buffer<double>(mk_.rows * mk_.columns);
    for (index b = 0; b < columns.count; ++b) {
      for (index a = 0; a < E.count; ++a) {
        mk_.product(rows, E[a], columns[b], tile.get());
        const index u0 = a * mk_.rows, k0 = b * mk_.columns;
        for (index r = 0; r < std::min<index>(mk_.rows, end_ - begin_ - u0); ++r)
          for (index k = 0; k < std::min<index>(mk_.columns, d_ - k0); ++k)
            across_[(u0 + r) * d_ + k0 + k] += tile[r * mk_.columns + k];
      }
    }
  }

  const micro_kernel<double>& mk_ = machine_kernel<double>();
  const slope_row slopes_ = this_machine().grams->slopes;
  matrix_view<const T> G_;
  const unit_rows<T, double>& x_;
  const unit_rows<T, double>& z_;
  const kernel_constants& of_;
  int largest_;  // exponent of the largest s(z): the weights are taken relative to it
  index begin_, end_, d_;
  buffer<double> unit_;
  panels<double> A_;
  buffer<double> along_, across_;  // multiples of u_i; the rest of the sum
  angle_tile<double> angles_{};
};

template <class T>
int largest_exponent(const unit_rows<T, double>& Z) {
  int largest = -3000;
  for (index j = 0; j < Z.rows(); ++j)
    if (Z.scale(j).mantissa > 0) largest = std::max(largest, Z.scale(j).exponent);
  return largest;
}

// Rows of X per block: enough blocks for the threads, whole register tiles.
index block_rows(index n, int threads) {
  const index part = machine_kernel<double>().rows;
  return std::clamp(round_up(ceil_div(n, 2 * std::max(threads, 1)), part), part, tile_edge);
}

// Rows of Z per task: some 20 ms of products or of slopes, so that Ctrl-C is served.
index task_rows(index d, int depth) {
  const index rows = std::min((index{1} << 26) / (tile_edge * d), index{4096} / depth);
  return std::max(rows / tile_edge, index{1}) * tile_edge;
}

}  // namespace

template <class T>
void ntk_vjp(matrix_view<const T> X, matrix_view<const T> Z, matrix_view<const T> G,
             const recipe& recipe, int threads, matrix_view<T> dX) {
  const kernel_constants of = constants_of(recipe);
  const unit_rows<T, double> x(X, of, threads), z(Z, of, threads);
  const int largest = largest_exponent(z);
  const index height = block_rows(X.rows, threads), step = task_rows(X.columns, of.depth);
  const index blocks = ceil_div(X.rows, height), at_once = 2 * std::max(threads, 1);
  for (index first = 0; first < blocks; first += at_once) {
    const index count = std::min(at_once, blocks - first);
    std::vector<std::unique_ptr<vjp_block<T>>> held(static_cast<std::size_t>(count));
    parallel_for(count, threads, [&](index b) {
      const index begin = (first + b) * height, end = std::min(X.rows, begin + height);
      held[static_cast<std::size_t>(b)] =
          std::make_unique<vjp_block<T>>(X, G, x, z, of, largest, begin, end);
    });
    for (index j0 = 0; j0 < Z.rows; j0 += step) {
      parallel_for(count, threads, [&](index b) {
        for (index j = j0; j < std::min(Z.rows, j0 + step); j += tile_edge)
          held[static_cast<std::size_t>(b)]->add(Z, j, std::min(Z.rows, j + tile_edge));
      });
    }
    parallel_for(count, threads, [&](index b) { held[static_cast<std::size_t>(b)]->write(dX); });
  }
}

template void ntk_vjp(matrix_view<const float>, matrix_view<const float>, matrix_view<const float>,
                      const recipe&, int, matrix_view<float>);
template void ntk_vjp(matrix_view<const double>, matrix_view<const double>,
                      matrix_view<const double>, const recipe&, int, matrix_view<double>);

}  // namespace pyntk
