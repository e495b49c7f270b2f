#include "crypto/unwrap.h"

#include <sodium.h>

#include <array>

#include "crypto/base64.h"

namespace secretfs::age {
namespace {

constexpr size_t kTagBytes = crypto_aead_chacha20poly1305_ietf_ABYTES;

}  // namespace

Error StanzaError(const Stanza& stanza, std::string_view what) {
  return {Code::kHeader, "the " + stanza.type + " stanza: " + std::string(what), "", ""};
}

Error OtherKey(const Stanza& stanza) {
  return {Code::kNoMatch, "its " + stanza.type + " stanza is for another key", "", ""};
}

Status RequireArguments(const Stanza& stanza, size_t count) {
  if (stanza.args.size() == count) return Ok{};
  return StanzaError(stanza, "expected " + std::to_string(count) +
                                 " arguments after the type, not " +
                                 std::to_string(stanza.args.size()));
}

Result<Bytes> DecodeArgument(const Stanza& stanza, size_t index, size_t size) {
  auto bytes = crypto::DecodeBase64(stanza.args.at(index), crypto::Padding::kNone);
  if (bytes && bytes->size() == size) return *std::move(bytes);
  return StanzaError(stanza, "argument " + std::to_string(index + 1) + " is not " +
                                 std::to_string(size) + " bytes in canonical base64");
}

Result<SecretBytes> SharedSecret(const Stanza& stanza, ByteView scalar, ByteView point) {
  return SecretBytes::Make(kX25519Bytes, [&](ByteSpan out) -> Result<size_t> {
    if (crypto_scalarmult(AsUnsigned(out), AsUnsigned(scalar), AsUnsigned(point)) != 0) {
      return StanzaError(stanza, "the share is a point of low order");
    }
    return kX25519Bytes;
  });
}

Status RequireFileKeyBody(const Stanza& stanza) {
  if (stanza.body.size() == kFileKeyBytes + kTagBytes) return Ok{};
  return StanzaError(stanza, "the body is not 32 bytes");
}

Result<SecretBytes> OpenFileKey(const Stanza& stanza, const SecretBytes& wrap_key) {
  TRY(RequireFileKeyBody(stanza));
  return SecretBytes::Make(kFileKeyBytes, [&](ByteSpan out) -> Result<size_t> {
    constexpr std::array<unsigned char, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> kNonce{};
    if (crypto_aead_chacha20poly1305_ietf_decrypt(
            AsUnsigned(out), nullptr, nullptr, AsUnsigned(stanza.body), stanza.body.size(), nullptr,
            0, kNonce.data(), AsUnsigned(wrap_key.Expose())) != 0) {
      return OtherKey(stanza);
    }
    return kFileKeyBytes;
  });
}

}  // namespace secretfs::age
