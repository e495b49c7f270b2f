// Whatever is encrypted, in whatever pieces, is decrypted to the same bytes. The first byte chooses
// armor, each following two the length of a piece, until one of length 0; the rest is the
// plaintext, repeated until it covers the pieces.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "crypto/age.h"
#include "crypto/encryption.h"
#include "crypto/x25519.h"

namespace {

using namespace secretfs;

age::IdentityPtr TheIdentity() {
  static const age::IdentityPtr identity =
      age::MakeX25519Identity(SecretBytes::CopyOf(Bytes(32, std::byte{7})).value()).value();
  return identity;
}

std::vector<size_t> TakePieces(ByteView& input) {
  constexpr size_t kMostPieces = 8;
  std::vector<size_t> pieces;
  while (input.size() >= 2 && pieces.size() < kMostPieces) {
    const size_t size = std::to_integer<size_t>(input[0]) << 8U | std::to_integer<size_t>(input[1]);
    input = input.subspan(2);
    if (size == 0) break;
    pieces.push_back(4 * size);  // several chunks are within reach
  }
  return pieces;
}

Bytes Repeat(ByteView seed, size_t size) {
  Bytes bytes(size);
  for (size_t i = 0; i < size && !seed.empty(); ++i) bytes[i] = seed[i % seed.size()];
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ByteView input(reinterpret_cast<const std::byte*>(data), size);
  if (input.empty()) return 0;
  const bool armored = (input[0] & std::byte{1}) != std::byte{0};
  input = input.subspan(1);
  const std::vector<size_t> pieces = TakePieces(input);
  size_t total = 0;
  for (const size_t piece : pieces) total += piece;
  const Bytes plaintext = Repeat(input, total);

  age::MemorySink sink;
  const std::vector recipients{TheIdentity()->ToRecipient().value()};
  auto encryption = age::Encryption::Begin(sink, recipients, {.armored = armored}).value();
  size_t at = 0;
  for (const size_t piece : pieces) {
    if (!encryption.Write(ByteView(plaintext).subspan(at, piece))) std::abort();
    at += piece;
  }
  if (!encryption.Finish()) std::abort();
  age::MemorySource source(sink.bytes());
  const auto decrypted = age::DecryptAll(source, std::vector{TheIdentity()}, total);
  if (!decrypted || !ConstantTimeEqual(decrypted->Expose(), plaintext)) std::abort();
  return 0;
}
