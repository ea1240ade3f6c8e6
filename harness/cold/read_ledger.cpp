#include "harness/cold/read_ledger.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "harness/support/system_files.h"
#include "model/base/error.h"

namespace plelab {
namespace {

constexpr std::string_view kTitle = "plelab unread 1";
constexpr int64_t kMostBytes = int64_t{1} << 50;

std::optional<int64_t> WholeNumberOf(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

// The lines of a ledger, one after the other.
class LedgerLines {
 public:
  LedgerLines(const std::string& text, const std::string& path) : lines_(Lines(text)), path_(path) {
    // A text without its last line break was cut off.
    if (text.empty() || text.back() != '\n') Refuse("a line break at its end", "none");
  }

  bool done() const { return next_ == lines_.size(); }
  // The next line's text behind "KEY ".
  std::string Value(std::string_view key) {
    if (done()) Refuse(Format("'{} …'", key), "nothing");
    const std::string& line = lines_[next_++];
    if (!line.starts_with(Format("{} ", key))) Refuse(Format("'{} …'", key), line);
    return line.substr(key.size() + 1);
  }
  void Title() {
    if (done() || lines_[next_++] != kTitle) Refuse(Format("'{}'", kTitle), lines_.empty() ? "" : lines_[0]);
  }
  int64_t Number(std::string_view key) {
    const std::string text = Value(key);
    const auto value = WholeNumberOf(text);
    if (!value) Refuse("a whole number", text);
    return *value;
  }
  [[noreturn]] void Refuse(const std::string& expected, const std::string& found) const {
    throw UserError(
        "{}:{}: expected {}, found '{}'; without it nobody knows what was read: remove it and its file, and "
        "write another with scripts/cold_reference.sh",
        path_, next_, expected, found);
  }

 private:
  std::vector<std::string> lines_;
  std::string path_;
  size_t next_ = 0;
};

void ReadUsed(LedgerLines& lines, ReadLedger& ledger) {
  const std::string text = lines.Value("used");
  const size_t dash = text.find('-');
  const auto first = WholeNumberOf(std::string_view(text).substr(0, dash));
  const auto last =
      dash == std::string::npos ? first : WholeNumberOf(std::string_view(text).substr(dash + 1));
  if (!first || !last || *first > *last || *last >= std::ssize(ledger.used)) {
    lines.Refuse(Format("a place or places FIRST-LAST below {}", ledger.used.size()), text);
  }
  for (int64_t place = *first; place <= *last; ++place) ledger.used[place] = true;
}

}  // namespace

ReadLedger ParseReadLedger(const std::string& text, const std::string& path) {
  LedgerLines lines(text, path);
  ReadLedger ledger;
  lines.Title();
  ledger.file_bytes = lines.Number("bytes");
  if (ledger.file_bytes > kMostBytes) lines.Refuse("bytes of a file", std::to_string(ledger.file_bytes));
  ledger.changed = lines.Value("changed");
  ledger.boot = lines.Value("boot");
  const int64_t place_bytes = lines.Number("place");
  if (place_bytes != kPlaceBytes) lines.Refuse(Format("{}", kPlaceBytes), std::to_string(place_bytes));
  ledger.used.resize(static_cast<size_t>(ledger.file_bytes / kPlaceBytes));
  while (!lines.done()) ReadUsed(lines, ledger);
  return ledger;
}

std::string PrintReadLedger(const ReadLedger& ledger) {
  std::string text = Format("{}\nbytes {}\nchanged {}\nboot {}\nplace {}\n", kTitle, ledger.file_bytes,
                            ledger.changed, ledger.boot, kPlaceBytes);
  for (size_t first = 0; first < ledger.used.size(); ++first) {
    if (!ledger.used[first]) continue;
    size_t last = first;
    while (last + 1 < ledger.used.size() && ledger.used[last + 1]) ++last;
    text += first == last ? Format("used {}\n", first) : Format("used {}-{}\n", first, last);
    first = last;
  }
  return text;
}

}  // namespace plelab
