// One option of a strategy or a transform: how the field of its struct is set from text and written as text.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/ple/strategies/ple_options.h"

namespace plelab {

struct PleOption {
  std::string_view key;
  std::string_view help;                // one line: the meaning and the default
  std::vector<std::string_view> words;  // the values it accepts; empty when they are not a list of words
  // Throws UserError naming `full_key` (what the user wrote) and the known values.
  std::function<void(PleOptions&, std::string_view full_key, std::string_view text)> set;
  std::function<std::string(const PleOptions&)> get;
  bool required = false;  // then the field's default means that the user gave no value
  // Whether the option has a meaning beside the others that were given; empty: always.  `goes_with` names
  // what it needs, for the error.
  std::function<bool(const PleOptions&)> fits = nullptr;
  std::string_view goes_with = {};

  // For a field of a strategy's or transform's struct: PleOption("rank", &LowRankOptions::rank,
  // WholeNumber{…}, "…").  `form`, one of the types in option_forms.h, defines how its values are written.
  template <class Struct, class T, class Form>
  PleOption(std::string_view key, T Struct::*field, const Form& form, std::string_view help)
      : key(key),
        help(help),
        words(form.Words()),
        set([=](PleOptions& options, std::string_view full_key, std::string_view text) {
          options.own.Edit<Struct>().*field = form.Parse(full_key, text);
        }),
        get([=](const PleOptions& options) { return form.Write(options.Get<Struct>().*field); }) {}
  // For a field of PleOptions itself.
  template <class T, class Form>
  PleOption(std::string_view key, T PleOptions::*field, const Form& form, std::string_view help)
      : key(key),
        help(help),
        words(form.Words()),
        set([=](PleOptions& options, std::string_view full_key, std::string_view text) {
          options.*field = form.Parse(full_key, text);
        }),
        get([=](const PleOptions& options) { return form.Write(options.*field); }) {}

  PleOption Required() && {
    required = true;
    return std::move(*this);
  }
  PleOption GoesWith(std::function<bool(const PleOptions&)> when, std::string_view what) && {
    fits = std::move(when);
    goes_with = what;
    return std::move(*this);
  }
};

}  // namespace plelab
