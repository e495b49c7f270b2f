// Writes age files for the tests, well formed or broken on purpose, with libsodium alone, so that
// what reads them is not checked against itself.
#pragma once

#include <sodium.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/age_header.h"
#include "crypto/age_stream.h"

namespace secretfs::age {

inline constexpr std::string_view kTestFileKey = "YELLOW SUBMARINE";
inline constexpr std::string_view kTestNonce = "0123456789abcdef";

inline Bytes Hmac(ByteView key, std::string_view message) {
  Bytes mac(crypto_auth_hmacsha256_BYTES);
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, AsUnsigned(key), key.size());
  crypto_auth_hmacsha256_update(&state, AsUnsigned(AsBytes(message)), message.size());
  crypto_auth_hmacsha256_final(&state, AsUnsigned(ByteSpan(mac)));
  return mac;
}

/// HKDF-SHA-256 of 32 bytes.
inline Bytes Derive(std::string_view key_material, std::string_view salt, std::string_view info) {
  return Hmac(Hmac(AsBytes(salt), key_material), std::string(info) + '\1');
}

inline std::string Seal(ByteView key, std::string_view plaintext,
                        std::array<unsigned char, 12> nonce) {
  std::string sealed(plaintext.size() + crypto_aead_chacha20poly1305_ietf_ABYTES, '\0');
  crypto_aead_chacha20poly1305_ietf_encrypt(
      reinterpret_cast<unsigned char*>(sealed.data()), nullptr, AsUnsigned(AsBytes(plaintext)),
      plaintext.size(), nullptr, 0, nullptr, nonce.data(), AsUnsigned(key));
  return sealed;
}

inline std::string SealChunk(std::string_view plaintext, uint32_t counter, bool final) {
  const auto byte = [](uint32_t value) { return static_cast<unsigned char>(value); };
  return Seal(Derive(kTestFileKey, kTestNonce, "payload"), plaintext,
              {0, 0, 0, 0, 0, 0, 0, byte(counter >> 24U), byte(counter >> 16U), byte(counter >> 8U),
               byte(counter), byte(final ? 1 : 0)});
}

/// The payload without its nonce.
inline std::string SealPayload(std::string_view plaintext) {
  std::string payload;
  for (uint32_t counter = 0;; ++counter) {
    const bool final = plaintext.size() <= kChunkBytes;
    payload += SealChunk(plaintext.substr(0, kChunkBytes), counter, final);
    if (final) return payload;
    plaintext.remove_prefix(kChunkBytes);
  }
}

inline Stanza GreaseStanza() { return {"test-grease", {"argument"}, {}}; }

inline std::string WriteHeader(std::vector<Stanza> stanzas) {
  Header header;
  header.stanzas = std::move(stanzas);
  header.mac.resize(32);
  std::string text = PrintHeader(header);
  const std::string covered = text.substr(0, text.rfind("---") + 3);
  header.mac = Hmac(Derive(kTestFileKey, "", "header"), covered);
  return PrintHeader(header);
}

inline std::string WriteFile(std::vector<Stanza> stanzas, std::string_view plaintext) {
  return WriteHeader(std::move(stanzas)) + std::string(kTestNonce) + SealPayload(plaintext);
}

/// `size` bytes that differ from chunk to chunk.
inline std::string TestPlaintext(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i ^ i >> 8U ^ i >> 16U);
  return text;
}

}  // namespace secretfs::age
