#include "crypto/base64.h"

#include <sodium.h>

#include <algorithm>

namespace secretfs::crypto {
namespace {

int Variant(Padding padding) {
  return padding == Padding::kRequired ? sodium_base64_VARIANT_ORIGINAL
                                       : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
}

/// libsodium 1.0.18 takes every byte from 0x80 for a '/', and a NUL for one to ignore.
bool IsText(ByteView text) {
  return std::ranges::all_of(text,
                             [](std::byte b) { return b > std::byte{0} && b < std::byte{0x80}; });
}

/// libsodium refuses trailing bits that are not zero, a length of 1 mod 4, and (with no `end`
/// pointer) anything after the text.
std::optional<size_t> Decode(ByteSpan into, ByteView text, const char* ignore, Padding padding) {
  size_t size = 0;
  if (text.empty()) return size;  // libsodium takes no null pointer
  if (!IsText(text)) return std::nullopt;
  if (sodium_base642bin(AsUnsigned(into), into.size(), AsText(text).data(), text.size(), ignore,
                        &size, nullptr, Variant(padding)) != 0) {
    return std::nullopt;
  }
  return size;
}

}  // namespace

std::string EncodeBase64(ByteView bytes, Padding padding) {
  const int variant = Variant(padding);
  std::string text(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(text.data(), text.size(), AsUnsigned(bytes), bytes.size(), variant);
  text.pop_back();  // libsodium's terminating NUL
  return text;
}

Result<SecretBytes> EncodeSecretBase64(ByteView bytes, Padding padding) {
  const int variant = Variant(padding);
  const size_t size = sodium_base64_encoded_len(bytes.size(), variant);  // with a final NUL
  return SecretBytes::Make(size, [&](ByteSpan into) -> Result<size_t> {
    sodium_bin2base64(reinterpret_cast<char*>(into.data()), into.size(), AsUnsigned(bytes),
                      bytes.size(), variant);
    return size - 1;
  });
}

std::optional<size_t> DecodeBase64Into(ByteSpan into, std::string_view text, Padding padding) {
  return Decode(into, AsBytes(text), nullptr, padding);
}

std::optional<Bytes> DecodeBase64(std::string_view text, Padding padding) {
  Bytes bytes(DecodedCapacity(text.size()));
  const auto size = DecodeBase64Into(bytes, text, padding);
  if (!size) return std::nullopt;
  bytes.resize(*size);
  return bytes;
}

Result<SecretBytes> DecodeSecretBase64(ByteView text) {
  return SecretBytes::Make(DecodedCapacity(text.size()), [&](ByteSpan into) -> Result<size_t> {
    const auto size = Decode(into, text, "\r\n", Padding::kRequired);
    if (!size) return Error{Code::kInvalid, "the base64 text is damaged", "", ""};
    return *size;
  });
}

}  // namespace secretfs::crypto
