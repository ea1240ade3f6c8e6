#include "harness/plan/run_plan.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "harness/plan/variant_groups.h"
#include "harness/plan/variant_layers.h"
#include "harness/workload/loaded_model.h"
#include "harness/workload/synthesise.h"
#include "model/base/error.h"
#include "model/ple/sources/folded_ple.h"
#include "model/text/folded/folded_table.h"
#include "model/text/layer_edit.h"

namespace plelab {
namespace {

// Reads the texts of a run, each of them once.
class TextReader {
 public:
  explicit TextReader(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}

  // Returns nullptr for a text whose tokenizer does not exist yet.
  // `section` has text_file, encoding, trace and special_tokens.
  const TokenText* Read(const auto& section) {
    const TextSource source = TextOf(section);
    if (!source.text_file.empty() && vocabulary_.tokenizer_path.empty()) return nullptr;
    const auto [entry, is_new] = texts_.try_emplace(source);
    if (is_new) entry->second = ReadTokenText(source, vocabulary_);
    return &entry->second;
  }

 private:
  Vocabulary vocabulary_;
  std::map<TextSource, TokenText> texts_;
};

// The vocabulary of the checkpoint.  One that is yet to be written gets the tokenizer that ships with its
// shape.
Vocabulary VocabularyOf(const RunPlan& plan) {
  const std::string tokenizer =
      plan.checkpoint ? plan.checkpoint->tokenizer_path() : TokenizerOfShape(plan.config.model.synth);
  return {plan.model_config, tokenizer, plan.config.model.checkpoint};
}

void OpenCheckpoint(RunPlan& plan) {
  const ModelSection& section = plan.config.model;
  const bool to_be_written =
      !section.synth.empty() && !std::filesystem::exists(section.checkpoint + "/config.json");
  if (!to_be_written) {
    plan.checkpoint = std::make_shared<const Checkpoint>(Checkpoint::Open(section.checkpoint));
    plan.model_config = plan.checkpoint->config();
    plan.table = plan.checkpoint->ple_table();
    return;
  }
  plan.model_config = ParseConfig(ShapeConfigJson(section.synth), section.synth);
  const TextConfig& text = plan.model_config.text;
  plan.table.geometry = {text.vocab_size_per_layer_input, text.num_hidden_layers,
                         text.hidden_size_per_layer_input, DType::kBFloat16};
}

std::string CacheStartOf(const PleOptions& options) {
  for (const auto& [key, value] : DescribePleOptions(options)) {
    if (key == "initial") return value;
    if (key == "hot_from") return "static";
  }
  return "none";
}

// True when the variant's logits must be within a bound of the baseline's (harness/measure/near_output.h).
bool MustBeNear(const VariantConfig& variant) {
  return IsExactButForRounding(variant.ple) && variant.layers.empty();
}

VariantRow RowOf(const RunPlan& plan, const VariantPlan& variant) {
  const PleOptions& ple = variant.config.ple;
  VariantRow row;
  row.variant = variant.name();
  row.strategy = std::string(Name(ple.strategy));
  nlohmann::ordered_json options = nlohmann::ordered_json::object();
  for (const auto& [key, value] : DescribePleOptions(ple)) options[key] = value;
  row.options_json = options.dump();
  row.exact = variant.exact;
  if (EditsLayers(plan.config)) DescribeLayers(variant.config.layers, variant.layers, plan.model_config, row);
  return row;
}

// A row of which FormGroups has filled the rest gets a new footprint when its folded table is made.
void SetFootprint(VariantPlan& variant) {
  variant.row.fast_bytes = variant.footprint.fast_bytes;
  variant.row.file_bytes = variant.footprint.file_bytes;
  variant.row.table_bytes = variant.footprint.table_bytes;
  variant.row.helper_threads = variant.footprint.helper_threads;
}

bool ReadTheSameFiles(const PleOptions& a, const PleOptions& b) {
  if (a.table != b.table || ReadsFoldedTable(a) != ReadsFoldedTable(b)) return false;
  if (!ReadsFoldedTable(a)) return true;
  const auto &x = a.Get<FoldedOptions>(), &y = b.Get<FoldedOptions>();
  return x.file == y.file && x.verify == y.verify;
}

// The table of a variant, and its finished inputs where they are packed: opened and checked for the first
// variant that reads these files.
PleTable TableOfVariant(const RunPlan& plan, const PleOptions& ple) {
  const bool is_own = ple.table.empty() && !ReadsFoldedTable(ple);
  if (is_own || !plan.checkpoint) return plan.table;  // without a checkpoint all tables are yet to be written
  for (const VariantPlan& before : plan.variants) {
    if (ReadTheSameFiles(before.config.ple, ple)) return before.table;
  }
  return TableThere(ple, *plan.checkpoint);
}

VariantPlan PlanVariant(const RunPlan& plan, const VariantConfig& config) {
  VariantPlan variant;
  variant.config = config;
  try {
    variant.table = TableOfVariant(plan, config.ple);
    variant.footprint = FootprintOf(config.ple, variant.table);
    variant.layers = EditLayers(config.layers, plan.model_config.text);
  } catch (const UserError& error) {
    throw UserError("{}: variant '{}': {}", plan.config.places.at(Format("variants[{}]", config.name)),
                    config.name, error.what());
  }
  // Rows of another table need not have the values of the checkpoint's own.
  const bool same_values = variant.table.path == plan.table.path ||
                           (variant.table.codec == nullptr && plan.table.codec == nullptr);
  variant.exact = IsExact(config) && same_values;
  // Packed inputs were rounded once more.
  const bool rounded = variant.table.folded && variant.table.folded->codec;
  variant.near = MustBeNear(config) && same_values && !rounded;
  variant.cache_start = CacheStartOf(config.ple);
  variant.row = RowOf(plan, variant);
  SetFootprint(variant);
  return variant;
}

void PlanVariants(RunPlan& plan) {
  for (const VariantConfig& config : plan.config.variants) plan.variants.push_back(PlanVariant(plan, config));
  FormGroups(plan);
}

// Cuts the group's workload from its text.  Throws UserError when the text is too short for it.
void PlanWorkload(const RunPlan& plan, VariantGroup& group, TextReader& texts) {
  const TokenText* text = texts.Read(group.workload);
  if (text == nullptr) return;
  const DesignSection& design = plan.config.design;
  group.works = CutWorkloads(*text, group.workload, design.warmup_steps, plan.model_config.bos_token_id,
                             MostReps(design));
  if (plan.checkpoint) ShowMediaOf(group.workload, *plan.checkpoint, *text, group.works);
  for (const int64_t v : group.variants) {
    if (plan.variants[v].cache_start != "warmed" || !group.works.front().warm_ids.empty()) continue;
    throw UserError(
        "variant '{}' starts warmed, but no token of the text is left to warm it with: set "
        "workload.warm_tokens, or take a longer text",
        plan.variants[v].name());
  }
}

std::optional<TextIdentity> IdentityOf(const TokenText* text) {
  if (text == nullptr) return std::nullopt;
  return TextIdentity{text->path, text->sha256, text->tokenizer_sha256};
}

void PlanTexts(RunPlan& plan) {
  TextReader texts(VocabularyOf(plan));
  const ExperimentConfig& config = plan.config;
  if (RunsWorkload(config)) {
    for (VariantGroup& group : plan.groups) PlanWorkload(plan, group, texts);
    // Where every variant brings its own text, that of the first stands for them.
    const bool has_text = !config.workload.text_file.empty() || !config.workload.trace.empty();
    const WorkloadSection& work = has_text ? config.workload : plan.groups.front().workload;
    plan.text = IdentityOf(texts.Read(work));
  }
  if (!config.accuracy.enabled) return;
  const TokenText* scored = texts.Read(config.accuracy);
  plan.accuracy_text = IdentityOf(scored);
  if (scored != nullptr)
    plan.scored = CutScoredText(*scored, config.accuracy, plan.model_config.bos_token_id);
}

}  // namespace

RunPlan ResolvePlan(const ExperimentConfig& config) {
  RunPlan plan;
  plan.config = config;
  OpenCheckpoint(plan);
  PlanVariants(plan);
  PlanTexts(plan);
  return plan;
}

void MakeFoldedTables(RunPlan& plan) {
  for (VariantPlan& variant : plan.variants) {
    if (!ReadsFoldedTable(variant.config.ple) || variant.table.folded) continue;
    variant.table = TableWithProgress(variant.config.ple, *plan.checkpoint);
    variant.footprint = FootprintOf(variant.config.ple, variant.table);
    SetFootprint(variant);
  }
}

RunPlan ResolvePlanOfVariant(const ExperimentConfig& config, int64_t v) {
  ExperimentConfig alone = config;
  alone.variants = {config.variants.at(v)};
  alone.variants[0].group.clear();
  alone.workload = alone.variants[0].workload;
  alone.accuracy.enabled = false;
  RunPlan plan = ResolvePlan(alone);
  MakeFoldedTables(plan);
  return plan;
}

int64_t MostReps(const DesignSection& design) {
  return design.stop.rel_half_width > 0 ? std::max(design.reps, design.stop.max_reps) : design.reps;
}

std::vector<VariantRow> VariantRows(const RunPlan& plan) {
  std::vector<VariantRow> rows;
  for (const VariantPlan& variant : plan.variants) rows.push_back(variant.row);
  return rows;
}

}  // namespace plelab
