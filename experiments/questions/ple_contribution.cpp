// A steering vector? Measures what the PLE branch adds to the streams of the unchanged model, layer by layer,
// and what the model loses without it.

#include <cmath>
#include <map>

#include "experiments/questions/accuracy_summary.h"
#include "experiments/questions/experiment.h"
#include "harness/run/estimate.h"
#include "model/base/format.h"

namespace plelab {
namespace {

struct Layer {
  std::map<std::string, const ContributionRow*> metrics;  // over all tokens

  std::string Number(const std::string& metric, double factor, int digits) const {
    const auto found = metrics.find(metric);
    if (found == metrics.end() || std::isnan(found->second->value)) return "—";
    return Format("{:.{}f}", found->second->value * factor, digits);
  }
  std::string Interval(const std::string& metric, int digits) const {
    const auto found = metrics.find(metric);
    if (found == metrics.end() || std::isnan(found->second->value)) return "—";
    const ContributionRow& row = *found->second;
    return Format("{:.{}f} ±{:.{}f}", row.value, digits, (row.high - row.low) / 2, digits);
  }
  int64_t Tokens(const std::string& metric) const {
    const auto found = metrics.find(metric);
    return found == metrics.end() ? 0 : found->second->n;
  }
};

using Layers = std::map<std::pair<std::string, int64_t>, Layer>;  // by variant and list position

std::string LayerTable(const Layers& layers) {
  std::string text = Format("{:>5} {:>15} {:>7} {:>11} {:>8} {:>8} {:>10} {:>11}\n", "layer", "added/stream",
                            "cosine", "row/project", "layer %", "token %", "context %", "predicted %");
  for (const auto& [key, layer] : layers) {
    text += Format("{:>5} {:>15} {:>7} {:>11} {:>8} {:>8} {:>10} {:>11}\n", key.second,
                   layer.Interval("relative_norm", 3), layer.Number("cosine", 1, 3),
                   layer.Number("row_to_projection", 1, 2), layer.Number("share_layer", 100, 1),
                   layer.Number("share_token", 100, 1), layer.Number("share_context", 100, 1),
                   layer.Number("predicted_by_token", 100, 1));
  }
  return text;
}

std::string ContributionSummary(const ExperimentConfig& config, const RunResult& result) {
  Layers layers;
  for (const ContributionRow& row : result.record.contribution) {
    if (row.bucket == "all") layers[{row.variant, row.layer}].metrics[row.metric] = &row;
  }
  std::string text = AccuracySummary(config, result);
  if (layers.empty()) return text;
  const auto& [key, first] = *layers.begin();
  text +=
      Format("\nwhat PLE adds to the streams of '{}', {} tokens\n", key.first, first.Tokens("relative_norm"));
  text += LayerTable(layers);
  text += Format(
      "layer, token, context: parts of what is added that one vector per layer explains, one per token id "
      "beyond it,\nand neither; predicted: by the mean of the id's other occurrences.  Of the {} tokens "
      "whose id comes twice or more.\n",
      first.Tokens("share_layer"));
  return text;
}

}  // namespace

Experiment PleContribution() { return {Run, EstimateOf, ContributionSummary}; }

}  // namespace plelab
