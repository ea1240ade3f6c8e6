#include "model/weight_check.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "model/io/error.h"

namespace plelab {
namespace {

bool IsReadable(DType dtype) {
  return dtype == DType::kFloat32 || dtype == DType::kBFloat16 || dtype == DType::kFloat16;
}

std::string Shape(const std::vector<int64_t>& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

// Empty when the tensor fits.
std::string Problem(const TensorInfo& info, const std::vector<int64_t>& expected) {
  if (info.shape != expected) {
    return fmt::format("'{}': expected {}, found {}", info.name, Shape(expected), Shape(info.shape));
  }
  if (!IsReadable(info.dtype)) {
    return fmt::format("'{}': expected float32, bfloat16 or float16, found {}", info.name, Name(info.dtype));
  }
  return "";
}

}  // namespace

std::vector<std::string> TensorProblems(const Checkpoint& checkpoint,
                                        const std::set<ParameterGroup>& may_lack) {
  const TextConfig& text = checkpoint.config().text;
  std::vector<TensorSpec> specs = PublishedTensors(checkpoint.config());
  specs.push_back(MakeSpec("lm_head.weight", {text.vocab_size, text.hidden_size}, ParameterGroup::kUnusedKv));
  std::vector<std::string> problems;
  std::set<std::string> known;
  for (const TensorSpec& spec : specs) {
    known.insert(spec.name);
    const TensorInfo* info = checkpoint.Find(spec.name);
    const bool optional = spec.group == ParameterGroup::kUnusedKv || may_lack.contains(spec.group);
    if (info == nullptr) {
      if (!optional)
        problems.push_back(fmt::format("'{}': missing, expected {}", spec.name, Shape(spec.shape)));
    } else if (std::string problem = Problem(*info, spec.shape); !problem.empty()) {
      problems.push_back(std::move(problem));
    }
  }
  for (const auto& [name, info] : checkpoint.tensors()) {
    if (!known.contains(name))
      problems.push_back(fmt::format("'{}': unknown, found {}", name, Shape(info.shape)));
  }
  return problems;
}

void VerifyTensors(const Checkpoint& checkpoint, const std::set<ParameterGroup>& may_lack) {
  const std::vector<std::string> problems = TensorProblems(checkpoint, may_lack);
  if (problems.empty()) return;
  const size_t shown = std::min<size_t>(problems.size(), 20);
  throw UserError("{}: {} tensors do not fit config.json; is it this checkpoint's own? {}{}",
                  checkpoint.directory(), problems.size(),
                  fmt::join(problems.begin(), problems.begin() + static_cast<int64_t>(shown), "; "),
                  shown < problems.size() ? fmt::format("; … and {} more", problems.size() - shown) : "");
}

}  // namespace plelab
