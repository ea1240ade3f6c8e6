// For scripts/reference/check_tokenizer.py: reads lines that are JSON strings from standard input, and writes
// the ids of each as a JSON array.
//   encode_lines TOKENIZER VOCAB_SIZE [--no-special]
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "model/tokens/tokenizer.h"

int main(int argc, char** argv) {
  using namespace plelab;
  try {
    if (argc < 3) throw std::runtime_error("usage: encode_lines TOKENIZER VOCAB_SIZE [--no-special]");
    Gemma3nConfig config;
    config.bos_token_id = 2;
    config.text.vocab_size = std::stoll(argv[2]);
    const auto started = std::chrono::steady_clock::now();
    const Tokenizer tokenizer(argv[1], config, argc > 3 ? SpecialText::kText : SpecialText::kTokens);
    const std::chrono::duration<double> load = std::chrono::steady_clock::now() - started;
    std::cerr << "loaded in " << load.count() << " s\n";
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << nlohmann::json(tokenizer.Encode(nlohmann::json::parse(line).get<std::string>())).dump()
                << '\n';
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
