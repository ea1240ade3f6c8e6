#include "harness/measure/variant_session.h"

#include <ATen/Parallel.h>

#include "harness/storage/kernel_reads.h"
#include "harness/support/timer.h"
#include "model/base/sha256.h"
#include "model/kernels/parallel.h"
#include "model/ple/sources/dropped_ple.h"

namespace plelab {
namespace {

std::vector<Sampler> MakeSamplers(const WorkloadSection& section) {
  std::vector<Sampler> samplers;
  if (section.decode == Decode::kReplay) return samplers;
  SamplerOptions options;
  options.temperature = section.decode == Decode::kGreedy ? 0 : section.temperature;
  for (int64_t b = 0; b < section.batch; ++b) {
    options.seed = static_cast<uint64_t>(section.seed + b);
    samplers.emplace_back(options);
  }
  return samplers;
}

std::vector<int64_t> Flattened(const std::vector<std::vector<int64_t>>& rows) {
  std::vector<int64_t> flat;
  for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
  return flat;
}

std::vector<int64_t> LastOfEach(const std::vector<std::vector<int64_t>>& rows) {
  std::vector<int64_t> last;
  for (const auto& row : rows) last.push_back(row.back());
  return last;
}

// Wakes the threads of the pool.  They fall asleep while logits are hashed and pages evicted between two
// steps, whereas real steps follow each other immediately.
void WakeThreads() {
  ParallelFor(0, at::get_num_threads(), 1, [](int64_t, int64_t) {});
}

// A few times what the caches of a CPU hold.  Above, a step reads so much that what was there before does not
// matter.
constexpr int64_t kSmallModelBytes = int64_t{64} << 20;

bool FitsIntoCaches(const Gemma3n& model) {
  const WeightBytes bytes = model.weight_bytes();
  return model.device().is_cpu() && bytes.token_embedding + bytes.text_stack <= kSmallModelBytes;
}

std::unique_ptr<PleSource> MakeNoRows(const PleGeometry& geometry) {
  return std::make_unique<DroppedPle>(geometry, DropMode::kProjectionOnly);
}

}  // namespace

std::string HashOf(const torch::Tensor& logits) {
  const torch::Tensor plain = logits.contiguous();
  const auto* bytes = static_cast<const std::byte*>(plain.const_data_ptr());
  return Sha256Hex(std::span(bytes, plain.nbytes()));
}

VariantSession::VariantSession(Gemma3n& model, std::shared_ptr<PleSource> source, const Workload& work,
                               const WorkloadSection& section)
    : model_(model),
      source_(std::move(source)),
      work_(work),
      kv_(model.MakeKvCache(work.batch, work.positions())),
      rehearses_(FitsIntoCaches(model)),
      no_rows_(MakeNoRows(source_->geometry())),
      samplers_(MakeSamplers(section)),
      whole_prompts_(section.prompt_layers == "all") {}

SoftTokens VariantSession::Encode(PrefillResult& times) {
  SoftTokens soft;
  if (work_.media.pixels.defined()) {
    const Timer timer;
    soft.image = model_.EncodeImages(work_.media.pixels);
    times.encode_vision_ns = timer.ns();
  }
  if (work_.media.mel.defined()) {
    const Timer timer;
    soft.audio = model_.EncodeClips(work_.media.mel, work_.media.mel_mask);
    times.encode_audio_ns = timer.ns();
  }
  return soft;
}

torch::Tensor VariantSession::PromptIds() const {
  return torch::tensor(Flattened(work_.prompts), torch::kInt64).view({work_.batch, work_.prompt_tokens});
}

torch::Tensor VariantSession::ReadPrompt(const torch::Tensor& ids, PleRequest& rows, const SoftTokens& soft) {
  model_.ComputeWholePrompts(whole_prompts_);
  return model_.Forward(ids, &kv_, rows, LogitsWanted::kLast, soft).to(torch::kCPU);
}

void VariantSession::RehearsePrompt() {
  kv_.Clear();
  const auto no_rows = no_rows_->Begin(Flattened(work_.prompts));
  ReadPrompt(PromptIds(), *no_rows, {});
  kv_.Clear();
}

PrefillResult VariantSession::Prefill() {
  const auto flat = Flattened(work_.prompts);
  const torch::Tensor ids = PromptIds();
  kv_.Clear();
  source_->StartSequence();
  step_ = 0;
  const PleStats before = source_->stats();

  model_.LoadTowersFor(work_.media);

  WakeThreads();
  PrefillResult result;
  const Timer ttft;
  auto request = source_->Begin(flat);
  const SoftTokens soft = Encode(result);
  const Timer prefill;
  const torch::Tensor logits = ReadPrompt(ids, *request, soft);
  result.prefill_ns = prefill.ns();
  result.ttft_ns = ttft.ns();

  request.reset();
  result.ple_wait_ns = (source_->stats() - before).wait_ns;
  result.logits = logits;
  result.logits_sha256 = HashOf(logits);
  next_ids_ = LastOfEach(work_.prompts);
  Remember(logits.squeeze(1));
  return result;
}

void VariantSession::RehearseStep() {
  if (!rehearses_) return;
  PleSource* rows = source_->traceless();
  const auto request = rows != nullptr ? rows->Begin(last_ids_) : no_rows_->Begin(next_ids_);
  model_.DecodeStep(next_ids_, kv_, *request);
  kv_.ForgetLast();
}

StepResult VariantSession::Step() {
  StepResult result;
  const int64_t position = kv_.length();

  RehearseStep();
  const PleStats before = source_->stats();
  const KernelReads reads;
  WakeThreads();
  const Timer timer;
  ExpectLikeliest(*source_, last_logits_);
  const std::vector<int64_t> ids = ChosenBy(samplers_);
  auto request = source_->Begin(ids);
  const torch::Tensor logits = model_.DecodeStep(ids, kv_, *request).to(torch::kCPU);
  const PleKind kind = request->kind();
  request.reset();
  result.step_ns = timer.ns();

  result.token_id = ids.at(0);
  result.bytes_moved = reads.bytes();
  result.ple = source_->stats() - before;
  result.step_bytes = model_.DecodeStepBytes(position, kind) + result.ple.row_bytes;
  result.logits = logits;
  result.logits_sha256 = HashOf(logits);
  ++step_;
  Remember(logits);
  return result;
}

ObservedStep VariantSession::ObserveStep() {
  kv_.ForgetLast();
  const int64_t position = kv_.length();
  RehearseStep();
  const PleStats before = source_->stats();
  WakeThreads();
  StepWatch watch(*source_);
  auto request = watch.Begin(last_ids_);
  const PleKind kind = request->kind();
  model_.DecodeStep(last_ids_, kv_, *request, {}, &watch);
  request.reset();

  ObservedStep observed;
  observed.times = watch.Finish();
  observed.part_bytes = model_.DecodeStepBytesByPart(position, kind);
  observed.row_bytes = (source_->stats() - before).row_bytes;
  return observed;
}

std::vector<int64_t> VariantSession::ChosenBy(std::vector<Sampler>& samplers) {
  std::vector<int64_t> ids = next_ids_;
  for (int64_t b = 0; b < work_.batch; ++b) {
    if (!samplers.empty()) {
      ids[b] = samplers[b].Sample(last_logits_[b]);
    } else if (step_ < work_.steps()) {
      ids[b] = work_.replay[b][step_];
    }
  }
  return ids;
}

void VariantSession::Remember(const torch::Tensor& logits) {
  last_logits_ = logits;
  last_ids_ = next_ids_;
  std::vector<Sampler> as_they_will_choose = samplers_;
  next_ids_ = ChosenBy(as_they_will_choose);
}

}  // namespace plelab
