#include "harness/accuracy/accuracy.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "harness/accuracy/accuracy_table.h"
#include "harness/accuracy/choice_task.h"
#include "harness/accuracy/scoring.h"
#include "harness/accuracy/task_check.h"
#include "harness/measure/near_output.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/progress.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// The state of one variant while it is scored.
struct Scorer {
  int64_t variant = 0;
  bool exact = false;  // shown to be bit-equal on the first window, and not scored further
  bool near = false;   // held to the bound of `folded` on every window
  std::unique_ptr<PleSource> source = nullptr;
  LayerList layers = {};
  std::optional<KvCache> kv = std::nullopt;
  TokenScores scores = {};
  std::vector<ChoiceScores> choices = {};  // one per task
  std::string error = "";
  // The ids last fed for the current document, and the logits of each.
  std::vector<int64_t> fed = {};
  torch::Tensor fed_logits = {};
};

torch::Tensor LogitsOf(Gemma3n& model, Scorer& scorer, std::span<const int64_t> ids,
                       const SoftTokens& soft = {}) {
  const std::vector<int64_t> piece(ids.begin(), ids.end());
  const torch::Tensor tensor = torch::tensor(piece, torch::kInt64).unsqueeze(0);
  model.UseLayers(scorer.layers);  // variants take turns on one set of weights
  auto request = scorer.source->Begin(ids);
  return model.Forward(tensor, &*scorer.kv, *request, LogitsWanted::kAll, soft).squeeze(0);
}

// The sum of −ln p over `continuation` after bos and `context`.  `soft` holds what the context shows.
double NatsAfter(Gemma3n& model, Scorer& scorer, std::span<const int64_t> context,
                 std::span<const int64_t> continuation, const SoftTokens& soft) {
  std::vector<int64_t> ids = {model.config().bos_token_id};
  ids.insert(ids.end(), context.begin(), context.end());
  ids.insert(ids.end(), continuation.begin(), continuation.end() - 1);  // the last id is scored but never fed
  // Choices of one token need the same logits, as do those that begin a longer one.
  const bool is_known =
      scorer.fed.size() >= ids.size() && std::ranges::equal(ids, std::span(scorer.fed).first(ids.size()));
  if (!is_known) {
    scorer.kv->Clear();
    scorer.source->StartSequence();
    scorer.fed_logits = LogitsOf(model, scorer, ids, soft);
    scorer.fed = ids;
  }
  const auto n = std::ssize(continuation);
  const torch::Tensor logits = scorer.fed_logits.narrow(0, std::ssize(ids) - n, n);
  const TokenScores scores = ScoreTokens(logits, continuation, {});
  return std::accumulate(scores.nats.begin(), scores.nats.end(), 0.0);
}

bool SameBits(const torch::Tensor& a, const torch::Tensor& b) {
  const torch::Tensor x = a.to(torch::kCPU).contiguous(), y = b.to(torch::kCPU).contiguous();
  return x.nbytes() == y.nbytes() && std::memcmp(x.const_data_ptr(), y.const_data_ptr(), x.nbytes()) == 0;
}

bool IsComplete(const PhaseContext& context, const VariantGroup& group) {
  const auto live = LiveVariants(context, group);
  return std::all_of(live.begin(), live.end(), [&](int64_t v) {
    return context.parts.Has({Phase::kAccuracy, v, 0});
  });
}

class GroupScorer {
 public:
  GroupScorer(PhaseContext& context, const VariantGroup& group, Gemma3n& model)
      : context_(context),
        model_(model),
        section_(context.plan.config.accuracy),
        checkpoint_(*context.plan.checkpoint),
        text_(context.plan.scored.value()),
        tasks_(ReadTasks(context.plan.config)) {
    if (!tasks_.empty()) {
      tokenizer_.emplace(checkpoint_.tokenizer_path(), model_.config(),
                         section_.special_tokens ? SpecialText::kTokens : SpecialText::kText);
    }
    piece_ = PieceTokens(model_.config().text.vocab_size);
    baseline_ = LiveBaseline(context, group);
    for (int64_t v : LiveVariants(context, group)) AddScorer(v);
    // The baseline goes first, because the others are compared with its scores of the same tokens.
    std::stable_partition(scorers_.begin(), scorers_.end(),
                          [&](const Scorer& s) { return s.variant == baseline_; });
  }

  // Returns false when the baseline failed: it is then marked, and the others need another one.
  bool Run() {
    if (baseline_ >= 0 && context_.parts.HasFailed(baseline_)) return false;
    Progress bar("accuracy, windows", static_cast<int64_t>(text_.windows.size()));
    for (size_t w = 0; w < text_.windows.size(); ++w) {
      ScoreWindow(w);
      if (baseline_ >= 0 && !scorers_.front().error.empty()) {
        context_.parts.Fail(baseline_, scorers_.front().error);
        return false;
      }
      bar.Update(static_cast<int64_t>(w) + 1);
    }
    bar.Finish();
    AnswerTasks();
    for (auto& scorer : scorers_) Keep(scorer);
    return true;
  }

 private:
  void AddScorer(int64_t v) {
    const VariantPlan& variant = context_.plan.variants[v];
    try {
      const bool exact = v != baseline_ && variant.exact;
      Scorer scorer{.variant = v, .exact = exact, .near = baseline_ >= 0 && variant.near};
      scorer.source = context_.make_source(variant.config, variant.table, {});
      scorer.layers = variant.layers;
      model_.UseLayers(scorer.layers);
      scorer.kv.emplace(model_.MakeKvCache(1, section_.context));
      scorers_.push_back(std::move(scorer));
    } catch (const std::exception& error) {
      context_.parts.Fail(v, MessageOf(error));
    }
  }

