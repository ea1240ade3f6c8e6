#include "experiments/commands/prompt_text.h"

#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/tokens/gemma_turns.h"
#include "model/tokens/shipped_template.h"
#include "model/tokens/text_encoding.h"

namespace plelab {
namespace {

constexpr char kRenderIt[] =
    "render the prompt with scripts/render_chat.py, and give it with --chat off --prompt-file FILE";

std::string ReadAll(std::istream& stream) { return {std::istreambuf_iterator<char>(stream), {}}; }

std::string ReadStandardInput() {
  std::string text = ReadAll(std::cin);
  if (std::ferror(stdin) == 0) return text;
  throw UserError(
      "--prompt -: standard input cannot be read; pipe a text into it, or give --prompt-file FILE");
}

std::string ReadPromptFile(const std::string& path) {
  RefuseSpecialInput(path);
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw UserError("--prompt-file {}: cannot be read; expected a file with the prompt's text", path);
  return ReadAll(file);
}

std::string Utf8Prompt(const std::string& bytes, const std::string& origin) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  RequireUtf8(bytes, origin, "convert it: iconv -f ENCODING -t UTF-8 (such as WINDOWS-1252 or UTF-16)");
  return bytes.starts_with(kByteOrderMark) ? bytes.substr(kByteOrderMark.size()) : bytes;
}

}  // namespace

std::string ReadPrompt(const PromptOptions& options) {
  if (options.prompt.has_value() == options.prompt_file.has_value()) {
    throw UserError(
        "give exactly one of --prompt TEXT (- for standard input) and --prompt-file FILE, found {}",
        options.prompt ? "both" : "none");
  }
  if (options.prompt_file) {
    return Utf8Prompt(ReadPromptFile(*options.prompt_file), "--prompt-file " + *options.prompt_file);
  }
  if (*options.prompt == "-") return Utf8Prompt(ReadStandardInput(), "--prompt - (standard input)");
  return Utf8Prompt(*options.prompt, "--prompt");
}

bool UseChat(const PromptOptions& options, const std::string& checkpoint_directory) {
  if (options.chat == "off") {
    if (options.system.empty()) return false;
    throw UserError("--system needs chat turns, and --chat off asks for none; put its text into the prompt");
  }
  const auto shipped = FindChatTemplate(checkpoint_directory);
  if (!shipped) {
    if (options.chat == "on" || options.system.empty()) return options.chat == "on";
    throw UserError(
        "--system needs the chat template: this checkpoint ships none; give --chat on to use it anyway");
  }
  const TurnsVerdict verdict = JudgeTemplate(shipped->text);
  if (!verdict.gemma()) {
    throw UserError("{}: the chat template does not write Gemma's turns: {}; {}", shipped->place,
                    verdict.turns, kRenderIt);
  }
  if (!options.system.empty() && !verdict.system.empty()) {
    throw UserError("{}: the chat template does not take --system as Gemma 3n's does: {}; {}", shipped->place,
                    verdict.system, kRenderIt);
  }
  return true;
}

}  // namespace plelab
