#include "harness/statistics/direct_effects.h"

#include <Eigen/Dense>
#include <algorithm>
#include <map>

#include "harness/support/statistics.h"

namespace plelab {
namespace {

// The normal equations of one repetition, after each step's own mean was taken away from both sides.
struct NormalEquations {
  Eigen::MatrixXd left;   // [2n, 2n]: variants, then predecessors
  Eigen::VectorXd right;  // [2n]
};

struct StepSums {
  Eigen::VectorXd columns;
  double ns = 0;
  double turns = 0;
};

NormalEquations EquationsOf(const RepTurns& turns, int64_t n) {
  NormalEquations equations{Eigen::MatrixXd::Zero(2 * n, 2 * n), Eigen::VectorXd::Zero(2 * n)};
  std::map<int64_t, StepSums> steps;
  for (const Turn& turn : turns) {
    const int64_t own = turn.variant, before = n + turn.predecessor;
    for (const int64_t row : {own, before}) {
      for (const int64_t column : {own, before}) equations.left(row, column) += 1;
      equations.right(row) += turn.ns;
    }
    StepSums& step = steps.try_emplace(turn.step, StepSums{Eigen::VectorXd::Zero(2 * n)}).first->second;
    step.columns(own) += 1;
    step.columns(before) += 1;
    step.ns += turn.ns;
    step.turns += 1;
  }
  for (const auto& [number, step] : steps) {
    equations.left -= step.columns * step.columns.transpose() / step.turns;
    equations.right -= step.columns * (step.ns / step.turns);
  }
  return equations;
}

}  // namespace

std::vector<double> DirectEffects(const RepTurns& turns, int64_t n) {
  constexpr double kEstimable = 1e-6;
  const NormalEquations equations = EquationsOf(turns, n);
  const Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> solver(equations.left);
  std::vector<bool> present(n, false);
  for (const Turn& turn : turns) present[turn.variant] = true;
  const int64_t base = std::ranges::find(present, true) - present.begin();
  // A contrast can be estimated when the equations reproduce it.
  for (int64_t v = base + 1; v < n; ++v) {
    if (!present[v]) continue;
    Eigen::VectorXd contrast = Eigen::VectorXd::Zero(2 * n);
    contrast(v) = 1;
    contrast(base) = -1;
    const Eigen::VectorXd solved = solver.solve(contrast);
    if ((equations.left * solved - contrast).norm() > kEstimable) {
      return std::vector<double>(n, kNan);
    }
  }
  const Eigen::VectorXd solved = solver.solve(equations.right);
  std::vector<double> effects(solved.data(), solved.data() + n);
  for (int64_t v = 0; v < n; ++v) {
    if (!present[v]) effects[v] = kNan;
  }
  return effects;
}

}  // namespace plelab
