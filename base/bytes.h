// Views and owners of bytes that are not secret, and the conversions between text and bytes.
// Secret bytes live in SecretBytes (base/secret_bytes.h); a ByteView of one comes only from its
// Expose().
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace secretfs {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;
using ByteSpan = std::span<std::byte>;

inline ByteView AsBytes(std::string_view text) noexcept {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view AsText(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
/// For C libraries that take unsigned char.
inline const unsigned char* AsUnsigned(ByteView bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* AsUnsigned(ByteSpan bytes) noexcept {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace secretfs
