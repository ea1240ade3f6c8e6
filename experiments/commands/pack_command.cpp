// `plelab pack`: a checkpoint's folder with its PLE table in another form, layout or order, or with its
// weights quantised.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <vector>

#include "experiments/commands/commands.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/progress.h"
#include "harness/support/units.h"
#include "model/base/error.h"
#include "model/catalog/parameter_count.h"
#include "model/packing/pack_checkpoint.h"
#include "model/ple/replay/token_ids.h"
#include "model/ple/strategies/ple_options.h"
#include "model/quantisation/encode_weights.h"
#include "model/text/folded/finished_inputs_file.h"
#include "model/text/folded/folded_table.h"

namespace plelab {
namespace {

struct PackArguments {
  std::string checkpoint, out, layout = "token_major", dtype, order;
  int64_t group = RowFormat().group, entries = RowFormat().entries, alignment = 1;
  bool folded = false, force = false;
  std::string weights_dtype, weights_rounding = "search";
  int64_t weights_group = 32;
  std::vector<std::string> weights_int8;

  bool packs_weights() const { return !weights_dtype.empty(); }
};

PlanOptions PlanOf(const PackArguments& arguments) {
  PlanOptions options;
  if (arguments.weights_dtype == "int4") options.format = {4, arguments.weights_group};
  const auto keeps = [&](const char* part) {
    return std::ranges::find(arguments.weights_int8, part) != arguments.weights_int8.end();
  };
  options.ple_int8 = keeps("ple");
  options.embedding_int8 = keeps("embedding");
  options.rounding = arguments.weights_rounding == "search" ? Rounding::kSearch : Rounding::kNearest;
  return options;
}

RowForm FormOf(const PackArguments& arguments, const PleTable& from) {
  return ParseRowForm(arguments.dtype.empty() ? Name(from.geometry.dtype) : arguments.dtype);
}

std::string Describe(const PleTable& table, RowForm form) {
  return Format("{} rows of {} bytes ({}, {}), {}", table.geometry.vocab, table.row_bytes(), Name(form),
                table.parts() == 1 ? "token-major" : "layer-major", ReadableBytes(table.stored_bytes()));
}

// Calls the packer with a progress bar.
void PackWithProgress(const Checkpoint& checkpoint, const PackArguments& arguments, PackOptions options) {
  options.force = arguments.force;
  options.progress = ProgressOfBytes("packing into " + arguments.out);
  PackCheckpoint(checkpoint, arguments.out, options);
}

void PackWeights(const PackArguments& arguments) {
  const Checkpoint checkpoint = Checkpoint::Open(arguments.checkpoint);
  const auto plan = PlanWeights(checkpoint.config(), PlanOf(arguments));
  const TensorEncoding encoding = QuantisedEncoding(checkpoint, plan);
  PackOptions options;
  options.table = false;
  options.weights = &encoding;
  PackWithProgress(checkpoint, arguments, options);
  const auto bytes_of = [](const Checkpoint& c) {
    return ReadableBytes(CountCheckpoint(c).bytes.working_set());
  };
  std::cout << Format(
      "{}: {} weights of {:.3f} bits, scales included; text stack and embedding {}, before: {}\n",
      Printable(arguments.out), plan.size(), BitsPerWeight(plan), bytes_of(Checkpoint::Open(arguments.out)),
      bytes_of(checkpoint));
}

void PackPleTable(const PackArguments& arguments) {
  const Checkpoint checkpoint = Checkpoint::Open(arguments.checkpoint);
  std::optional<TableToPack> folded;
  if (arguments.folded) folded = FinishedInputsToPack(checkpoint);
  const PleTable from = folded ? folded->table : checkpoint.ple_table();
  PackOptions options;
  options.format = {FormOf(arguments, from), arguments.group, arguments.entries};
  options.order = arguments.layout == "layer_major" ? TableOrder::kLayerMajor : TableOrder::kTokenMajor;
  options.part_alignment = arguments.alignment;
  if (!arguments.order.empty()) options.order_by_ids = ReadTokenIds(arguments.order, from.geometry.vocab);
  options.folded = folded ? &*folded : nullptr;
  PackWithProgress(checkpoint, arguments, options);
  const Checkpoint written = Checkpoint::Open(arguments.out);
  const PleTable packed = folded ? *PackedFolded(ParsePleSpec("folded"), written) : written.ple_table();
  std::cout << Format("{}: {}; {}: {}\n", Printable(arguments.out), Describe(packed, options.format.form),
                      folded ? "as computed" : "before",
                      Describe(from, ParseRowForm(Name(from.geometry.dtype))));
}

void Pack(const PackArguments& arguments) {
  const InterruptGuard guard;
  arguments.packs_weights() ? PackWeights(arguments) : PackPleTable(arguments);
}

}  // namespace

void AddPackCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "pack", "Write a checkpoint with its PLE table in another form or layout, or with quantised weights");
  auto arguments = std::make_shared<PackArguments>();
  command->add_option("CKPT", arguments->checkpoint, "checkpoint directory")->required();
  command->add_option("--out", arguments->out, "the new checkpoint's directory")->required();
  command
      ->add_option("--ple-layout", arguments->layout,
                   "token_major (a row is one run) or layer_major (layer 0 first)")
      ->check(CLI::IsMember({"token_major", "layer_major"}))
      ->capture_default_str();
  command->add_option("--ple-dtype", arguments->dtype,
                      "bfloat16, int8, int4, codebook, float16 or float32; default: as the table is");
  command->add_option("--ple-group", arguments->group, "of int8 and int4: values that share a scale")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--ple-entries", arguments->entries, "of codebook: rows of each layer's book")
      ->check(CLI::Range(1, 8192))
      ->capture_default_str();
  command
      ->add_option("--ple-align", arguments->alignment,
                   "rows begin at multiples of this many bytes; 4096: at pages")
      ->check(CLI::IsMember({1, 512, 4096}))
      ->capture_default_str();
  command->add_option(
      "--ple-order", arguments->order,
      "FILE of token ids (configs/traces): its most frequent rows come first and share pages");
  command->add_flag("--ple-folded", arguments->folded,
                    "pack the finished per-layer inputs of `folded`; the table stays as published");
  auto* weights =
      command
          ->add_option("--weights-dtype", arguments->weights_dtype,
                       "quantise the text stack instead, and leave the table: int8 (a scale per row) or int4")
          ->check(CLI::IsMember({"int8", "int4"}));
  command->add_option("--weights-group", arguments->weights_group, "of int4: weights that share a scale")
      ->check(CLI::IsMember({32, 128}))
      ->capture_default_str()
      ->needs(weights);
  command
      ->add_option("--weights-rounding", arguments->weights_rounding,
                   "of int4: search (scales of the least squared error) or nearest (as llama.cpp's Q4_0)")
      ->check(CLI::IsMember({"search", "nearest"}))
      ->capture_default_str()
      ->needs(weights);
  command
      ->add_option("--weights-int8", arguments->weights_int8,
                   "of int4: what stays in int8: ple (what makes and adds per-layer inputs), embedding")
      ->delimiter(',')
      ->check(CLI::IsMember({"ple", "embedding"}))
      ->needs(weights);
  for (const char* option : {"--ple-layout", "--ple-dtype", "--ple-group", "--ple-entries", "--ple-align",
                             "--ple-order", "--ple-folded"}) {
    weights->excludes(command->get_option(option));
  }
  command->add_flag("--force", arguments->force, "replace files that are there");
  command->callback([arguments] { Pack(*arguments); });
}

}  // namespace plelab
