#include "model/catalog/weight_catalog.h"

#include <algorithm>
#include <span>
#include <utility>

#include "model/base/error.h"
#include "model/catalog/text_weight_list.h"

namespace plelab {

std::vector<TensorSpec> PublishedTensors(const Gemma3nConfig& config) {
  std::vector<TensorSpec> specs;
  const auto append = [&](const TensorSpec& spec, const auto&) { specs.push_back(spec); };
  TextWeights text = EmptyTextWeights(config.text);
  ForEachTensor(TextPrefix(config), config.text, text, append);
  EmbedderWeights embedder;
  if (config.vision) {
    for (TensorSpec& spec : VisionTowerTensors(*config.vision)) specs.push_back(std::move(spec));
    ForEachTensor(VisionEmbedderShape(config), embedder, append);
  }
  if (config.audio) {
    for (TensorSpec& spec : AudioTowerTensors(*config.audio)) specs.push_back(std::move(spec));
    ForEachTensor(AudioEmbedderShape(config), embedder, append);
  }
  return specs;
}

namespace {

std::string Shape(const std::vector<int64_t>& shape) { return Format("[{}]", Join(shape, ", ")); }

// Codes and scales must have the shapes of the published tensor or of its transpose.
void AddCodeProblems(const Checkpoint::Quantised& found, const TensorSpec& spec,
                     std::vector<std::string>& problems) {
  const auto fits = [&](int64_t rows, int64_t columns) {
    const CodeTensors expected = CodeTensorsOf(spec.name, found.format, rows, columns);
    return found.codes->shape == expected.codes.shape && found.codes->dtype == expected.codes.dtype &&
           found.scales->shape == expected.scales.shape && found.scales->dtype == expected.scales.dtype;
  };
  if (spec.shape.size() == 2 && (fits(spec.shape[0], spec.shape[1]) || fits(spec.shape[1], spec.shape[0]))) {
    return;
  }
  problems.push_back(Format("'{}': expected codes of {}, found {} with scales {}", found.codes->name,
                            Shape(spec.shape), Shape(found.codes->shape), Shape(found.scales->shape)));
}

}  // namespace

std::vector<std::string> TensorProblems(const Checkpoint& checkpoint,
                                        const std::set<ParameterGroup>& may_lack) {
  const TextConfig& text = checkpoint.config().text;
  std::vector<TensorSpec> specs = PublishedTensors(checkpoint.config());
  if (!text.own_head) {
    specs.push_back(MakeSpec(kHeadTensor, {text.vocab_size, text.hidden_size}, ParameterGroup::kUnusedKv));
  }
  std::vector<std::string> problems;
  std::set<std::string> known;
  for (const TensorSpec& spec : specs) {
    known.insert(spec.name);
    const TensorInfo* info = checkpoint.Find(spec.name);
    const bool is_packed = spec.name == checkpoint.ple_tensor() && checkpoint.has_packed_table();
    const bool optional =
        is_packed || spec.group == ParameterGroup::kUnusedKv || may_lack.contains(spec.group);
    if (const auto quantised = checkpoint.FindQuantised(spec.name)) {
      AddCodeProblems(*quantised, spec, problems);
    } else if (info == nullptr) {
      if (!optional) problems.push_back(Format("'{}': missing, expected {}", spec.name, Shape(spec.shape)));
    } else if (info->shape != spec.shape) {
      problems.push_back(
          Format("'{}': expected {}, found {}", info->name, Shape(spec.shape), Shape(info->shape)));
    }
  }
  for (const auto& [name, info] : checkpoint.tensors()) {
    const auto code = ParseCodeName(name);
    if (code && checkpoint.FindQuantised(code->weight) && known.contains(code->weight)) continue;
    if (!known.contains(name)) problems.push_back(Format("'{}': unknown, found {}", name, Shape(info.shape)));
  }
  return problems;
}

void VerifyTensors(const Checkpoint& checkpoint, const std::set<ParameterGroup>& may_lack) {
  const std::vector<std::string> problems = TensorProblems(checkpoint, may_lack);
  if (problems.empty()) return;
  const size_t shown = std::min<size_t>(problems.size(), 20);
  throw UserError("{}: {} tensors do not fit config.json; is it this checkpoint's own? {}{}",
                  checkpoint.directory(), problems.size(), Join(std::span(problems).first(shown), "; "),
                  shown < problems.size() ? Format("; … and {} more", problems.size() - shown) : "");
}

}  // namespace plelab
