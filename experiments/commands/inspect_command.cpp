// `plelab inspect`: counts the parameters of a checkpoint or shape, by group.

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/commands/commands.h"
#include "harness/support/message.h"
#include "harness/support/units.h"
#include "model/base/error.h"
#include "model/catalog/parameter_count.h"
#include "model/catalog/weight_catalog.h"
#include "model/checkpoint/checkpoint.h"

namespace plelab {
namespace {

struct InspectArguments {
  std::string checkpoint, shape;
  bool json = false;
};

// {"total": …, …, "bytes": {"total": …, …}}: int64 throughout.
std::string AsJson(const ParameterCount& count) {
  nlohmann::ordered_json json;
  for (const auto& [name, value] : NamedSums(count.parameters)) json[name] = value;
  for (const auto& [name, value] : NamedSums(count.bytes)) json["bytes"][name] = value;
  return json.dump(2) + "\n";
}

std::string Row(const std::string& name, int64_t parameters, int64_t bytes, int64_t total,
                const std::string& what) {
  return Format("{:<16} {:>13} {:>6.1f} % {:>10}  {}\n", name, WithCommas(parameters),
                100.0 * static_cast<double>(parameters) / static_cast<double>(total), ReadableBytes(bytes),
                what);
}

constexpr char kWithTiedHead[] =
    "\nThe advertised count leaves out the PLE table and the token embedding.  The token embedding is\n"
    "also the output layer, so every decode step reads it: the working set is the honest number.\n";
constexpr char kWithOwnHead[] =
    "\nThe advertised count leaves out the PLE table, the token embedding and the output layer, which\n"
    "every decode step reads whole: the working set is the honest number.\n";

std::string AsTable(const ParameterCount& count, const std::string& title, const std::string& weights) {
  const GroupSums &n = count.parameters, &bytes = count.bytes;
  const int64_t total = n.total();
  std::string text = Format("{}; weights: {}\n\n{:<16} {:>13} {:>8} {:>10}\n", title, weights, "group",
                            "parameters", "share", "bytes");
  const auto group = [&](ParameterGroup g, const std::string& what) {
    text += Row(std::string(Name(g)), n[g], bytes[g], total, what);
  };
  group(ParameterGroup::kTextStack, "attention, FFN, AltUp, LAuReL, PLE gates");
  const bool own_head = n[ParameterGroup::kOwnHead] > 0;
  group(ParameterGroup::kTokenEmbedding,
        own_head ? "looked up, one row per token" : "tied: looked up, and read whole for the logits");
  if (own_head) group(ParameterGroup::kOwnHead, "the output layer, not tied: read whole for the logits");
  group(ParameterGroup::kPleTable, "one row per token, by id; can live on storage");
  group(ParameterGroup::kUnusedKv, "k/v of KV-sharing layers: stored, never used");
  text += Row("vision", n.vision(), bytes.vision(), total, "tower and embedder: loaded for images only");
  text += Row("audio", n.audio(), bytes.audio(), total, "tower and embedder: loaded for audio only");
  text += Row("total", total, bytes.total(), total, "all of it");
  text += "\n" +
          Row("effective", n.effective(), bytes.effective(), total, "as advertised: text_stack + unused_kv");
  text += Row("working_set", n.working_set(), bytes.working_set(), total,
              own_head ? "text_stack + token_embedding + lm_head" : "text_stack + token_embedding");
  text +=
      Format("\nLoaded for text: {}, PLE rows where --ple puts them.", ReadableBytes(bytes.working_set()));
  text += bytes.vision() + bytes.audio() == 0
              ? "  There are no towers: it is a text-only model.\n"
              : Format(
                    "  An image adds {}, a clip {},\n"
                    "each when the first of its kind comes; no byte of the others is read.\n",
                    ReadableBytes(bytes.vision()), ReadableBytes(bytes.audio()));
  text += own_head ? kWithOwnHead : kWithTiedHead;
  return text;
}

bool HasGroup(const Gemma3nConfig& config, ParameterGroup group) {
  return group == ParameterGroup::kVisionTower ? config.vision.has_value() : config.audio.has_value();
}

// What a user should know besides the counts.
std::string Notes(const Checkpoint& checkpoint, const ParameterCount& count) {
  std::string notes;
  for (const ParameterGroup tower : {ParameterGroup::kVisionTower, ParameterGroup::kAudioTower}) {
    if (HasGroup(checkpoint.config(), tower) && count.parameters[tower] == 0) {
      notes += Format("note: no {} in this checkpoint; text works without\n", Name(tower));
    }
  }
  const TextConfig& text = checkpoint.config().text;
  if (text.own_head && text.tie_word_embeddings) {
    notes +=
        "note: config.json ties lm_head.weight to the token embedding, but both are there and differ: the "
        "logits use lm_head.weight, as the reference does\n";
  } else if (!text.own_head && checkpoint.Find(kHeadTensor) != nullptr) {
    notes += "note: lm_head.weight is a copy of the token embedding, which the logits use\n";
  }
  if (checkpoint.config().text.num_kv_shared_layers > 0 && count.parameters[ParameterGroup::kUnusedKv] == 0) {
    notes += "note: no unused k/v in this checkpoint (transformers 5 does not save them)\n";
  }
  return notes;
}

void InspectShape(const InspectArguments& arguments) {
  const std::string json = ShapeConfigJson(arguments.shape);
  const ParameterCount count = CountPublished(ParseConfig(json, arguments.shape), DType::kBFloat16);
  std::cout << (arguments.json
                    ? AsJson(count)
                    : AsTable(count, arguments.shape + " as published, in bfloat16", "none, a shape only"));
}

void InspectCheckpoint(const InspectArguments& arguments) {
  const Checkpoint checkpoint = Checkpoint::Open(arguments.checkpoint);
  VerifyTensors(checkpoint, {ParameterGroup::kVisionTower, ParameterGroup::kAudioTower});
  const ParameterCount count = CountCheckpoint(checkpoint);
  const std::string notes = Notes(checkpoint, count);
  if (arguments.json) {
    std::cout << AsJson(count);
    std::cerr << notes;
    return;
  }
  std::cout << AsTable(count, Printable(arguments.checkpoint), checkpoint.weights_label())
            << (notes.empty() ? "" : "\n") << notes;
}

}  // namespace

void AddInspectCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("inspect", "Count parameters and bytes by what they are for");
  auto arguments = std::make_shared<InspectArguments>();
  CLI::Option* checkpoint =
      command->add_option("CKPT", arguments->checkpoint, "checkpoint directory, whose tensors are counted");
  CLI::Option* shape =
      command->add_option("--shape", arguments->shape,
                          "e2b, e4b, small, or a config.json: counts the published layout, in bfloat16");
  shape->excludes(checkpoint);
  command->add_flag("--json", arguments->json, "print JSON, for programs");
  command->callback([arguments] {
    if (arguments->checkpoint.empty() == arguments->shape.empty()) {
      throw UserError("inspect: expected a checkpoint's directory or --shape, found {}",
                      arguments->shape.empty() ? "neither" : "both");
    }
    arguments->shape.empty() ? InspectCheckpoint(*arguments) : InspectShape(*arguments);
  });
}

}  // namespace plelab
