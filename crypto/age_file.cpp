#include "crypto/age_file.h"

namespace secretfs::age {
namespace {

constexpr size_t kFirstRead = 4096;  // holds most headers, and the white space before an armor

}  // namespace

Result<std::unique_ptr<AgeFile>> AgeFile::Open(ByteSource& in) {
  std::unique_ptr<AgeFile> file(new AgeFile);
  TRY(file->FindArmor(in));
  TRY(file->ReadHeader());
  return file;
}

Status AgeFile::FindArmor(ByteSource& in) {
  Bytes beginning(kFirstRead);
  beginning.resize(TRY(ReadFull(in, beginning)));
  const bool armored = LooksArmored(AsText(beginning));
  file_.emplace(std::move(beginning), in);
  if (armored) armor_.emplace(*file_);
  return Ok{};
}

/// Reads until the header's end shows up; what was read beyond it belongs to the payload.
Status AgeFile::ReadHeader() {
  ByteSource& source = armor_ ? static_cast<ByteSource&>(*armor_) : *file_;
  Bytes text;
  size_t filled = 0;
  while (!FindHeaderEnd(AsText(ByteView(text).first(filled)))) {
    if (filled < text.size() || filled >= kMaxHeaderBytes) break;  // ParseHeader says what is wrong
    text.resize(text.empty() ? kFirstRead : 2 * text.size());
    filled += TRY(ReadFull(source, ByteSpan(text).subspan(filled)));
  }
  text.resize(filled);
  header_ = TRY(ParseHeader(ByteView(text)));
  header_text_ = AsText(ByteView(text).first(header_.size));
  text.erase(text.begin(), text.begin() + static_cast<ptrdiff_t>(header_.size));
  payload_.emplace(std::move(text), source);
  return Ok{};
}

}  // namespace secretfs::age
