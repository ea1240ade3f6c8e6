// `plelab generate`: streams text from a checkpoint.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <memory>

#include "experiments/commands/command_options.h"
#include "experiments/commands/commands.h"
#include "experiments/commands/prompt_text.h"
#include "harness/support/message.h"
#include "harness/support/standard_streams.h"
#include "model/base/error.h"
#include "model/text/sampler.h"
#include "model/tokens/chat_template.h"
#include "model/tokens/media_prompt.h"
#include "model/tokens/tokenizer.h"
#include "model/tokens/utf8_stream.h"

namespace plelab {
namespace {

using Clock = std::chrono::steady_clock;

struct GenerateOptions {
  ModelOptions model;
  MediaFiles media;
  PromptOptions prompt;
  bool no_special = false;  // spellings of special tokens in prompt and system are text
  int64_t max_tokens = 128;
  SamplerOptions sampler;
};

struct Statistics {
  int64_t prompt_tokens = 0;
  double encode_s = 0;     // images and clips to soft tokens
  int64_t new_tokens = 0;  // including a stop id
  bool stopped = false;    // by a stop id
  double ttft_s = 0;       // from encoding and the first PLE read to the first sampled id
  double decode_s = 0;     // for the new tokens after the first
};

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

void CheckSampling(const GenerateOptions& options) {
  if (options.sampler.temperature == 0 && (options.sampler.top_k > 0 || options.sampler.top_p < 1)) {
    throw UserError("--top-k and --top-p choose among samples; give --temperature above 0 (0 is greedy)");
  }
}

std::vector<int64_t> EncodePrompt(const GenerateOptions& options, const std::string& prompt,
                                  const Tokenizer& tokenizer, const Gemma3nConfig& config, bool chat) {
  const MediaCount media = options.media.count();
  const SpecialText special_text = options.no_special ? SpecialText::kText : SpecialText::kTokens;
  if (const std::string notice = MarksWithoutFiles(prompt, media, config, special_text); !notice.empty()) {
    std::cerr << notice << "\n";
  }
  const auto read = [&](const std::string& given) {
    return options.no_special ? tokenizer.AsText(given) : given;
  };
  // Media find their places first: AsText would mark <image_soft_token> as text.
  const std::string text = read(PlaceMedia(prompt, media, /*trim=*/chat));
  if (!chat) {
    std::vector<int64_t> ids = EncodeWithMedia(tokenizer, config, text, media);
    if (DropBos(ids, tokenizer.bos())) {
      std::cerr << "note: the prompt begins with <bos>; it is left out, because every prompt gets one\n";
    }
    ids.insert(ids.begin(), tokenizer.bos());
    return ids;
  }
  std::vector<ChatTurn> turns;
  if (!options.prompt.system.empty()) turns.push_back({ChatRole::kSystem, read(options.prompt.system)});
  turns.push_back({ChatRole::kUser, text});
  return EncodeChat(tokenizer, config, turns, media);
}

void CheckLength(const GenerateOptions& options, int64_t prompt_tokens, const Gemma3nConfig& config) {
  const int64_t limit = config.text.max_position_embeddings;
  if (prompt_tokens + options.max_tokens > limit) {
    throw UserError("the prompt's {} tokens and --max-tokens {} exceed the model's {} positions",
                    prompt_tokens, options.max_tokens, limit);
  }
}

// What the model reads before it generates.
struct Prompt {
  std::vector<int64_t> ids;
  MediaInput media;
};

// Prefills, then makes a step per token.  Calls show(id) for every new id that is text.
template <class Show>
Statistics Generate(OpenModel& open, const Prompt& prompt, const std::vector<int64_t>& stop_ids,
                    int64_t max_tokens, Sampler& sampler, Show show) {
  Statistics statistics;
  statistics.prompt_tokens = static_cast<int64_t>(prompt.ids.size());
  open.model.LoadTowersFor(prompt.media);
  KvCache kv = open.model.MakeKvCache(1, statistics.prompt_tokens + max_tokens);

  const auto started = Clock::now();
  auto request = open.ple->Begin(prompt.ids);  // reads while images and clips are encoded
  const SoftTokens soft = open.model.Encode(prompt.media);
  statistics.encode_s = Seconds(Clock::now() - started);
  const auto ids = torch::tensor(prompt.ids, torch::kInt64).unsqueeze(0);
  torch::Tensor logits = open.model.Forward(ids, &kv, *request, LogitsWanted::kLast, soft);
  Clock::time_point first_known;
  while (true) {
    const torch::Tensor last = logits.reshape({1, -1}).to(torch::kCPU);
    ExpectLikeliest(*open.ple, last);
    const int64_t id = sampler.Sample(last[0]);
    if (statistics.new_tokens == 0) first_known = Clock::now();
    statistics.new_tokens += 1;
    statistics.stopped = std::find(stop_ids.begin(), stop_ids.end(), id) != stop_ids.end();
    if (statistics.stopped || statistics.new_tokens == max_tokens) {
      if (!statistics.stopped) show(id);
      break;
    }
    request = open.ple->Begin({&id, 1});  // reads while the text is shown and layer 0 computes
    show(id);
    logits = open.model.DecodeStep({&id, 1}, kv, *request);
  }
  statistics.ttft_s = Seconds(first_known - started);
  statistics.decode_s = Seconds(Clock::now() - first_known);
  return statistics;
}

void PrintStatistics(const OpenModel& open, const Statistics& statistics, bool has_media,
                     const std::string& weights) {
  std::string rate = "no decode step";
  if (statistics.new_tokens > 1) {
    rate = Format("{:.1f} tok/s", static_cast<double>(statistics.new_tokens - 1) / statistics.decode_s);
  }
  const std::string encoded = has_media ? Format(" (encoding {:.1f} ms)", statistics.encode_s * 1e3) : "";
  std::cerr << Format("{} prompt tokens, {} new ({}); TTFT {:.1f} ms{}, {}; PLE {}; {}; weights {}\n",
                      statistics.prompt_tokens, statistics.new_tokens,
                      statistics.stopped ? "stop id" : "--max-tokens", statistics.ttft_s * 1e3, encoded, rate,
                      Printable(DescribePle(open.ple_options)), Name(open.model.dtype()), weights);
}

void RunGenerate(const GenerateOptions& options) {
  CheckSampling(options);
  Sampler sampler(options.sampler);
  auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::Open(options.model.checkpoint));
  const std::string text_of_prompt = ReadPrompt(options.prompt);
  const bool chat = UseChat(options.prompt, checkpoint->directory());
  const Tokenizer tokenizer(checkpoint->tokenizer_path(), checkpoint->config());
  Prompt prompt{EncodePrompt(options, text_of_prompt, tokenizer, checkpoint->config(), chat),
                ReadMedia(options.media, *checkpoint)};
  PrintMediaNotes(options.media);
  const auto stop_ids = StopIds(checkpoint->directory(), checkpoint->config(), tokenizer, chat);
  CheckLength(options, static_cast<int64_t>(prompt.ids.size()), checkpoint->config());
  OpenModel open = OpenModelFor(options.model, checkpoint);

