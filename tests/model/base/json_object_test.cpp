#include "model/base/json_object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "model/base/error.h"

namespace plelab {
namespace json_object_test {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Nested(const std::string& open, const std::string& middle, const std::string& close,
                   int64_t levels) {
  std::string text;
  for (int64_t i = 0; i < levels; ++i) text += open;
  text += middle;
  for (int64_t i = 0; i < levels; ++i) text += close;
  return text;
}

std::string ErrorOf(const std::string& text) {
  try {
    ParseJson(text, "x.json");
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

// The library's own parser is the second path.
TEST(ParseJson, ReadsWhatTheLibraryReads) {
  for (const char* text :
       {"null", "true", "-7", "18446744073709551615", "0.1", "-1e-300", R"("ä\u0041\n")", "[]", "{}",
        "[[],{}]", R"({"a":[1,{"b":null,"c":[2.5,"x"]}],"d":{"e":{}},"f":""})", " [1 , 2]\n"}) {
    EXPECT_EQ(ParseJson(text, "x"), nlohmann::json::parse(text)) << text;
    EXPECT_EQ(ParseOrderedJson(text, "x"), nlohmann::ordered_json::parse(text)) << text;
  }
  EXPECT_EQ(ParseOrderedJson(R"({"b":1,"a":2})", "x").dump(), R"({"b":1,"a":2})");
}

TEST(ParseJson, RefusesWhatTheLibraryRefuses) {
  for (const char* text : {"", "[1", "{\"a\"}", "[1]]", "nul", "1e999", "\"\xff\"", "[1,]", "{\"a\":1,}"}) {
    EXPECT_FALSE(nlohmann::json::accept(text)) << text;
    EXPECT_THAT(ErrorOf(text), StartsWith("x.json: expected JSON")) << text;
  }
  EXPECT_THAT(ErrorOf(R"({"a":{"b":1,"c":2,"b":3}})"), HasSubstr("key 'b' is given twice"));
}

TEST(ParseJson, LimitsDepthBeforeTheStackIsUsedUp) {
  EXPECT_EQ(ErrorOf(Nested("[", "1", "]", kMaxJsonDepth)), "no error");
  EXPECT_EQ(ErrorOf(Nested("{\"a\":", "1", "}", kMaxJsonDepth)), "no error");
  for (const int64_t levels : {int64_t{kMaxJsonDepth} + 1, int64_t{80'000}, int64_t{2'000'000}}) {
    EXPECT_THAT(ErrorOf(Nested("[", "1", "]", levels)), HasSubstr("at most 64 levels")) << levels;
    EXPECT_THAT(ErrorOf(Nested("{\"a\":", "1", "}", levels)), HasSubstr("at most 64 levels")) << levels;
    EXPECT_THAT(ErrorOf(Nested("[", "", "", levels)), HasSubstr("at most 64 levels")) << levels;
    EXPECT_THROW(ParseOrderedJson(Nested("[{\"a\":", "1", "}]", levels), "x"), UserError) << levels;
    EXPECT_THROW(JsonObject::Parse("{\"a\":" + Nested("[", "1", "]", levels) + "}", "x"), UserError)
        << levels;
  }
}

}  // namespace json_object_test
}  // namespace plelab
