#include "crypto/armor_writer.h"

#include <algorithm>
#include <string>

#include "crypto/armor.h"
#include "crypto/base64.h"

namespace secretfs::age {
namespace {

void AppendLine(ByteView bytes, std::string& text) {
  text.append(crypto::EncodeBase64(bytes, crypto::Padding::kRequired)).append(1, '\n');
}

}  // namespace

Status ArmorWriter::Write(ByteView bytes) {
  std::string text;
  if (!begun_) text.append(kArmorBegin).append(1, '\n');
  begun_ = true;
  while (!bytes.empty()) {
    if (pending_size_ == 0 && bytes.size() >= kBytesPerLine) {
      AppendLine(bytes.first(kBytesPerLine), text);
      bytes = bytes.subspan(kBytesPerLine);
      continue;
    }
    const size_t count = std::min(kBytesPerLine - pending_size_, bytes.size());
    std::copy_n(bytes.begin(), count, pending_.begin() + static_cast<ptrdiff_t>(pending_size_));
    bytes = bytes.subspan(count);
    pending_size_ += count;
    if (pending_size_ < kBytesPerLine) break;
    AppendLine(pending_, text);
    pending_size_ = 0;
  }
  return out_.Write(AsBytes(text));
}

Status ArmorWriter::Finish() {
  TRY(Write({}));  // the BEGIN line, if nothing was written
  std::string text;
  if (pending_size_ > 0) AppendLine(ByteView(pending_).first(pending_size_), text);
  text.append(kArmorEnd).append(1, '\n');
  return out_.Write(AsBytes(text));
}

}  // namespace secretfs::age
