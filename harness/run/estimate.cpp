#include "harness/run/estimate.h"

#include <ATen/ops/rand.h>
#include <torch/types.h>

#include <algorithm>
#include <cmath>

#include "harness/accuracy/contribution.h"
#include "harness/accuracy/task_check.h"
#include "harness/cold/cold_plan.h"
#include "harness/machine/bandwidth.h"
#include "harness/machine/cores.h"
#include "harness/run/own_tables.h"
#include "harness/run/run_checks.h"
#include "harness/support/cut_text.h"
#include "harness/support/timer.h"
#include "harness/support/units.h"
#include "harness/workload/loaded_model.h"
#include "model/base/error.h"
#include "model/catalog/parameter_count.h"
#include "model/ops/ops.h"
#include "model/text/kv_ring.h"
#include "model/text/layer_edit.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace {

constexpr double kLoadBytesPerS = 1e9;    // from a warm page cache
constexpr double kOfReadBandwidth = 0.6;  // the share of it that a decode step reaches
constexpr double kLayerS = 100e-6;        // fixed cost of a layer in a decode step
constexpr double kHashBytesPerS = 0.5e9;
constexpr double kSetUpS = 3;  // per repetition: two measurements of read bandwidth, making the sources
constexpr int64_t kStepRowBytes = 200, kTokenRowBytes = 80;
constexpr size_t kNameWidth = 28;  // characters of a variant's name

// The sizes of a group's model.
struct ModelSize {
  const TextConfig& text;
  int64_t stack = 0, embedding = 0, own_head = 0;  // parameters
  int64_t vision = 0, audio = 0;                   // with their embedders
  int64_t bytes_per_parameter = 2;                 // as it computes
  double bytes_per_weight = 2;                     // as its weights are held
  int64_t language() const { return stack + embedding + own_head; }
  int64_t weights_bytes() const { return BytesOf(language()); }
  int64_t BytesOf(int64_t weights) const {
    return std::llround(static_cast<double>(weights) * bytes_per_weight);
  }
  int64_t head() const { return own_head > 0 ? own_head : embedding; }
  double load_seconds() const { return static_cast<double>(weights_bytes()) / kLoadBytesPerS; }
  int64_t tower_bytes(const WorkloadSection& work) const {
    return ((work.images.empty() ? 0 : vision) + (work.audio.empty() ? 0 : audio)) * bytes_per_parameter;
  }
};

// Of the language model's tensors, without the PLE table.
int64_t StoredTextBytes(const Checkpoint& checkpoint) {
  const std::string table = checkpoint.ple_tensor();
  int64_t bytes = 0;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    if (ModalityOf(name) == Modality::kText && name != table) bytes += tensor.size_bytes;
  }
  return bytes;
}

ModelSize SizeOfModel(const RunPlan& plan, DType dtype) {
  const GroupSums parameters = CountPublished(plan.model_config, dtype).parameters;
  ModelSize size{.text = plan.model_config.text,
                 .stack = parameters[ParameterGroup::kTextStack],
                 .embedding = parameters[ParameterGroup::kTokenEmbedding],
                 .own_head = parameters[ParameterGroup::kOwnHead],
                 .vision = parameters.vision(),
                 .audio = parameters.audio(),
                 .bytes_per_parameter = SizeOf(dtype),
                 .bytes_per_weight = static_cast<double>(SizeOf(dtype))};
  if (plan.checkpoint && plan.checkpoint->is_quantised()) {
    size.bytes_per_weight =
        static_cast<double>(StoredTextBytes(*plan.checkpoint)) / static_cast<double>(size.language());
  }
  return size;
}

// The size of a checkpoint that is yet to be written, in bfloat16; 0 when the checkpoint exists.
int64_t SynthBytes(const RunPlan& plan) {
  if (plan.checkpoint) return 0;
  return CountPublished(plan.model_config, DType::kBFloat16).parameters.total() * SizeOf(DType::kBFloat16);
}

// An upper bound of one variant's KV cache: the rings of sliding layers are shorter.
int64_t KvBytes(const ModelSize& size, const ExperimentConfig& config, const VariantPlan& variant) {
  const WorkloadSection& work = variant.config.workload;
  const TextConfig own = ConfigOf(variant.layers, size.text);
  const int64_t positions = RunsWorkload(config)
                                ? work.prompt_tokens + config.design.warmup_steps + work.decode_tokens
                                : config.accuracy.context;
  return 2 * own.first_kv_shared_layer() * work.batch * positions * size.text.num_key_value_heads *
         CachedVectorBytes(CacheDType(variant.config.model), size.text.head_dim);
}

