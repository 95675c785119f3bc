// THE PAGE: every kernel of pyntk, declared once. csrc/cpu and csrc/cuda define these same
// functions, each in a module of its own; pyntk/contract.py and pyntk/backends/numba_cpu.py are
// this page in Python.
//
// A kernel is (inputs..., outputs...) -> nothing. It allocates no result, returns nothing, and
// knows no Python. Every entry of an output is written. T is float or double. Sizes, here and
// everywhere: n samples, d inputs, m neurons. Letters: X (n, d) data, W (m, d) first layer, a (m,)
// second layer. `threads` is the largest number of CPU threads to use (CUDA ignores it); no output
// depends on it.
#pragma once

#include <cstdint>

#include "activation.hpp"
#include "descent.hpp"
#include "recipe.hpp"
#include "view.hpp"

namespace pyntk {

// The kernel function k of a recipe, between all pairs of rows. An entry depends on its two rows
// alone: it has the same bits in every one of these functions.

// K_ij = k(x_i, x_j), K (n, n); exactly symmetric.
template <class T>
void ntk_gram(matrix_view<const T> X, const recipe& recipe, int threads, matrix_view<T> K);

// K_ij = k(x_i, z_j), Z (p, d), K (n, p).
template <class T>
void ntk_gram_cross(matrix_view<const T> X, matrix_view<const T> Z, const recipe& recipe,
                    int threads, matrix_view<T> K);

// k_i = k(x_i, x_i), k (n,).
template <class T>
void ntk_diag(matrix_view<const T> X, const recipe& recipe, int threads, vector_view<T> k);

// Y = K V, K = ntk_gram(X) never stored; V (n, c), Y (n, c). K_ij counts as 0 where i and j are
// both less than `first`, from 0 to n: so a product is shared among processes, pair by pair.
template <class T>
void ntk_matmul(matrix_view<const T> X, matrix_view<const T> V, const recipe& recipe, index first,
                int threads, matrix_view<T> Y);

// Y = K V, K = ntk_gram_cross(X, Z) never stored; V (p, c), Y (n, c).
template <class T>
void ntk_matmul_cross(matrix_view<const T> X, matrix_view<const T> Z, matrix_view<const T> V,
                      const recipe& recipe, int threads, matrix_view<T> Y);

// dX_i = sum_j G_ij d k(x_i, z_j) / d x_i, G (n, p), dX (n, d): the gradient of sum_ij G_ij k(x_i,
// z_j) with respect to X. That with respect to Z is ntk_vjp(Z, X, G'). The kink term, 1 / sin theta
// in the derivative of the angle, is 0 at theta = 0 and pi. All in double, rounded once.
template <class T>
void ntk_vjp(matrix_view<const T> X, matrix_view<const T> Z, matrix_view<const T> G,
             const recipe& recipe, int threads, matrix_view<T> dX);

// F_ik = scale sum_r A_rk sigma(w_r.x_i), A (m, k), F (n, k).
// The gradient with respect to A is the same sum with the roles of samples and neurons exchanged:
// dA = two_layer_forward(W, X, G), G (n, k) = d loss / d F. A first-layer bias is one more input
// that is 1.
template <class T>
void two_layer_forward(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
                       const activation& activation, double scale, int threads, matrix_view<T> F);

// dW_r = scale sum_i (sum_k G_ik A_rk) sigma'(w_r.x_i) x_i, dW (m, d).
// Exchange the roles again for the gradient with respect to the data:
// dX = two_layer_gradient(W, X, G, A).
template <class T>
void two_layer_gradient(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
                        matrix_view<const T> G, const activation& activation, double scale,
                        int threads, matrix_view<T> dW);

// The loss (loss_kind) of F + c against the targets Y (n, k), c (k,), in value (1,), and in one
// pass, with each pre-activation formed once, its gradients G = d loss / d F (n, k), dW (m, d) and
// dA (m, k); a gradient that is given no rows is not computed.
template <class T>
void two_layer_step(matrix_view<const T> X, matrix_view<const T> W, matrix_view<const T> A,
                    vector_view<const T> c, matrix_view<const T> Y, const activation& activation,
                    int loss, double scale, int threads, vector_view<double> value,
                    matrix_view<T> G, matrix_view<T> dW, matrix_view<T> dA);

// Gradient descent, one step per row of `order` (steps, batch): its batch is the rows order(t, :)
// of X (n, d) and Y (n, k), its eta is step_sizes[t]. An order without rows means that every step
// takes all samples. W, A and c are what is trained, in place. losses[t] is the loss of the batch
// before step t; training stops before the step whose loss is not at most descent.limit, or when
// interrupted, done[0] is the number of steps done, and the losses after the last one seen are NaN.
template <class T>
void two_layer_descent(matrix_view<const T> X, matrix_view<const T> Y,
                       matrix_view<const std::int64_t> order, vector_view<const double> step_sizes,
                       const activation& activation, const descent& descent, int threads,
                       matrix_view<T> W, matrix_view<T> A, vector_view<T> c,
                       vector_view<double> losses, vector_view<std::int64_t> done);

// Numbers of math/random.hpp: row i is row first + i of the stream. U (n, p) uniform in [0, 1);
// Z (n, p) normal, float32 numbers in both precisions.
void random_uniforms(std::uint64_t seed, int stream, std::int64_t first, int threads,
                     matrix_view<double> U);
template <class T>
void random_normals(std::uint64_t seed, int stream, std::int64_t first, int threads,
                    matrix_view<T> Z);

// Bit r % 64 of P(i, r / 64) is 1{w_r.x_i > 0}, or 1{w_r.x_i >= 0} with `right`, P (n, ceil(m /
// 64)); the bits past m are 0.
template <class T>
void activation_patterns(matrix_view<const T> X, matrix_view<const T> W, bool right, int threads,
                         matrix_view<std::uint64_t> P);

// flips_i = the number of bits in which the rows i of P and Q differ, flips (n,).
void pattern_flips(matrix_view<const std::uint64_t> P, matrix_view<const std::uint64_t> Q,
                   int threads, vector_view<std::int64_t> flips);

// H_ij = x_i.x_j |{r : neuron r is active on x_i and on x_j}| / m, P as activation_patterns writes
// it, H (n, n); exactly symmetric.
template <class T>
void finite_width_gram(matrix_view<const T> X, matrix_view<const std::uint64_t> P, index m,
                       int threads, matrix_view<T> H);

// The symmetric tridiagonal matrix with the diagonal d (n,) and e (n - 1,) beside it is sum_k w_k
// v_k v_k', w (n,) ascending; row j of Z (k, n) has the products of row j of Y (k, n) with v_1,
// ..., v_n. All NaN where the iteration does not converge. On the CPU alone: it has no parallelism.
void tridiagonal_spectrum(vector_view<const double> d, vector_view<const double> e,
                          matrix_view<const double> Y, vector_view<double> w,
                          matrix_view<double> Z);

}  // namespace pyntk
