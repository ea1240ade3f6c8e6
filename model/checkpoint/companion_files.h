// The files beside config.json and the weights that decide what a checkpoint computes.
#pragma once

#include <array>

namespace plelab {

// The vocabulary with its added tokens, and the front ends of pictures and sounds.
inline constexpr std::array kCompanionFiles = {"tokenizer.model", "tokenizer.json", "tokenizer_config.json",
                                               "preprocessor_config.json", "processor_config.json"};

}  // namespace plelab