double StepSeconds(const ModelSize& size, const WorkloadSection& work, const MachineRates& rates) {
  const auto logits = static_cast<double>(size.text.vocab_size * work.batch * 4);
  const int64_t read = size.BytesOf(size.stack + size.head());
  return static_cast<double>(read) / (rates.read_gb_s * 1e9 * kOfReadBandwidth) +
         static_cast<double>(size.text.num_hidden_layers) * kLayerS + logits / kHashBytesPerS;
}

double PassSeconds(const ModelSize& size, int64_t tokens, bool all_logits, const MachineRates& rates) {
  const int64_t parameters = size.stack + (all_logits ? size.head() : 0);
  return 2e-9 * static_cast<double>(parameters) * static_cast<double>(tokens) / rates.matmul_gflop_s;
}

// Seconds that the time and memory phases of one group take, with `reps` time repetitions.
double MeasuringSeconds(const RunPlan& plan, const VariantGroup& group, const ModelSize& size,
                        const MachineRates& rates, int64_t reps) {
  const auto& design = plan.config.design;
  const WorkloadSection& work = group.workload;
  const double load = size.load_seconds();
  const double pass = PassSeconds(size, work.batch * work.prompt_tokens, false, rates);
  const auto steps = static_cast<double>(design.warmup_steps + work.decode_tokens);
  const double one = pass + steps * StepSeconds(size, work, rates);
  const bool processes = design.isolate == Isolate::kProcess;
  double seconds = static_cast<double>(reps) * (kSetUpS + (group.control < 0 ? 0 : one));
  // Each process reads one prompt that is not timed.
  if (!processes) {
    const auto count = static_cast<double>(std::min(design.processes, reps));
    seconds += load * (count - 1) + pass * count;
  }
  for (int64_t v : group.variants) {
    const double rows = static_cast<double>(plan.variants[v].footprint.fast_bytes) / kLoadBytesPerS;
    seconds += static_cast<double>(reps) * (one + (processes ? load + rows + kSetUpS + pass : 0)) +
               (processes ? 0 : rows);
    seconds += static_cast<double>(design.memory_reps) * (load + rows + one);
  }
  return seconds;
}

// Seconds that the accuracy phase of one group takes.  The baseline and each inexact variant score all
// tokens; an exact variant scores the first window only.
double AccuracySeconds(const RunPlan& plan, const VariantGroup& group, const ModelSize& size,
                       const MachineRates& rates) {
  const ExperimentConfig& config = plan.config;
  int64_t exact = 0;
  for (int64_t v : group.variants) exact += plan.variants[v].exact;
  const auto n = static_cast<int64_t>(group.variants.size());
  const int64_t whole = n - std::max<int64_t>(0, exact - 1);
  const int64_t watched = WatchesPle(config) ? 1 : 0;
  const int64_t tokens =
      (whole + watched) * config.accuracy.max_tokens + (n - whole) * config.accuracy.context;
  return size.load_seconds() + PassSeconds(size, tokens, true, rates);
}

double GroupMinutes(const RunPlan& plan, const VariantGroup& group, const ModelSize& size,
                    const MachineRates& rates, int64_t reps) {
  double seconds = size.load_seconds();
  if (RunsWorkload(plan.config)) seconds += MeasuringSeconds(plan, group, size, rates, reps);
  if (plan.config.accuracy.enabled) seconds += AccuracySeconds(plan, group, size, rates);
  return seconds / 60;
}

// Adds the group's variants and the memory that they hold to the estimate.
void AddMemory(RunEstimate& estimate, const RunPlan& plan, const VariantGroup& group, const ModelSize& size) {
  const ExperimentConfig& config = plan.config;
  const int64_t weights = size.weights_bytes() + size.tower_bytes(group.workload);
  int64_t together = weights + kProgramBytes;
  int64_t largest = 0;
  for (int64_t v : group.variants) {
    const VariantPlan& variant = plan.variants[v];
    const PleFootprint& rows = variant.footprint;
    const int64_t kv = KvBytes(size, config, variant);
    const int64_t process = weights + kProgramBytes + kv + rows.fast_bytes;
    const bool of_config = v < std::ssize(estimate.variants);  // not a copy that is timed only
    if (of_config)
      estimate.variants[v] = {variant.name(), variant.row.strategy, rows.fast_bytes, rows.file_bytes,
                              process};
    together += kv + rows.fast_bytes;
    largest = std::max(largest, process);
  }
  if (group.control >= 0) {
    const VariantPlan& twin = plan.variants[group.control];
    const bool has_own_rows = twin.cache_start != "none";  // what keeps no state is shared with the baseline
    together += KvBytes(size, config, twin) + (has_own_rows ? twin.footprint.fast_bytes : 0);
  }
  const bool side_by_side = config.design.isolate == Isolate::kStep || config.accuracy.enabled;
  if (WatchesPle(config)) together += ContributionBytes(size.text, config.accuracy);
  estimate.memory_bytes = std::max(estimate.memory_bytes, side_by_side ? together : largest);
}

