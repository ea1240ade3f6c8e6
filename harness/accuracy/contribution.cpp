#include "harness/accuracy/contribution.h"

#include <algorithm>

#include "harness/accuracy/contribution_rows.h"
#include "harness/accuracy/scoring.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/progress.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// Appends x [T] to `values`.
void AppendTo(std::vector<double>& values, const torch::Tensor& x) {
  const torch::Tensor plain = x.to(torch::kCPU, torch::kFloat64).contiguous();
  const double* first = plain.const_data_ptr<double>();
  values.insert(values.end(), first, first + plain.numel());
}

// Collects what the passes over one sequence at a time show.
class AdditionsKeeper : public PleObserver {
 public:
  explicit AdditionsKeeper(int64_t layers) : seen_(layers), pieces_(layers) {}

  // Skips the first `count` tokens of the passes from now on.
  void SkipFirst(int64_t count) { skipped_ = count; }

  void SeeInput(int64_t position, const PerLayerTerms& terms) override {
    if (!terms.projected.defined() || !terms.row.defined()) return;
    AppendTo(seen_.at(position).row_to_projection,
             Kept(terms.row).norm(2, -1) / Kept(terms.projected).norm(2, -1));
  }

  void SeeAddition(int64_t position, const torch::Tensor& added, const AltUpStreams& streams) override {
    const torch::Tensor x = Kept(added), norm = x.norm(2, -1);
    torch::Tensor squares = torch::zeros_like(norm), cosines = torch::zeros_like(norm);
    for (size_t i = 1; i < streams.size(); ++i) {
      const torch::Tensor stream = Kept(streams[i]);
      squares += stream.square().sum(-1);
      cosines += (x * stream).sum(-1) / (norm * stream.norm(2, -1));
    }
    const auto others = static_cast<double>(streams.size() - 1);
    LayerAdditions& layer = seen_.at(position);
    AppendTo(layer.relative_norm, norm / (squares / others).sqrt());
    AppendTo(layer.cosine, cosines / others);
    pieces_[position].push_back(x.to(torch::kCPU).clone());
  }

  std::vector<LayerAdditions> Take() {
    for (size_t i = 0; i < seen_.size(); ++i) {
      if (!pieces_[i].empty()) seen_[i].added = torch::cat(pieces_[i]);
      pieces_[i].clear();
    }
    return std::move(seen_);
  }

 private:
  // [1, T, n] → [kept, n].
  torch::Tensor Kept(const torch::Tensor& x) const {
    return x.squeeze(0).narrow(0, skipped_, x.size(1) - skipped_);
  }

  std::vector<LayerAdditions> seen_;                // [list]; added is undefined until Take
  std::vector<std::vector<torch::Tensor>> pieces_;  // [list][piece] of [T, hidden]
  int64_t skipped_ = 0;
};

// Lets `observer` observe the model's passes during this object's life.
class Watch {
 public:
  Watch(Gemma3n& model, PleObserver& observer) : model_(model) { model.Observe(&observer); }
  ~Watch() { model_.Observe(nullptr); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  Gemma3n& model_;
};

void RunWindow(Gemma3n& model, PleSource& source, KvCache& kv, std::span<const int64_t> window,
               AdditionsKeeper& keeper) {
  kv.Clear();
  source.StartSequence();
  const int64_t piece = PieceTokens(model.config().text.vocab_size);
  for (int64_t start = 0; start < std::ssize(window); start += piece) {
    ThrowIfInterrupted();
    const auto ids = window.subspan(start, std::min(piece, std::ssize(window) - start));
    const std::vector<int64_t> values(ids.begin(), ids.end());
    keeper.SkipFirst(start == 0 ? 1 : 0);  // skips bos
    const auto request = source.Begin(ids);
    // Asks for all logits, because the layers that make no keys would otherwise skip tokens.
    model.Forward(torch::tensor(values, torch::kInt64).unsqueeze(0), &kv, *request, LogitsWanted::kAll);
  }
}

struct WatchedText {
  std::vector<int64_t> ids;            // without bos
  std::vector<LayerAdditions> layers;  // [list]
};

WatchedText WatchText(const PhaseContext& context, Gemma3n& model, const VariantPlan& variant) {
  const ScoredText& text = context.plan.scored.value();
  const auto source = context.make_source(variant.config, variant.table, {});
  KvCache kv = model.MakeKvCache(1, context.plan.config.accuracy.context);
  AdditionsKeeper keeper(model.config().text.num_hidden_layers);
  const Watch watch(model, keeper);
  WatchedText watched;
  Progress bar("contribution, windows", std::ssize(text.windows));
  for (size_t w = 0; w < text.windows.size(); ++w) {
    const auto& window = text.windows[w];
    RunWindow(model, *source, kv, window, keeper);
    watched.ids.insert(watched.ids.end(), window.begin() + 1, window.end());
    bar.Update(static_cast<int64_t>(w) + 1);
  }
  bar.Finish();
  watched.layers = keeper.Take();
  return watched;
}

std::vector<ContributionRow> RowsOf(const PhaseContext& context, Gemma3n& model, int64_t v) {
  const VariantPlan& variant = context.plan.variants[v];
  const WatchedText watched = WatchText(context, model, variant);
  const ExperimentConfig& config = context.plan.config;
  const BootstrapPlan plan{config.accuracy.bootstrap, static_cast<uint64_t>(config.design.seed)};
  std::vector<ContributionRow> rows;
  for (size_t i = 0; i < watched.layers.size(); ++i) {
    if (!watched.layers[i].added.defined()) continue;  // this layer was trained without PLE
    const auto more =
        ContributionRows(variant.name(), static_cast<int64_t>(i), watched.layers[i], watched.ids, plan);
    rows.insert(rows.end(), more.begin(), more.end());
  }
  return rows;
}

}  // namespace

void RunContributionPhase(PhaseContext& context) {
  const TimelineSpan span(context.timeline, "run", "contribution");
  for (const auto& group : context.plan.groups) {
    const int64_t v = LiveBaseline(context, group);
    const PartKey key{Phase::kContribution, v, 0};
    if (v < 0 || context.parts.Has(key)) continue;
    Record part;
    try {
      part.contribution = RowsOf(context, context.Load(group).model, v);
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      context.parts.Fail(v, MessageOf(error));
      continue;
    }
    context.parts.Put(key, std::move(part));
  }
}

int64_t ContributionBytes(const TextConfig& config, const AccuracySection& section) {
  return section.max_tokens * config.num_hidden_layers * config.hidden_size * SizeOf(DType::kFloat32);
}

}  // namespace plelab
