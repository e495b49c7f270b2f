#include "crypto/ssh_wire.h"

#include "crypto/base64.h"
#include "crypto/hkdf.h"

namespace secretfs::age {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kTagBytes = 4;
constexpr std::byte kSignBit{0x80};

Error DoesNotFit() { return {Code::kInvalid, "the key is truncated or damaged", "", ""}; }

ByteView WithoutLeadingZeros(ByteView bytes) {
  while (!bytes.empty() && bytes.front() == std::byte{0}) bytes = bytes.subspan(1);
  return bytes;
}

}  // namespace

Result<uint32_t> WireReader::Uint32() {
  if (rest_.size() < kLengthBytes) return DoesNotFit();
  uint32_t value = 0;
  for (const std::byte byte : rest_.first(kLengthBytes)) {
    value = value << 8U | std::to_integer<uint32_t>(byte);
  }
  rest_ = rest_.subspan(kLengthBytes);
  return value;
}

Result<ByteView> WireReader::String() {
  const uint32_t size = TRY(Uint32());
  if (size > rest_.size()) return DoesNotFit();
  const ByteView bytes = rest_.first(size);
  rest_ = rest_.subspan(size);
  return bytes;
}

Result<ByteView> WireReader::Natural() {
  const ByteView bytes = TRY(String());
  if (!bytes.empty() && (bytes.front() & kSignBit) != std::byte{0}) return DoesNotFit();
  const ByteView magnitude = WithoutLeadingZeros(bytes);
  if (magnitude.empty()) return DoesNotFit();
  return magnitude;
}

WireWriter& WireWriter::String(ByteView bytes) {
  for (size_t i = kLengthBytes; i > 0; --i) {
    bytes_.push_back(static_cast<std::byte>(bytes.size() >> 8 * (i - 1)));
  }
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

WireWriter& WireWriter::Natural(ByteView magnitude) {
  magnitude = WithoutLeadingZeros(magnitude);
  Bytes positive;
  if (!magnitude.empty() && (magnitude.front() & kSignBit) != std::byte{0}) {
    positive.push_back(std::byte{0});
  }
  positive.insert(positive.end(), magnitude.begin(), magnitude.end());
  return String(positive);
}

SshPublicKey::SshPublicKey(Bytes wire) : wire_(std::move(wire)) {
  const auto digest = crypto::Sha256(wire_);
  fingerprint_ = "SHA256:" + crypto::EncodeBase64(digest, crypto::Padding::kNone);
  tag_ = crypto::EncodeBase64(ByteView(digest).first(kTagBytes), crypto::Padding::kNone);
}

std::string SshPublicKey::text() const {
  WireReader fields(wire_);
  const auto type = fields.String();
  return std::string(type ? AsText(*type) : "") + " " +
         crypto::EncodeBase64(wire_, crypto::Padding::kRequired);
}

}  // namespace secretfs::age
