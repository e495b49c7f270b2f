// Strict standard base64 (RFC 4648, section 4): canonical, nothing skipped. In age headers without
// padding ("Conventions"), in armor with it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret_bytes.h"

namespace secretfs::crypto {

enum class Padding { kNone, kRequired };

std::string EncodeBase64(ByteView bytes, Padding padding);

/// Errors: kResource.
Result<SecretBytes> EncodeSecretBase64(ByteView bytes, Padding padding);

/// The bytes, or nothing when the text is not exactly what EncodeBase64 would give for them.
std::optional<Bytes> DecodeBase64(std::string_view text, Padding padding);

/// Decodes into the caller's memory and gives the length. `into` needs
/// DecodedCapacity(text.size()).
std::optional<size_t> DecodeBase64Into(ByteSpan into, std::string_view text, Padding padding);
constexpr size_t DecodedCapacity(size_t text_size) { return (text_size + 3) / 4 * 3; }

/// Base64 of a secret in a PEM file: padded, with line ends anywhere. Errors: kInvalid, kResource.
Result<SecretBytes> DecodeSecretBase64(ByteView text);

}  // namespace secretfs::crypto
