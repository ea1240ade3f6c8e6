// tests/data/tokenizer: a tokenizer.json as transformers saves it, and what the tokenizers library makes of
// lines (scripts/reference/make_tokenizer_golden.py).
#include "model/vocabulary/tokenizer_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "model/base/error.h"
#include "model/base/sha256.h"
#include "model/tokens/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace tokenizer_json_test {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

const std::string kFolder = PLELAB_SOURCE_DIR "/tests/data/tokenizer/";

Gemma3nConfig Config(int64_t rows = 700) {
  Gemma3nConfig config;
  config.bos_token_id = 2;
  config.pad_token_id = 0;
  config.eos_token_ids = {1, 9};
  config.text.vocab_size = rows;
  return config;
}

const Tokenizer& Golden() {
  static const Tokenizer tokenizer(kFolder + "tokenizer.json", Config());
  return tokenizer;
}

// The error for the golden file after `change`.
std::string ErrorOfText(const std::string& text, int64_t rows = 700) {
  const TemporaryFolder folder;
  WriteText(folder / "tokenizer.json", text);
  try {
    Tokenizer(folder / "tokenizer.json", Config(rows));
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}
std::string ErrorOf(const std::function<void(json&)>& change) {
  json file = json::parse(ReadText(kFolder + "tokenizer.json"));
  change(file);
  return ErrorOfText(file.dump());
}

TEST(TokenizerJson, EncodesAsTheTokenizersLibrary) {
  const Tokenizer as_text(kFolder + "tokenizer.json", Config(), SpecialText::kText);
  const json lines = json::parse(ReadText(kFolder + "lines.json"));
  ASSERT_GT(lines.size(), 50u);
  for (const json& line : lines) {
    const auto text = line[0].get<std::string>();
    EXPECT_EQ(Golden().Encode(text), line[1].get<std::vector<int64_t>>()) << text;
    EXPECT_EQ(as_text.Encode(text), line[2].get<std::vector<int64_t>>()) << text;
    EXPECT_EQ(Golden().Encode(Golden().AsText(text)), line[2].get<std::vector<int64_t>>()) << text;
  }
}

TEST(TokenizerJson, DecodesWhatItEncodes) {
  for (const std::string text : {"In the beginning", "  two  spaces\n\n\n\tx", "naïve 中文字 🙂",
                                 "<start_of_turn>user\nhi", "<mask><|think|> so", "................"}) {
    EXPECT_EQ(Golden().Decode(Golden().Encode(text)), text);
  }
  EXPECT_EQ(Golden().Decode(std::vector<int64_t>{2, 0, 1, 3, 8}), "<start_of_turn>");
}

TEST(TokenizerJson, KnowsItsPiecesAndItsFile) {
  EXPECT_EQ(Golden().vocab_size(), 640);
  EXPECT_EQ(Golden().PieceId("<bos>"), 2);
  EXPECT_EQ(Golden().PieceId("<|think|>"), 643);
  EXPECT_EQ(Golden().PieceId("no such piece"), -1);
  EXPECT_EQ(Golden().hash(), Sha256Hex(ReadText(kFolder + "tokenizer.json")));
}

TEST(TokenizerJson, ReadsMergesInTheOlderSpelling) {
  EXPECT_EQ(ErrorOf([](json& file) {
              for (json& merge : file["model"]["merges"])
                merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
            }),
            "accepted");
  EXPECT_THAT(ErrorOf([](json& file) { file["model"]["merges"][0] = "a b c"; }), HasSubstr("merge 'a b c'"));
}

TEST(TokenizerJson, ByteCharactersMayStandForTheirPieces) {
  EXPECT_EQ(ErrorOf([](json& file) {
              file["model"]["vocab"]["\t"] = file["model"]["vocab"]["<0x09>"];
              file["model"]["vocab"].erase("<0x09>");
            }),
            "accepted");
  EXPECT_THAT(ErrorOf([](json& file) { file["model"]["vocab"].erase("<0x09>"); }),
              HasSubstr("has no <0x09>"));
}

TEST(TokenizerJson, RefusesByNameWhatSentencepieceCannotExpress) {
  const std::pair<std::function<void(json&)>, const char*> cases[] = {
      {[](json& f) { f["model"]["type"] = "WordPiece"; }, "the model is \"WordPiece\""},
      {[](json& f) { f["model"]["type"] = "Unigram"; }, "the model is \"Unigram\""},
      {[](json& f) {
         f["pre_tokenizer"] = {{"type", "ByteLevel"}};
       },
       "the pre-tokenizer is \"ByteLevel\""},
      {[](json& f) {
         f["pre_tokenizer"] = {{"type", "Metaspace"}};
       },
       "the pre-tokenizer is \"Metaspace\""},
      {[](json& f) {
         f["normalizer"] = {{"type", "NFC"}};
       },
       "the normalizer is \"NFC\""},
      {[](json& f) { f["normalizer"] = nullptr; }, "the normalizer is null"},
      {[](json& f) {
         f["normalizer"] = {{"type", "Sequence"},
                            {"normalizers", {{{"type", "Prepend"}, {"prepend", "▁"}}, f["normalizer"]}}};
       },
       "the normalizer is {\"normalizers\":[{\"prepend\""},
      {[](json& f) { f["model"]["byte_fallback"] = false; }, "'model.byte_fallback' is false"},
      {[](json& f) { f["model"]["dropout"] = 0.1; }, "'model.dropout' is 0.1"},
      {[](json& f) { f["model"]["ignore_merges"] = true; }, "'model.ignore_merges' is true"},
      {[](json& f) { f["model"]["end_of_word_suffix"] = "</w>"; }, "'model.end_of_word_suffix' is \"</w>\""},
      {[](json& f) { f["model"]["unk_token"] = nullptr; }, "'model.unk_token' is null"},
      {[](json& f) { f["added_tokens"][4]["single_word"] = true; },
       "'<mask>' is looked for as a single word"},
      {[](json& f) { f["model"]["vocab"]["<0x0A>"] = 11; }, "more than once"},
      {[](json& f) { f["model"]["vocab"]["the"] = "many"; }, "'model.vocab'"},
      {[](json& f) { f["model"]["merges"][0] = 5; }, "'model.merges'"},
      {[](json& f) {
         f["model"]["merges"].push_back({"t", "no such piece"});
       },
       "'no such piece'"},
      {[](json& f) { f.erase("model"); }, "has no 'model'"}};
  for (const auto& [change, expected] : cases) {
    EXPECT_THAT(ErrorOf(change), AllOf(HasSubstr("tokenizer.json: "), HasSubstr(expected))) << expected;
  }
}

TEST(TokenizerJson, RefusesAnAddedTokenWhoseIdContradictsThePieces) {
  const json golden = json::parse(ReadText(kFolder + "tokenizer.json"));
  const auto piece = [&](int64_t id) {
    for (const auto& [text, of] : golden["model"]["vocab"].items()) {
      if (of == id) return text;
    }
    return std::string();
  };
  const auto with = [](int64_t id, const std::string& content) {
    return ErrorOf([&](json& file) { file["added_tokens"].push_back({{"id", id}, {"content", content}}); });
  };
  EXPECT_THAT(with(500, "a spelling of its own"), HasSubstr("has id 500, which 'model.vocab' gives to"));
  EXPECT_THAT(with(690, piece(500)), AllOf(HasSubstr("has id 690"), HasSubstr("gives it 500")));
  EXPECT_EQ(with(500, piece(500)), "accepted");
}

TEST(TokenizerJson, RefusesMergesThatDisagreeWithTheOrderOfPieces) {
  EXPECT_THAT(ErrorOf([](json& file) {
                json& merges = file["model"]["merges"];
                merges.push_back(merges[merges.size() / 2]);
              }),
              HasSubstr("is listed twice"));
  EXPECT_THAT(ErrorOf([](json& file) {
                json& merges = file["model"]["merges"];
                json moved = json::array();
                for (const json& merge : merges) {
                  if (merge[0].get<std::string>() + merge[1].get<std::string>() == "▁the")
                    moved.push_back(merge);
                }
                ASSERT_GE(moved.size(), 2u);
                merges.erase(std::find(merges.begin(), merges.end(), moved.back()));
                merges.push_back(moved.back());
              }),
              HasSubstr("interleave"));
}

TEST(TokenizerJson, RefusesIdsThatTheModelHasNoRowsFor) {
  EXPECT_THAT(ErrorOfText(ReadText(kFolder + "tokenizer.json"), 639),
              HasSubstr("has id 639, but config.json's vocab_size is 639"));
  // An added token past the table is an error only where a text has it.
  const Tokenizer tokenizer(kFolder + "tokenizer.json", Config(645));
  EXPECT_NO_THROW(tokenizer.Encode("<|thinker|>"));
  EXPECT_THROW(tokenizer.Encode("two words"), UserError);
}

TEST(TokenizerJson, RefusesKeysThatAreGivenTwice) {
  const std::string whole = ReadText(kFolder + "tokenizer.json");
  const auto with = [&](const std::string& before, const std::string& more) {
    const size_t at = whole.find(before);
    EXPECT_NE(at, whole.npos) << before;
    return ErrorOfText(whole.substr(0, at) + more + whole.substr(at));
  };
  EXPECT_THAT(with("\"added_tokens\"", R"("added_tokens": [], )"),
              HasSubstr("key 'added_tokens' is given twice"));
  EXPECT_THAT(with("\"vocab\"", R"("vocab": {}, )"), HasSubstr("key 'vocab' is given twice"));
  EXPECT_THAT(with("\"merges\"", R"("merges": [], )"), HasSubstr("key 'merges' is given twice"));
  EXPECT_THAT(with("\"content\"", R"("content": "x", )"), HasSubstr("key 'content' is given twice"));
}

TEST(TokenizerJson, SurvivesWhatIsNoTokenizer) {
  const std::string whole = ReadText(kFolder + "tokenizer.json");
  EXPECT_THAT(ErrorOfText(""), HasSubstr("not valid JSON"));
  EXPECT_THAT(ErrorOfText("[]"), HasSubstr("expected a JSON object"));
  EXPECT_THAT(ErrorOfText("{}"), HasSubstr("has no 'model'"));
  EXPECT_THAT(ErrorOfText(whole.substr(0, whole.size() / 2)), HasSubstr("not valid JSON at byte"));
  EXPECT_THAT(ErrorOfText(std::string(80'000, '[')), HasSubstr("nests deeper than 64 levels"));
  EXPECT_THAT(ErrorOfText(R"({"model": {"vocab": {"a": {)"), HasSubstr("'model.vocab' is not a list"));
}

TEST(TokenizerJson, AddsWhatTokenizerModelLacks) {
  const TemporaryFolder folder;
  std::filesystem::copy_file(PLELAB_SOURCE_DIR "/configs/models/small/tokenizer.model",
                             folder / "tokenizer.model");
  WriteText(folder / "tokenizer_config.json",
            R"({"added_tokens_decoder": {"8200": {"content": "<tool>", "special": true},
                                         "8201": {"content": "word", "special": false},
                                         "4": {"content": "<mask>", "special": true}}})");
  const Tokenizer read(folder / "tokenizer.model", Config(8448));
  const Tokenizer text(folder / "tokenizer.model", Config(8448), SpecialText::kText);
  EXPECT_EQ(read.Encode("<tool><mask>word"), (std::vector<int64_t>{8200, 4, 8201}));
  EXPECT_EQ(read.Decode(std::vector<int64_t>{8200, 4, 8201}), "<tool><mask>word");
  EXPECT_EQ(text.Encode("word").front(), 8201) << "not special";
  EXPECT_GT(text.Encode("<tool>").size(), 2u);
  EXPECT_GT(text.Encode("<mask>").size(), 2u) << "special here, though user-defined in the model";
  WriteText(folder / "tokenizer_config.json", R"({"added_tokens_decoder": {"8200": {"content": "<bos>"}}})");
  try {
    Tokenizer(folder / "tokenizer.model", Config(8448));
    ADD_FAILURE() << "two ids for <bos> were accepted";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'<bos>' has id 2, but 8200"));
  }
}

TEST(TokenizerJson, AcceptsSettingsThatChangeNothing) {
  const std::function<void(json&)> changes[] = {
      [](json& f) { f["pre_tokenizer"] = nullptr; },
      [](json& f) { f["model"]["dropout"] = 0.0; },
      [](json& f) { f["model"]["continuing_subword_prefix"] = ""; },
      [](json& f) {
        f["normalizer"] = {{"type", "Sequence"}, {"normalizers", json::array({f["normalizer"]})}};
      },
      [](json& f) { f["model"]["vocab"][std::string(1024, 'q')] = 660; },  // the ids before it have no piece
      [](json& f) {
        f["model"]["vocab"]["<0xG1>"] = 650;
        f["model"]["vocab"]["<0x1G>"] = 651;
        f["model"]["vocab"]["<0x0a>"] = 652;
      },
      [](json& f) {
        f["added_tokens"].push_back({{"id", 690}, {"content", ""}});
      },
      [](json& f) {
        f["added_tokens"].push_back({{"id", 2147483647}, {"content", "far"}});
      },
      [](json& f) {
        f["added_tokens_decoder"]["690"] = {{"content", ""}};
      }};
  for (const auto& change : changes) EXPECT_EQ(ErrorOf(change), "accepted");
}

TEST(TokenizerJson, NamesTheValueThatIsWrong) {
  const std::pair<std::function<void(json&)>, const char*> cases[] = {
      {[](json& f) { f["model"]["vocab"]["the"] = uint64_t{1} << 63; }, "piece 'the' has id -1, but"},
      {[](json& f) { f["model"]["vocab"]["the"] = true; },
       "a BPE vocabulary has; expected pieces with their ids"},
      {[](json& f) { f["model"]["vocab"]["the"] = 1.5; }, "'model.vocab' is not a list"},
      {[](json& f) { f["model"]["vocab"]["the"] = json::array(); }, "'model.vocab' is not a list"},
      {[](json& f) { f["model"]["vocab"] = json::object(); }, "'model.vocab' is empty or lacks ids"},
      {[](json& f) { f["model"]["vocab"][std::string(1025, 'q')] = 640; },
       "piece 640 has 1025 bytes; expected at most 1024"},
      {[](json& f) {
         f["model"]["merges"][0] = {"a", "b", "c"};
       },
       "a BPE vocabulary has; expected pairs of pieces"},
      {[](json& f) { f["model"]["merges"][0] = json::array({"a"}); }, "'model.merges' is not a list"},
      {[](json& f) {
         f["model"]["merges"][0] = json::array({json::array({"a"}), "b"});
       },
       "'model.merges' is not a list"},
      {[](json& f) {
         f["model"]["merges"][0] = {{"a", 1}};
       },
       "'model.merges' is not a list"},
      {[](json& f) { f["model"]["merges"][0] = "ab"; }, "merge 'ab' is not two pieces with one space"},
      {[](json& f) {
         f["model"]["merges"][1] = {"t", "no such piece"};
       },
       "merge 1 needs 'no such piece'"},
      {[](json& f) { f["model"]["unk_token"] = "zzzz"; }, "'model.unk_token' is \"zzzz\""},
      {[](json& f) {
         f["model"]["merges"].push_back({"q", "q"});
       },
       "needs 'qq', which is no piece"},
      {[](json& f) {
         f["model"]["vocab"]["<0x4"] = 640;
         f["model"]["vocab"]["1>"] = 641;
         f["model"]["merges"].push_back({"<0x4", "1>"});
         f["added_tokens"].clear();
       },
       "a merge makes the byte piece '<0x41>'"},
      {[](json& f) {
         f["pre_tokenizer"]["pattern"] = {{"String", "a"}};
       },
       "the pre-tokenizer is \"Split\""},
      {[](json& f) { f["normalizer"]["content"] = "_"; }, "the normalizer is \"Replace\""},
      {[](json& f) {
         f["normalizer"]["pattern"] = {{"Regex", " "}};
       },
       "the normalizer is \"Replace\""},
      {[](json& f) { f["added_tokens"][0]["id"] = -1; }, "an added token's 'id' is -1; expected an integer"},
      {[](json& f) { f["added_tokens"][0]["id"] = 2147483648; }, "an added token's 'id' is 2147483648"},
      {[](json& f) { f["added_tokens"][0]["content"] = 5; },
       "added token 0: 'content' is 5; expected its spelling"},
      {[](json& f) {
         f["added_tokens_decoder"]["8x"] = {{"content", "q"}};
       },
       "an added token's 'id' is \"8x\""}};
  for (const auto& [change, expected] : cases) EXPECT_THAT(ErrorOf(change), HasSubstr(expected));
}

TEST(TokenizerJson, ShowsAsMuchOfASettingAsAnErrorHasRoomFor) {
  const auto error = [](size_t letters) {
    return ErrorOf([=](json& file) { file["model"]["type"] = std::string(letters, 'x'); });
  };
  EXPECT_THAT(error(58), HasSubstr("the model is \"" + std::string(58, 'x') + "\", which"));
  EXPECT_THAT(error(59), HasSubstr("the model is \"" + std::string(56, 'x') + "..., which"));
  EXPECT_THAT(ErrorOfText("{\"x\":" + std::string(63, '[') + std::string(63, ']') + "}"),
              HasSubstr("no 'model'"));
  EXPECT_THAT(ErrorOfText("{\"x\":" + std::string(64, '[') + std::string(64, ']') + "}"),
              HasSubstr("nests deeper than 64 levels"));
}

TEST(TokenizerJson, ConfigsIdsDecideWhatIsSilentAndWhereMediaGo) {
  Gemma3nConfig config = Config(640);
  config.special.boi = 0;
  config.special.image = 601;
  config.eos_token_ids = {};
  config.pad_token_id = -1;
  const Tokenizer tokenizer(kFolder + "tokenizer.json", config);
  EXPECT_EQ(tokenizer.Encode("<start_of_image><image_soft_token>"), (std::vector<int64_t>{0, 601}));
  EXPECT_EQ(tokenizer.Decode(std::vector<int64_t>{0, 601, 1}), "<start_of_image><image_soft_token><eos>");
  EXPECT_EQ(Golden().Decode(std::vector<int64_t>{9}), "<end_of_turn>") << "not the first of eos_token_id";
  EXPECT_EQ(Golden().Decode(std::vector<int64_t>{15, 19}), "  <table>");
  EXPECT_EQ(Golden().PieceId("<start_of_image>"), -1);
}

TEST(TokenizerJson, AddedTokensAreReadWithoutTheRest) {
  const TemporaryFolder folder;
  EXPECT_TRUE(ReadAddedTokens(folder / "").empty());
  WriteText(folder / "tokenizer.json", R"({"added_tokens": [{"id": 7, "content": "x", "lstrip": true}],
                                           "model": {"vocab": {"a": "many"}}})");
  WriteText(folder / "tokenizer_config.json",
            R"({"added_tokens_decoder": {"8": {"content": "y", "rstrip": true, "special": true}}})");
  const std::vector<AddedToken> read = ReadAddedTokens(folder / "");
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].content, "y");
  EXPECT_EQ(read[0].id, 8);
  EXPECT_TRUE(read[0].special && read[0].rstrip && !read[0].lstrip && !read[0].normalized);
  EXPECT_TRUE(read[1].id == 7 && read[1].lstrip && !read[1].rstrip && !read[1].special);
}

}  // namespace tokenizer_json_test
}  // namespace plelab
