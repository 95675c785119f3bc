// Promise 23: the float32 formula of an entry (arc_cosine.hpp), on every float32 cosine.
//
//   FLAGS="-std=c++20 -O3 -march=native -ffp-contract=off -fno-math-errno -fno-trapping-math"
//   g++ $FLAGS csrc/math/check_floats.cpp -o check_floats && ./check_floats [stride]
//
// It walks all floats c in [0, 1], each as the cosines c and -c (t = 1 - c by angle_between), and
// again all of them as t itself, which is what a chord gives: 4 x 1.07e9 angles, four kernels; a
// minute on one core. It prints the worst error of each in ulps of the exact result (without bound
// where the kernel crosses zero inside: "all", obtuse) and in units u = 2^-24 of the diagonal, and
// where it is. Exit status 1 if the reference is not fit for this.
//
// The reference shares nothing with what it checks: theta = 2 asin(sqrt(t / 2)) by libm in double,
// sin theta = sqrt(t (2 - t)), sin theta - theta cos theta by its power series where theta is
// small. It is itself compared with long double on two of every 1024 values.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <tuple>

#include "arc_cosine.hpp"

namespace {

using pyntk::angle;

constexpr int block = 1024;
constexpr std::uint32_t bits_of_one = std::bit_cast<std::uint32_t>(1.0f);

// theta / pi and (sin theta - theta cos theta) / pi for t = 1 - cos theta in [0, 1].
template <class Real>
struct reference {
  Real share, bracket;
};

template <class Real>
reference<Real> reference_at(Real t) {
  constexpr Real pi = 3.14159265358979323846264338327950288L;
  const Real theta = 2 * std::asin(std::sqrt(t / 2)), square = theta * theta;
  // sum_k (-1)^(k+1) 2 k theta^(2k+1) / (2k+1)!; below theta = 1/2 the term of k = 9 is 1e-18 of
  // the first.
  Real series = 0, term = theta;
  for (int k = 1; k <= 8; ++k) {
    term *= -square / (2 * k * (2 * k + 1));
    series -= 2 * k * term;
  }
  return {theta / pi, (theta < Real(0.5) ? series : std::sqrt(t * (2 - t)) - theta * (1 - t)) / pi};
}

// unit_value of a kernel.
template <int Kind, bool Obtuse>
double exact_value(double share, double bracket, double cosine) {
  const double kappa = Obtuse ? share : 1 - share, H = (Obtuse ? -cosine : cosine) * kappa,
               S = bracket + (Obtuse ? 0 : cosine);
  if (Kind == pyntk::degree_0) return kappa;
  if (Kind == pyntk::trained_first) return H;
  return Kind == pyntk::trained_last ? S : H + S;
}

double ulp(double exact) {
  const float size = static_cast<float>(std::fabs(exact));
  const auto power = std::bit_cast<float>(std::bit_cast<std::uint32_t>(size) & 0x7f800000u);
  const double spacing = static_cast<double>(power) * 0x1p-23;
  return spacing > 0x1p-149 ? spacing : 0x1p-149;
}

struct worst {
  double error = 0;
  float at = 0;

  // The maximum of a block first, in lanes that a compiler makes vectors of; its place only where
  // it is a new one.
  void update(const double* errors, const float* places) {
    double lanes[16] = {};
    for (int i = 0; i < block; i += 16)
      for (int lane = 0; lane < 16; ++lane)
        lanes[lane] = errors[i + lane] > lanes[lane] ? errors[i + lane] : lanes[lane];
    const double largest = *std::max_element(lanes, lanes + 16);
    if (!(largest > error)) return;
    error = largest;
    at = places[std::find(errors, errors + block, largest) - errors];
  }
};

// One kernel by one way of arriving at an angle: from a cosine or from a chord, acute or obtuse.
template <int Kind, bool FromChord, bool Obtuse>
struct check {
  worst in_ulps{}, in_units{};