  Utf8Stream text;
  const auto print = [](const std::string& piece) {
    std::cout << piece;
    FlushStandardOutput();
  };
  const Statistics statistics = Generate(open, prompt, stop_ids, options.max_tokens, sampler,
                                         [&](int64_t id) { print(text.Push(tokenizer.Bytes(id))); });
  const bool cut_off = text.held_bytes() > 0;
  print(text.Finish() + "\n");
  if (cut_off) std::cerr << "note: --max-tokens ends the text within a character (shown as \uFFFD)\n";
  const bool has_media = prompt.media.pixels.defined() || prompt.media.mel.defined();
  PrintStatistics(open, statistics, has_media, checkpoint->weights_label());
}

}  // namespace

void AddGenerateCommand(CLI::App& app) {
  auto options = std::make_shared<GenerateOptions>();
  CLI::App* command = app.add_subcommand("generate", "Continue a text, or answer with a tuned checkpoint");
  AddModelOptions(*command, options->model, "bfloat16");
  command->add_option(
      "--prompt", options->prompt.prompt,
      "text to continue or to answer (-: standard input); <image> and <audio> in it mark where "
      "the files go");
  command->add_option("--prompt-file", options->prompt.prompt_file,
                      "file that holds the prompt, which is read as it stands, its last newline too");
  command->add_flag("--no-special", options->no_special,
                    "read spellings of special tokens in the prompt (<bos>, <end_of_turn>, …) as text");
  AddMediaOptions(*command, options->media);
  command->add_option("--system", options->prompt.system, "chat: instructions before the first turn");
  command
      ->add_option("--chat", options->prompt.chat,
                   "wrap the prompt in Gemma's chat turns; auto: if CKPT has a chat template")
      ->check(CLI::IsMember({"on", "off", "auto"}))
      ->capture_default_str();
  command->add_option("--max-tokens", options->max_tokens, "at most this many new tokens")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--temperature", options->sampler.temperature, "temperature of the sampling; 0: greedy")
      ->capture_default_str();
  command->add_option("--top-k", options->sampler.top_k, "sample from the K likeliest; 0: all")
      ->capture_default_str();
  command
      ->add_option("--top-p", options->sampler.top_p,
                   "sample from the likeliest tokens that together have this probability")
      ->capture_default_str();
  command->add_option("--seed", options->sampler.seed, "seed of the sampling")->capture_default_str();
  command->callback([options] { RunGenerate(*options); });
}

}  // namespace plelab
