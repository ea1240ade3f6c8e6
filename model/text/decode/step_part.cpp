#include "model/text/decode/step_part.h"

namespace plelab {

std::string_view Name(StepPart part) {
  switch (part) {
    case StepPart::kInput:
      return "input";
    case StepPart::kAttention:
      return "attention";
    case StepPart::kLaurel:
      return "laurel";
    case StepPart::kFfn:
      return "ffn";
    case StepPart::kAltUp:
      return "altup";
    case StepPart::kPle:
      return "ple";
    case StepPart::kLogits:
      return "logits";
    case StepPart::kCount:
      break;
  }
  return "";
}

}  // namespace plelab