  void update(const float* places, const double* share, const double* bracket) {
    double ulps[block], units[block];
    for (int i = 0; i < block; ++i) {
      const float place = places[i];
      const angle<float> at =
          FromChord ? angle<float>{1 - place, place, Obtuse}
                    : pyntk::angle_between<float>(Obtuse ? -place : place, 2 * (1 - place));
      const double cosine = FromChord ? 1 - static_cast<double>(place) : place;
      const double exact = exact_value<Kind, Obtuse>(share[i], bracket[i], cosine);
      const double error = std::fabs(static_cast<double>(pyntk::unit_value(at, Kind)) - exact);
      ulps[i] = error / ulp(exact);
      units[i] = error * (Kind == pyntk::trained_all ? 0x1p23 : 0x1p24);
    }
    in_ulps.update(ulps, places);
    in_units.update(units, places);
  }

  void print() const {
    constexpr const char* names[] = {"first", "last", "all", "degree 0"};
    std::printf("%-8s  %-6s  from a %-6s  %9.4g ulp at %-15.9g  %6.4f u at %.9g\n", names[Kind],
                Obtuse ? "obtuse" : "acute", FromChord ? "chord" : "cosine", in_ulps.error,
                in_ulps.at, in_units.error, in_units.at);
  }
};

template <int... Kinds>
struct all_checks {
  std::tuple<check<Kinds, false, false>...> cosine{};
  std::tuple<check<Kinds, false, true>...> minus_cosine{};
  std::tuple<check<Kinds, true, false>...> near{};
  std::tuple<check<Kinds, true, true>...> far{};
};

template <class Checks, class Action>
void each(Checks& checks, const Action& action) {
  std::apply([&](auto&... one) { (action(one), ...); }, checks);
}

// The largest relative difference of the double reference from a long double one.
double doubt_of_reference(const float* places, const double* share, const double* bracket,
                          bool from_chord) {
  double doubt = 0;
  for (int i = 0; i < block; i += block / 2) {
    const long double t = from_chord ? places[i] : 1 - static_cast<long double>(places[i]);
    if (t == 0) continue;
    const reference<long double> exact = reference_at(t);
    doubt = std::max({doubt, static_cast<double>(std::fabs(share[i] / exact.share - 1)),
                      static_cast<double>(std::fabs(bracket[i] / exact.bracket - 1))});
  }
  return doubt;
}

}  // namespace

int main(int count, char** arguments) {
  const std::uint64_t stride = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1;
  if (stride == 0) return 2;
  all_checks<pyntk::trained_first, pyntk::trained_last, pyntk::trained_all, pyntk::degree_0> checks;
  float places[block];
  double share[block], bracket[block], doubt = 0;
  const auto update = [&](auto& one) { one.update(places, share, bracket); };
  for (std::uint64_t begin = 0; begin <= bits_of_one; begin += block * stride) {
    for (int i = 0; i < block; ++i)
      places[i] = std::bit_cast<float>(
          static_cast<std::uint32_t>(std::min<std::uint64_t>(begin + i * stride, bits_of_one)));
    for (const bool from_chord : {false, true}) {
      for (int i = 0; i < block; ++i) {
        const double place = places[i];
        const reference<double> exact = reference_at(from_chord ? place : 1 - place);
        share[i] = exact.share;
        bracket[i] = exact.bracket;
      }
      doubt = std::max(doubt, doubt_of_reference(places, share, bracket, from_chord));
      if (from_chord) {
        each(checks.near, update);
        each(checks.far, update);
      } else {
        each(checks.cosine, update);
        each(checks.minus_cosine, update);
      }
    }
  }
  const auto print = [](const auto& one) { one.print(); };
  each(checks.cosine, print);
  each(checks.minus_cosine, print);
  each(checks.near, print);
  each(checks.far, print);
  std::printf("reference: within %.1e of long double, relatively\n", doubt);
  return doubt < 1e-13 ? 0 : 1;
}