void AddGroup(RunEstimate& estimate, const RunPlan& plan, const VariantGroup& group,
              const MachineRates& rates) {
  const ExperimentConfig& config = plan.config;
  const ModelSize size = SizeOfModel(plan, group.model.dtype);
  AddMemory(estimate, plan, group, size);
  const int64_t reps = MostReps(config.design);
  estimate.minutes += GroupMinutes(plan, group, size, rates, config.design.reps);
  estimate.most_minutes += GroupMinutes(plan, group, size, rates, reps);
  const auto n = static_cast<int64_t>(group.variants.size());
  const int64_t steps = RunsWorkload(config) ? reps * group.workload.decode_tokens : 0;
  estimate.result_bytes += n * (steps * kStepRowBytes +
                                (config.accuracy.enabled ? config.accuracy.max_tokens * kTokenRowBytes : 0));
}

}  // namespace

MachineRates MeasureMachineRates(const ModelSection& section) {
  UseThreads(section);
  MachineRates rates;
  rates.read_gb_s = MeasureReadBandwidth(section.threads);
  const auto dtype = TorchType(section.dtype);
  constexpr int64_t kRows = 128, kSide = 2048;
  const torch::Tensor x = at::rand({kRows, kSide});
  const LinearWeight w{
      .values = at::rand({kSide, kSide}).to(dtype),
      .format = section.dtype == DType::kBFloat16 ? WeightFormat::kBFloat16 : WeightFormat::kFloat32,
      .out = kSide,
      .in = kSide};
  Linear(x, w);
  const Timer timer;
  int64_t products = 0;
  for (; products < 200 && timer.seconds() < 0.3; ++products) Linear(x, w);
  UnpinComputeThreads();  // a thread or a process that starts later would inherit the core of this one
  rates.matmul_gflop_s = 2e-9 * kRows * kSide * kSide * static_cast<double>(products) / timer.seconds();
  return rates;
}

RunEstimate EstimateRun(const RunPlan& plan, const MachineRates& rates) {
  RunEstimate estimate;
  estimate.variants.resize(plan.config.variants.size());
  estimate.synth_bytes = SynthBytes(plan);
  estimate.own_table_bytes = OwnTableBytes(plan);
  for (const auto& group : plan.groups) AddGroup(estimate, plan, group, rates);
  return estimate;
}

std::string EstimateText(const ExperimentConfig& config, const RunEstimate& estimate,
                         const MachineRates& rates) {
  std::string text = Format("{}: {} variants, nothing is run\n", config.name, estimate.variants.size());
  text += Format("  {:<{}} {:<10} {:>12} {:>12} {:>14}\n", "variant", kNameWidth, "strategy", "rows in RAM",
                 "on storage", "its process");
  for (const auto& v : estimate.variants) {
    text += Format("  {:<{}} {:<10} {:>12} {:>12} {:>14}\n", CutInMiddle(v.variant, kNameWidth), kNameWidth,
                   v.strategy, DecimalBytes(v.fast_bytes), DecimalBytes(v.file_bytes),
                   DecimalBytes(v.process_bytes));
  }
  text += Format("about {:.1f} minutes", estimate.minutes);
  if (estimate.most_minutes > estimate.minutes) {
    text += Format(" with {} repetitions, {:.1f} if the stop rule needs all {}", config.design.reps,
                   estimate.most_minutes, config.design.stop.max_reps);
  }
  text += Format("; memory {}; disk {} for the result", DecimalBytes(estimate.memory_bytes),
                 DecimalBytes(estimate.result_bytes));
  if (estimate.own_table_bytes > 0)
    text += Format(", {} for copies of the table while it runs", DecimalBytes(estimate.own_table_bytes));
  if (estimate.synth_bytes > 0)
    text += Format(" and {} for a random checkpoint", DecimalBytes(estimate.synth_bytes));
  text += Format(
      "\nestimated from the weights' sizes: a decode step reads its weights at {:.0f} % of the {:.0f} GB/s "
      "measured "
      "just now, plus {:.1f} ms per layer;\na prompt runs at the {:.1f} GFLOP/s of {} products measured just "
      "now; "
      "loading at 1 GB/s. Cold reads are not counted.\n",
      kOfReadBandwidth * 100, rates.read_gb_s, kLayerS * 1e3, rates.matmul_gflop_s, Name(config.model.dtype));
  return text;
}

std::string EstimateOf(const ExperimentConfig& config) {
  CheckFilesExist(config);
  CheckPins(config);
  ReadTasks(config);
  const RunPlan plan = ResolvePlan(config);
  if (plan.checkpoint) CheckTasks(plan);
  CheckColdReferences(plan, config.design.reps);
  const MachineRates rates = MeasureMachineRates(config.model);
  return EstimateText(config, EstimateRun(plan, rates), rates);
}

}  // namespace plelab
