#include "daemon/copies_record.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>

#include "base/file.h"

namespace secretfs {
namespace {

constexpr size_t kMostRecord = size_t{64} << 20U;

/// What is before `end`, which is taken away with it.
std::string_view Take(std::string_view& rest, char end) {
  const std::string_view part = rest.substr(0, rest.find(end));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

template <typename Number>
bool ReadNumber(std::string_view text, Number& number) {
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, number);
  return failed == std::errc() && stop == end;
}

}  // namespace

/// Path, NUL, name, NUL, DEVICE:INODE with a space after each, NUL, and so on.
Result<OwnCopies> ReadCopiesRecord(const std::string& file) {
  const auto bytes = ReadFile(file, kMostRecord);
  if (!bytes && bytes.error().code == Code::kNotFound) return OwnCopies{};
  if (!bytes) return bytes.error();
  OwnCopies copies;
  std::string_view rest = AsText(*bytes);
  while (!rest.empty()) {
    const std::string path(Take(rest, '\0'));
    OwnCopy copy{std::string(Take(rest, '\0')), {}};
    std::string_view marks = Take(rest, '\0');
    while (!marks.empty()) {
      FileMark mark;
      const std::string_view device = Take(marks, ':');
      const std::string_view inode = Take(marks, ' ');
      if (ReadNumber(device, mark.device) && ReadNumber(inode, mark.inode)) {
        copy.files.push_back(mark);
      }
    }
    if (path.starts_with('/')) copies[path] = std::move(copy);
  }
  return copies;
}

Status WriteCopiesRecord(const std::string& file, const OwnCopies& copies) {
  std::string text;
  for (const auto& [path, copy] : copies) {
    text += path + '\0' + copy.name + '\0';
    for (const FileMark& mark : copy.files) {
      text += std::to_string(mark.device) + ":" + std::to_string(mark.inode) + " ";
    }
    text += '\0';
  }
  return ReplaceFile(file, AsBytes(text), 0600);
}

}  // namespace secretfs
