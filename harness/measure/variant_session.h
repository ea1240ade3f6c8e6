// One variant at work on the model, with its own PLE source and KV cache: one prompt pass, then one step
// after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/measure/step_watch.h"
#include "harness/workload/workload.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/ple_source.h"
#include "model/text/sampler.h"

namespace plelab {

struct PrefillResult {
  // From passing the prompt to the source until the first logits, including encoding.
  int64_t ttft_ns = 0;
  // Time to encode all images and all audio clips, without loading the towers.
  int64_t encode_vision_ns = 0, encode_audio_ns = 0;
  int64_t prefill_ns = 0;  // the forward pass alone
  int64_t ple_wait_ns = 0;
  torch::Tensor logits;  // [batch, 1, vocab] on the CPU
  std::string logits_sha256;
};

struct StepResult {
  int64_t token_id = 0;  // fed to the first sequence
  int64_t step_ns = 0;   // naming candidates, choosing the ids, passing them on, the step
  PleStats ple;          // of this step alone
  // What the devices moved for this process meanwhile (harness/storage/kernel_reads.h), or kBytesUnknown.
  int64_t bytes_moved = 0;
  // The bytes that the step must read: weights after sparsity, keys and values, PLE rows.
  int64_t step_bytes = 0;
  torch::Tensor logits;  // [batch, vocab] on the CPU
  std::string logits_sha256;
};

// The last step once more, with a watch on its parts.
struct ObservedStep {
  StepTimes times;
  ByStepPart<int64_t> part_bytes;  // that each part must read: weights after sparsity, keys and values
  int64_t row_bytes = 0;           // and of PLE rows
};

class VariantSession {
 public:
  // `model` and `work` must outlive the session.  `source` is shared, because the caller may keep it for the
  // next repetition.
  VariantSession(Gemma3n& model, std::shared_ptr<PleSource> source, const Workload& work,
                 const WorkloadSection& section);

  // Reads the prompt once without rows and without its media, and forgets it: what the first prompt of a
  // process pays for (pages of activations, threads, first calls of libraries) then has been paid.
  void RehearsePrompt();
  PrefillResult Prefill();
  // The timed region starts with the logits of the step before: a source that wants candidates is told them,
  // the ids are chosen and fed.  So the source sees neither earlier than in real decoding.  A model that
  // largely fits into the CPU's caches makes a step before, which is not timed: in real decoding a step
  // follows another one, whereas here hashing, eviction and the steps of other variants lie in between, and
  // who follows a slow one would find colder caches and a disk at rest.  That step reads the rows of the ids
  // before, through source.traceless(), or none.
  StepResult Step();
  // Repeats the latest Step() at its position, which changes neither what later steps compute nor what they
  // choose.  Its rows were asked for just before: a cache holds them.  Nobody names candidates to the source.
  ObservedStep ObserveStep();
  // The ids of the latest step.
  std::span<const int64_t> last_ids() const { return last_ids_; }
  // The ids that the next Step() will choose and feed, one per sequence.  Valid after Prefill().
  std::span<const int64_t> next_ids() const { return next_ids_; }
  // True where a step is rehearsed before it is timed.
  bool rehearses() const { return rehearses_; }
  const KvCache& kv() const { return kv_; }
  const PleSource& source() const { return *source_; }
  PleSource& source() { return *source_; }

 private:
  torch::Tensor PromptIds() const;  // [batch, tokens]
  // The last position's logits.  They are copied to the CPU, because only then has an accelerator finished.
  torch::Tensor ReadPrompt(const torch::Tensor& ids, PleRequest& rows, const SoftTokens& soft);
  void RehearseStep();
  // Encodes the workload's media and records the times in `times`.
  SoftTokens Encode(PrefillResult& times);
  // The ids that follow the last logits.
  std::vector<int64_t> ChosenBy(std::vector<Sampler>& samplers);
  // After logits [batch, vocab] on the CPU: learns what the next step will choose, without choosing.
  void Remember(const torch::Tensor& logits);

  Gemma3n& model_;
  std::shared_ptr<PleSource> source_;
  const Workload& work_;
  KvCache kv_;
  bool rehearses_;
  std::unique_ptr<PleSource> no_rows_;  // of what is rehearsed
  std::vector<Sampler> samplers_;       // one per sequence; empty when ids are replayed
  bool whole_prompts_;
  torch::Tensor last_logits_;  // [batch, vocab] on the CPU
  std::vector<int64_t> last_ids_, next_ids_;
  int64_t step_ = 0;
};

// SHA-256 of float32 logits on the CPU, in memory order.
std::string HashOf(const torch::Tensor& logits);

}  // namespace plelab
