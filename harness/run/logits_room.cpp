#include "harness/run/logits_room.h"

#include <algorithm>

#include "harness/machine/resources.h"
#include "harness/run/estimate.h"
#include "harness/support/units.h"
#include "model/base/error.h"
#include "model/catalog/parameter_count.h"
#include "model/text/kv_ring.h"

namespace plelab {

int64_t LogitsMemory::total() const {
  return file_bytes + std::max(file_bytes, pass_bytes) + weights_bytes + kv_bytes + kProgramBytes;
}

namespace {

constexpr int64_t kFloat = sizeof(float);

// What one pass holds beside the logits: the streams and the FFN of its tokens, some copies of each, and the
// attention of one layer, which goes by blocks of 64 MiB of scores, or one query (model/text/attention).
int64_t ActivationBytes(const TextConfig& text, int64_t pass, int64_t tokens) {
  constexpr int64_t kCopies = 4, kScoreBlock = int64_t{64} << 20;
  const int64_t width = text.altup_num_inputs * text.hidden_size + std::ranges::max(text.intermediate_size);
  const int64_t scores = std::max(kScoreBlock, text.num_attention_heads * tokens * kFloat);
  const int64_t keys_and_values = 2 * tokens * text.num_key_value_heads * text.head_dim * kFloat;
  return kCopies * pass * width * kFloat + 3 * scores + 2 * keys_and_values;
}

}  // namespace

LogitsMemory EstimateLogits(const Gemma3nConfig& config, const LogitsWork& work) {
  const TextConfig& text = config.text;
  const int64_t pass = std::min(work.tokens, work.tokens_per_pass);
  const GroupSums bytes = CountPublished(config, work.dtype).bytes;
  LogitsMemory memory;
  memory.file_bytes = work.tokens * text.vocab_size * kFloat;
  // Logits before and after the soft cap.
  memory.pass_bytes = 2 * pass * text.vocab_size * kFloat + ActivationBytes(text, pass, work.tokens);
  memory.weights_bytes = bytes.working_set() + (work.images ? bytes.vision() : 0) +
                         (work.audio ? bytes.audio() : 0) + work.row_bytes_held;
  if (work.needs_cache()) {
    memory.kv_bytes = 2 * text.first_kv_shared_layer() * work.tokens * text.num_key_value_heads *
                      CachedVectorBytes(work.kv_dtype.value_or(work.dtype), text.head_dim);
  }
  return memory;
}

void CheckLogitsRoom(const Gemma3nConfig& config, const LogitsWork& work, const std::string& out) {
  const LogitsMemory needed = EstimateLogits(config, work);
  const int64_t available = AvailableMemoryBytes();
  if (needed.total() <= available) return;
  throw UserError(
      "{}: {} tokens x {} logits need about {} of memory ({} for the file and as much again to write it, {} "
      "for a pass, {} for weights and "
      "PLE rows, {} for the KV cache), but {} are available; give fewer tokens, a smaller --dtype, or --ple "
      "disk",
      out, work.tokens, config.text.vocab_size, DecimalBytes(needed.total()), DecimalBytes(needed.file_bytes),
      DecimalBytes(needed.pass_bytes), DecimalBytes(needed.weights_bytes), DecimalBytes(needed.kv_bytes),
      DecimalBytes(available));
}

}  // namespace plelab
