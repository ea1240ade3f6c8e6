#include "experiments/replay/command_line.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "experiments/replay/measure/host.h"
#include "experiments/replay/quick.h"
#include "experiments/replay/replay_command.h"
#include "experiments/replay/tables/random_file.h"
#include "harness/machine/host_facts.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/standard_streams.h"
#include "model/base/error.h"
#include "model/base/nearest_word.h"
#include "model/base/output_file.h"

namespace plelab {
namespace {

constexpr int kReplayDone = 0, kReplayFailed = 1, kReplayMistake = 2;

int FailWith(int code, const std::string& message) {
  std::cerr << ErrorLine(message) << "\n";
  return code;
}

std::string GeometryNames() {
  std::string names;
  for (const ReplayGeometry& geometry : KnownGeometries())
    names += (names.empty() ? "" : ", ") + geometry.name;
  return names;
}

void AddQuestions(CLI::App& app, ReplayOptions& o) {
  app.add_flag(
      "--quick", o.quick,
      "In a minute: what a row costs here, what caches hit, from which step time on placement matters");
  app.add_option("--table", o.table,
                 "A table: a .safetensors file that holds it, or any file with --geometry");
  app.add_option("--geometry", o.geometry,
                 "A table that is not at hand, as a file of random bytes: " + GeometryNames());
  app.add_option("--trace", o.trace, "Token ids that are replayed (configs/traces/README.md)");
  app.add_option("--step-ms", o.step_ms, "What a step takes without PLE, 0.5 to 200");
  app.add_option("--ple", o.ple, "Where the rows live, NAME[,key=value...] as for plelab; default: disk");
  app.add_option(
      "--device", o.device,
      "Reads answer as late as those of this storage: a profile's name or file (configs/devices/)");
}

void AddDetails(CLI::App& app, ReplayOptions& o) {
  app.add_option("--work", o.work,
                 "Folder of the file of random bytes, on the storage to measure; default: .work/replay");
  app.add_option("--size", o.size,
                 "The most that it takes, such as 2GB; default: what the disk allows (quick: 2GB)");
  app.add_flag("--clean", o.clean, "Remove it afterwards; otherwise the next run goes on with it");
  app.add_option("--out", o.out,
                 "Write all rows as JSON lines; scripts/replay_to_hdf5.py makes tables of them");
  app.add_flag("--force", o.force, "Replace the file that --out names");
  app.add_option("--threads", o.threads, "Cores that the stand-in keeps busy; default: all");
  app.add_option("--reps", o.reps, "Repetitions, each of another excerpt, at least 5; default: 5");
  app.add_option("--steps", o.steps,
                 "Steps in each repetition; default: 1,024 in all, or what a minute allows");
  app.add_option("--rows-per-token", o.rows_per_token,
                 "Rows that each token reads; default: the table's own");
  app.add_option(
      "--cold", o.cold,
      "Evict the table from the page cache: step, repetition, never; default: step, with --device never");
  app.add_option("--baseline", o.baseline,
                 "Compare with: resident rows, none (no rows asked), auto (default)");
  app.add_option("--margin", o.margin_percent, "What counts as a cost, in % of a step; default: 1");
  app.add_option("--seed", o.seed, "Of the random bytes; default: 1");
  app.add_option("--table-offset", o.table_offset,
                 "Where the table begins in a file that is not safetensors");
  app.add_option("--layers", o.layers,
                 "Layers that a row of a safetensors table has slices for; default: columns / 256");
}

// CLI11 names what it did not expect, without what was meant.
std::string ParseMessage(const CLI::App& app, const CLI::ParseError& error) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (const std::string& left : app.remaining()) {
    const std::string word = left.substr(0, left.find('='));
    return Format("plelab-replay: unknown option '{}'{}; --help lists what is known", word,
                  DidYouMean(word, known));
  }
  return Format("plelab-replay: {}; --help lists what is known", error.what());
}

void Replay(const ReplayOptions& options) {
  CheckReplayOptions(options);
  if (!BuildMayMeasure())
    throw UserError(
        "plelab-replay: this is a debug or sanitizer build, which does not measure; build with --preset "
        "release");
  CheckReplayOutput(options.out, options.force);
  const InterruptGuard guard;
  ReplayLines lines;
  if (options.quick) {
    RunQuick(options, lines);
  } else {
    RunReplayCommand(options, lines);
  }
  if (!options.out.empty()) WriteWholeFile(options.out, lines.Text());
}

void Clean(const ReplayOptions& options) {
  if (options.clean)
    std::filesystem::remove(RandomFilePath(options.work, static_cast<uint64_t>(options.seed)));
}

int ReplayAndClean(const ReplayOptions& options) {
  try {
    Replay(options);
    Clean(options);
    FlushStandardOutput();
    return kReplayDone;
  } catch (const std::exception& error) {
    Clean(options);
    return FailWith(IsMistake(error) ? kReplayMistake : kReplayFailed, MessageOf(error));
  }
}

}  // namespace

int RunReplayCommandLine(int argc, char** argv) {
  PrepareStandardStreams();
  CLI::App app{
      "Replays a text's reads of a PLE table on this machine's storage, beside a stand-in for the model.",
      "plelab-replay"};
  app.footer(
      "  plelab-replay --quick\n"
      "  plelab-replay --geometry gemma3n_e2b --trace configs/traces/northanger_abbey_gemma.json --step-ms "
      "10 "
      "--ple disk,backend=direct\n"
      "Reads are real, computing is a stand-in: so many cores stream through memory for as long as a model "
      "would.\n"
      "Exit codes: 0 done; 1 something failed or was interrupted; 2 a mistake in what was asked for.");
  ReplayOptions options;
  AddQuestions(app, options);
  AddDetails(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    return FailWith(kReplayMistake, ParseMessage(app, error));
  }
  return ReplayAndClean(options);
}

}  // namespace plelab
