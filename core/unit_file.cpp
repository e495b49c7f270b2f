#include "core/unit_file.h"

namespace secretfs {
namespace {

constexpr std::string_view kBlanks = " \t\r";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view Strip(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool IsComment(std::string_view line) {
  return !line.empty() && (line.front() == '#' || line.front() == ';');
}

/// Whether the last character is a backslash that no other one takes the meaning from.
bool GoesOn(std::string_view line) {
  const size_t other = line.find_last_not_of('\\');
  const size_t backslashes =
      other == std::string_view::npos ? line.size() : line.size() - other - 1;
  return backslashes % 2 == 1;
}

class Reader {
 public:
  void Line(std::string_view raw, size_t number) {
    const size_t begin = raw.find_first_not_of(kBlanks);
    const std::string_view line = begin == std::string_view::npos ? "" : raw.substr(begin);
    if (IsComment(line)) return;  // also between lines that go on
    if (!open_) begun_ = number;
    joined_.append(line);
    open_ = GoesOn(joined_);
    if (open_) {
      joined_.back() = ' ';
    } else {
      Finish();
    }
  }
  std::vector<UnitAssignment> Take() {
    if (open_) Finish();
    return std::move(all_);
  }

 private:
  void Finish() {
    const std::string whole = std::move(joined_);
    joined_.clear();
    const std::string_view line = Strip(whole);
    if (line.starts_with('[')) {
      section_ = line.ends_with(']') ? line.substr(1, line.size() - 2) : "";
      return;
    }
    const size_t equals = line.find('=');
    if (section_.empty() || equals == std::string_view::npos) return;
    const std::string_view key = Strip(line.substr(0, equals));
    if (key.empty()) return;
    all_.push_back(
        {section_, std::string(key), std::string(Strip(line.substr(equals + 1))), begun_});
  }

  std::vector<UnitAssignment> all_;
  std::string section_;
  std::string joined_;
  size_t begun_ = 0;
  bool open_ = false;  // the line goes on
};

}  // namespace

std::vector<UnitAssignment> ParseUnitFile(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Reader reader;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    reader.Line(text.substr(0, end), number);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return reader.Take();
}

}  // namespace secretfs
