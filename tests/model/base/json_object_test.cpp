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

class Getters : public ::testing::Test {
 protected:
  // What get(object) throws.
  template <class Get>
  std::string Refusal(const Get& get) const {
    try {
      get(object_);
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  }

  const JsonObject object_ = JsonObject::Parse(
      R"({"i": 5, "neg": -3, "big": 18446744073709551615, "d": 2.5, "b": true, "s": "t", "n": null,
          "l": [1, 2], "ls": ["a"], "ld": [1, 2.5], "ll": [[1, 2], [2147483647]], "wide": [[2147483648]],
          "zero": [[0]], "o": {"k": 7}})",
      "x.json");
};

TEST_F(Getters, GiveWhatIsThere) {
  EXPECT_EQ(object_.Integer("i"), 5);
  EXPECT_EQ(object_.Integer("i", 5, 5), 5);
  EXPECT_EQ(object_.Integer("neg", -3, 9), -3);
  EXPECT_EQ(object_.Number("d"), 2.5);
  EXPECT_EQ(object_.Number("i"), 5);
  EXPECT_TRUE(object_.Boolean("b"));
  EXPECT_EQ(object_.String("s"), "t");
  EXPECT_EQ(object_.Object("o").Integer("k"), 7);
  EXPECT_EQ(object_.Integers("l"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(object_.Numbers("ld"), (std::vector<double>{1, 2.5}));
  EXPECT_EQ(object_.Strings("ls"), (std::vector<std::string>{"a"}));
  EXPECT_EQ(object_.IntegerRows("ll"), (std::vector<std::vector<int64_t>>{{1, 2}, {2147483647}}));
  EXPECT_TRUE(object_.Has("n") && object_.IsNull("n") && object_.IsArray("l"));
  EXPECT_FALSE(object_.Has("zz") || object_.IsNull("zz") || object_.IsArray("zz"));
  EXPECT_FALSE(object_.IsNull("i") || object_.IsArray("i"));
  EXPECT_EQ(object_.Object("o").Keys(), (std::vector<std::string>{"k"}));
}

TEST_F(Getters, SayWhatTheyExpectedAndFound) {
  const auto integer = [&](const char* key, int64_t low, int64_t high) {
    return Refusal([=](const JsonObject& o) { o.Integer(key, low, high); });
  };
  EXPECT_EQ(integer("i", 6, 9), "x.json: key 'i': expected an integer from 6 to 9, found 5");
  EXPECT_EQ(integer("i", 1, 4), "x.json: key 'i': expected an integer from 1 to 4, found 5");
  EXPECT_THAT(integer("big", 1, 4), HasSubstr("found 18446744073709551615"));
  EXPECT_THAT(integer("d", 1, 4), HasSubstr("found 2.5"));
  EXPECT_EQ(integer("zz", 1, 4), "x.json: key 'zz' is missing; expected an integer from 1 to 4");
  using O = JsonObject;
  EXPECT_EQ(Refusal([](const O& o) { o.Number("s"); }), "x.json: key 's': expected a number, found \"t\"");
  EXPECT_EQ(Refusal([](const O& o) { o.Boolean("i"); }), "x.json: key 'i': expected true or false, found 5");
  EXPECT_EQ(Refusal([](const O& o) { o.String("i"); }), "x.json: key 'i': expected a string, found 5");
  EXPECT_EQ(Refusal([](const O& o) { o.Object("l"); }), "x.json: key 'l': expected an object, found [1,2]");
  EXPECT_THAT(Refusal([](const O& o) { o.Object("o").String("k"); }),
              StartsWith("x.json: key 'o.k': expected"));
  EXPECT_EQ(Refusal([](const O& o) { o.Integers("l", 2); }),
            "x.json: key 'l': expected a list of integers from 2 to 2147483647, found 1");
  EXPECT_THAT(Refusal([](const O& o) { o.Integers("i"); }), HasSubstr("found 5"));
  EXPECT_EQ(Refusal([](const O& o) { o.Numbers("ls"); }),
            "x.json: key 'ls': expected a list of numbers, found \"a\"");
  EXPECT_THAT(Refusal([](const O& o) { o.Numbers("i"); }), HasSubstr("expected a list of numbers, found 5"));
  EXPECT_EQ(Refusal([](const O& o) { o.Strings("l"); }),
            "x.json: key 'l': expected a list of strings, found 1");
  EXPECT_THAT(Refusal([](const O& o) { o.Strings("s"); }),
              HasSubstr("expected a list of strings, found \"t\""));
  EXPECT_EQ(Refusal([](const O& o) { o.IntegerRows("l"); }),
            "x.json: key 'l': expected a list of lists of integers from 1 to 2147483647, found 1");
  EXPECT_THAT(Refusal([](const O& o) { o.IntegerRows("i"); }), HasSubstr("found 5"));
  EXPECT_THAT(Refusal([](const O& o) { o.IntegerRows("zero"); }), HasSubstr("found 0"));
  EXPECT_THAT(Refusal([](const O& o) { o.IntegerRows("wide"); }), HasSubstr("found 2147483648"));
}

TEST(JsonObject, ShowsAsMuchOfAValueAsAnErrorHasRoomFor) {
  const auto error = [](size_t letters) -> std::string {
    const JsonObject object = JsonObject::Parse("{\"s\":\"" + std::string(letters, 'q') + "\"}", "x");
    try {
      object.Number("s");
    } catch (const UserError& caught) {
      return caught.what();
    }
    return "no error";
  };
  EXPECT_EQ(error(58), "x: key 's': expected a number, found \"" + std::string(58, 'q') + "\"");
  EXPECT_EQ(error(59), "x: key 's': expected a number, found \"" + std::string(56, 'q') + "...");
  EXPECT_THROW(JsonObject::Parse("[1]", "x"), UserError);
}

}  // namespace json_object_test
}  // namespace plelab
