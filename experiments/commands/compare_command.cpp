// `plelab compare`: what differs between results, and whether one is slower.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "experiments/commands/commands.h"
#include "harness/record/recorder.h"
#include "harness/results/compare.h"
#include "harness/support/message.h"
#include "harness/support/units.h"
#include "model/base/error.h"

namespace plelab {
namespace {

struct CompareFlags {
  std::vector<std::string> files;
  std::string fail_if_slower;
  CompareOptions options;
};

double SlowerShare(const std::string& text) {
  const double share = ParseShare(text);
  if (share >= 0 && share < 1) return share;
  throw UserError("--fail-if-slower {}: expected a share of a step from 0 to 1, such as 2%", text);
}

// Every file is compared with the first before the first failure is told.
void Compare(CompareFlags& flags) {
  if (flags.files.size() < 2) throw UserError("plelab compare: expected two results or more, found one");
  if (!flags.fail_if_slower.empty()) flags.options.fail_if_slower = SlowerShare(flags.fail_if_slower);
  const Record a = ReadRecord(flags.files[0]);
  std::vector<std::string> refusals, slower;
  for (size_t i = 1; i < flags.files.size(); ++i) {
    const Record b = ReadRecord(flags.files[i]);
    const ResultComparison comparison = CompareResults(flags.files[0], a, flags.files[i], b, flags.options);
    std::cout << (i > 1 ? "\n" : "") << PrintableLines(comparison.text);
    if (!comparison.refusal.empty()) refusals.push_back(comparison.refusal);
    for (const std::string& variant : comparison.slower) {
      slower.push_back(flags.files.size() > 2 ? Format("{} in {}", variant, flags.files[i]) : variant);
    }
  }
  if (refusals.size() > 1) throw UserError("{} (and {} more)", refusals[0], refusals.size() - 1);
  if (!refusals.empty()) throw UserError("{}", refusals[0]);
  if (!slower.empty()) {
    throw RunError("slower than {} by more than {}: {}", flags.files[0], flags.fail_if_slower,
                   Join(slower, ", "));
  }
}

}  // namespace

void AddCompareCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "compare", "Shows what differs between results: config, machine, build, outputs, step times");
  auto flags = std::make_shared<CompareFlags>();
  command->add_option("FILES", flags->files, "Results: A.h5 B.h5 …; each is compared with the first")
      ->required()
      ->type_name("F.h5");
  command
      ->add_option("--across", flags->options.across,
                   "Compare times although these differ: machine, build, cache (a list with commas)")
      ->delimiter(',')
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::IsMember({"machine", "build", "cache"}))
      ->type_name("WHAT");
  command
      ->add_option("--fail-if-slower", flags->fail_if_slower,
                   "Exit 1 where a variant is slower than in A by more than this share of a step: its "
                   "whole 95 % interval of B ÷ A lies above")
      ->type_name("2%");
  command->footer(
      "Exit codes: 0 done; 1 slower than --fail-if-slower allows; 2 refused: no result, conditions that "
      "differ and that --across does not name, or --fail-if-slower that nothing can answer (fewer than five "
      "repetitions, a failed control).");
  command->callback([flags] { Compare(*flags); });
}

}  // namespace plelab