  void ScoreWindow(size_t w) {
    const auto& window = text_.windows[w];
    for (auto& scorer : scorers_) {
      scorer.kv->Clear();
      scorer.source->StartSequence();
    }
    // The last token is scored but never fed.
    const auto fed = static_cast<int64_t>(window.size()) - 1;
    for (int64_t start = 0; start < fed; start += piece_) {
      ThrowIfInterrupted();
      const int64_t n = std::min(piece_, fed - start);
      ScorePiece(w, std::span(window).subspan(start, n), std::span(window).subspan(start + 1, n));
    }
  }

  void ScorePiece(size_t w, std::span<const int64_t> ids, std::span<const int64_t> targets) {
    torch::Tensor reference;
    for (auto& scorer : scorers_) {
      if (!scorer.error.empty() || (scorer.exact && w > 0)) continue;
      try {
        const torch::Tensor logits = LogitsOf(model_, scorer, ids);
        if (scorer.variant == baseline_) reference = logits;
        if (scorer.exact && !SameBits(logits, reference)) {
          throw RunError("accuracy: its logits differ from those of '{}', which it must equal bit for bit",
                         context_.name(baseline_));
        }
        if (scorer.near) CheckNear(logits, reference);
        scorer.scores.Append(ScoreTokens(logits, targets, reference));
      } catch (const std::exception& error) {
        scorer.error = MessageOf(error);
        if (scorer.variant == baseline_) return;
      }
    }
  }

  void CheckNear(const torch::Tensor& logits, const torch::Tensor& reference) const {
    const std::string far =
        FarFrom(logits, reference, CoarsestDType(model_), "accuracy", context_.name(baseline_));
    if (!far.empty()) throw RunError("{}", far);
  }

  // Goes document by document, so that what a document shows is encoded once for all variants.
  void AnswerTasks() {
    for (auto& scorer : scorers_) scorer.choices.resize(tasks_.size());
    for (size_t t = 0; t < tasks_.size(); ++t) {
      Progress bar("accuracy, " + tasks_[t].name, std::ssize(tasks_[t].documents));
      for (int64_t d = 0; d < std::ssize(tasks_[t].documents); ++d) {
        const ChoiceDocument& document = tasks_[t].documents[d];
        const SoftTokens soft =
            document.HasMedia() ? model_.Encode(ReadMedia(document.media, checkpoint_)) : SoftTokens();
        for (auto& scorer : scorers_) Answer(scorer, t, document, soft);
        bar.Update(d + 1);
      }
      bar.Finish();
    }
  }

  // Exact variants were shown to be equal, so they answer as the baseline does.
  void Answer(Scorer& scorer, size_t task, const ChoiceDocument& document, const SoftTokens& soft) {
    if (scorer.exact || !scorer.error.empty()) return;
    scorer.fed.clear();
    const auto nats = [&](std::span<const int64_t> context, std::span<const int64_t> continuation) {
      ThrowIfInterrupted();
      return NatsAfter(model_, scorer, context, continuation, soft);
    };
    try {
      ScoreDocument(document, *tokenizer_, model_.config(), nats, scorer.choices[task]);
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      scorer.error = MessageOf(error);
    }
  }

  void Keep(Scorer& scorer) {
    if (!scorer.error.empty()) return context_.parts.Fail(scorer.variant, scorer.error);
    const std::string& name = context_.name(scorer.variant);
    const TokenScores* baseline = baseline_ >= 0 ? &scorers_.front().scores : nullptr;
    const TokenScores& scores = scorer.exact ? *baseline : scorer.scores;
    Record part;
    part.accuracy = AccuracyRows(name, text_, scores, baseline, section_, context_.plan.config.design.seed);
    const std::vector<ChoiceScores>& choices = scorer.exact ? scorers_.front().choices : scorer.choices;
    const bool has_baseline = baseline_ >= 0 && scorers_.front().error.empty();
    for (size_t i = 0; i < choices.size(); ++i) {
      const ChoiceScores* compared = has_baseline ? &scorers_.front().choices[i] : nullptr;
      for (AccuracyRow& row : ChoiceRows(name, tasks_[i], choices[i], compared))
        part.accuracy.push_back(std::move(row));
    }
    if (scorer.exact) {
      const auto shown = static_cast<double>(scorer.scores.nats.size());
      part.accuracy.push_back({name, text_.task, "bit_equal_tokens", shown, shown, shown,
                               static_cast<int64_t>(scorer.scores.nats.size())});
    }
    part.tokens = TokenRows(name, text_, scorer.scores);
    context_.parts.Put({Phase::kAccuracy, scorer.variant, 0}, std::move(part));
  }

  PhaseContext& context_;
  Gemma3n& model_;
  const AccuracySection& section_;
  const Checkpoint& checkpoint_;
  const ScoredText& text_;
  std::vector<ChoiceTask> tasks_;
  std::optional<Tokenizer> tokenizer_;  // if there are tasks
  int64_t piece_ = 1;                   // tokens of a window that go through the model at once
  int64_t baseline_ = -1;
  std::vector<Scorer> scorers_;
};

}  // namespace

void RunAccuracyPhase(PhaseContext& context) {
  if (!context.plan.config.accuracy.enabled) return;
  const TimelineSpan span(context.timeline, "run", "accuracy");
  for (const auto& group : context.plan.groups) {
    while (!IsComplete(context, group)) {
      if (GroupScorer(context, group, context.Load(group).model).Run()) break;
    }
  }
}

}  // namespace plelab
