// Whatever is encrypted, in whatever pieces, is decrypted to the same bytes. The first byte chooses
// armor; of each following three, two are the length of a piece and one fills it.
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

std::vector<Bytes> ParsePieces(ByteView input) {
  constexpr size_t kMostPieces = 4;
  std::vector<Bytes> pieces;
  while (input.size() >= 3 && pieces.size() < kMostPieces) {
    const size_t size = std::to_integer<size_t>(input[0]) << 8U | std::to_integer<size_t>(input[1]);
    pieces.emplace_back(size + 1, input[2]);  // a whole chunk is within reach
    input = input.subspan(3);
  }
  return pieces;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView input(reinterpret_cast<const std::byte*>(data), size);
  if (input.empty()) return 0;
  const bool armored = (input[0] & std::byte{1}) != std::byte{0};
  const std::vector<Bytes> pieces = ParsePieces(input.subspan(1));

  age::MemorySink sink;
  const std::vector recipients{TheIdentity()->ToRecipient().value()};
  auto encryption = age::Encryption::Begin(sink, recipients, {.armored = armored}).value();
  Bytes plaintext;
  for (const Bytes& piece : pieces) {
    if (!encryption.Write(piece)) std::abort();
    plaintext.insert(plaintext.end(), piece.begin(), piece.end());
  }
  if (!encryption.Finish()) std::abort();
  age::MemorySource source(sink.bytes());
  const auto decrypted = age::DecryptAll(source, std::vector{TheIdentity()}, plaintext.size());
  if (!decrypted || !ConstantTimeEqual(decrypted->Expose(), plaintext)) std::abort();
  return 0;
}
