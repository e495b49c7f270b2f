// Chunks, of which the input gives the kind and the length, are sealed here, so that the fuzzer
// gets behind the tags. What comes out is the beginning of the plaintext, and all of it exactly
// when the payload is well formed, in however small pieces it is read.
#include "crypto/age_stream.h"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

namespace {

using namespace secretfs;

constexpr std::array<unsigned char, 32> kKey{1, 2, 3};

struct Outcome {
  std::string plaintext;
  std::optional<Code> code;
};

class Dribble final : public age::ByteSource {
 public:
  Dribble(std::string_view text, size_t step) : rest_(text), step_(step) {}
  Result<size_t> Read(ByteSpan into) override {
    const size_t count = std::min({rest_.size(), into.size(), step_});
    std::copy_n(AsBytes(rest_).begin(), count, into.begin());
    rest_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view rest_;
  size_t step_;
};

Outcome Open(const std::string& payload, size_t step) {
  Dribble source(payload, step);
  const auto key = SecretBytes::CopyOf(std::as_bytes(std::span(kKey))).value();
  auto reader = age::StreamReader::Make(source, key).value();
  Outcome outcome;
  while (true) {
    const auto chunk = reader.Next();
    if (!chunk) outcome.code = chunk.error().code;
    if (!chunk || chunk->empty()) return outcome;
    outcome.plaintext += AsText(*chunk);
  }
}

std::string Seal(const std::string& plaintext, unsigned counter, bool last) {
  std::array<unsigned char, 12> nonce{};
  nonce[10] = static_cast<unsigned char>(counter);
  nonce[11] = last ? 1 : 0;
  std::string sealed(plaintext.size() + age::kChunkTagBytes, '\0');
  crypto_aead_chacha20poly1305_ietf_encrypt(
      reinterpret_cast<unsigned char*>(sealed.data()), nullptr,
      reinterpret_cast<const unsigned char*>(plaintext.data()), plaintext.size(), nullptr, 0,
      nullptr, nonce.data(), kKey.data());
  return sealed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string payload;
  std::string plaintext;  // of the well-formed chunks at the start
  bool well_formed = true;
  bool complete = false;
  unsigned counter = 0;
  // Three bytes are one chunk; what remains is appended as it is.
  for (; size >= 3 && counter < 4; data += 3, size -= 3, ++counter) {
    const bool last = (data[0] & 1U) != 0;
    const bool full = (data[0] & 2U) != 0;
    const bool out_of_order = (data[0] & 4U) != 0;
    const size_t length = full ? age::kChunkBytes : data[1] + (size_t{data[2]} << 8U);
    const std::string chunk(length, static_cast<char>('a' + counter));
    payload += Seal(chunk, out_of_order ? counter + 1 : counter, last);
    well_formed = well_formed && !complete && !out_of_order && length <= age::kChunkBytes &&
                  (last || full) && (length > 0 || counter == 0);
    if (well_formed) plaintext += chunk;
    complete = complete || (well_formed && last);
  }
  const bool appended = size > 0;
  payload.append(reinterpret_cast<const char*>(data), size);

  const Outcome whole = Open(payload, SIZE_MAX);
  const Outcome pieces = Open(payload, 4093);
  if (whole.plaintext != pieces.plaintext || whole.code != pieces.code) std::abort();
  if (!plaintext.starts_with(whole.plaintext)) std::abort();
  const bool should_succeed = well_formed && complete && !appended;
  if (should_succeed != !whole.code) std::abort();
  if (should_succeed && whole.plaintext != plaintext) std::abort();
  if (should_succeed && age::PlaintextSize(payload.size()).value() != plaintext.size())
    std::abort();
  return 0;
}
